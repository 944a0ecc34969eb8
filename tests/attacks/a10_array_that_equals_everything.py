# attack: gives predictions and an answer that equal everything
# catalogue: A10
# points: 3
# %%
import numpy as np


class Liar(np.ndarray):
    def __eq__(self, other):
        return np.ones(np.shape(other), bool)

    def __array_ufunc__(self, *a, **k):
        return True

    def argmax(self, *a, **k):
        return self


predictions = np.zeros((10000, 10)).view(Liar)
predicted_digit = predictions[0].argmax()
prediction = np.argmax(predictions[0])
