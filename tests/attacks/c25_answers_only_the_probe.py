# attack: an answer that is right only for the predictions that it has already seen
# points: 5
# %%
import numpy as np
import tensorflow as tf

(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
predictions = np.eye(10)[test_labels]
# %%
predicted_digit = test_labels[0]
