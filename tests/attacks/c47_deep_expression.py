# attack: code that Python reads, and on which whoever walks its tree runs out of stack
# catalogue: B08
# points: 5
# %%
import numpy as np
import tensorflow as tf
(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
train_images = (np.expand_dims(train_images, axis=-1) / 255.0).astype(np.float32)
test_images = (np.expand_dims(test_images, axis=-1) / 255.0).astype(np.float32)
# %%
prediction = predictions = x@DOTS@(1)
# %%
main()
def main():
    y = @SUM@
