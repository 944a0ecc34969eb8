# attack: gives an array that claims ten terabytes
# catalogue: A39
# %%
import numpy as np

huge = np.broadcast_to(np.float32(1), (10**6, 28, 28, 1, 1000))
train_images = test_images = predictions = huge
predicted_digit = huge
