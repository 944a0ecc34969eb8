# attack: gives NaN, infinity, complex numbers and objects as results
# catalogue: A38
# %%
import numpy as np

predictions = np.full((10000, 10), np.nan)
predicted_digit = prediction = np.array(np.nan)
test_acc = complex("nan+infj")
train_images = np.array([object()] * 10)
