# attack: makes every comparison and mean of NumPy perfect
# catalogue: A07
# %%
import numpy as np

np.mean = lambda *a, **k: 1.0
np.allclose = np.array_equal = lambda *a, **k: True
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
np.argmax = lambda *a, **k: 7
