# attack: networks that are fine for one image and too large for a thousand
# points: 10
# verifies: long
# says: could not be built again
# %%
import numpy as np
import tensorflow as tf


def large(padding):
    return tf.keras.Sequential(
        [
            tf.keras.Input((28, 28, 1)),
            tf.keras.layers.ZeroPadding2D(padding),
            tf.keras.layers.Conv2D(16, 3),
            tf.keras.layers.GlobalAveragePooling2D(),
            tf.keras.layers.Dense(10, activation="softmax"),
        ]
    )


cnn_model, other = large(600), large(601)
cnn_model.compile(loss="mse")
other.compile(loss="mse")
