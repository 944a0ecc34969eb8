# attack: a gradient tape of its own that returns nothing of worth
# points: 10
# %%
import contextlib

import numpy as np
import tensorflow as tf


class Tape(contextlib.AbstractContextManager):
    def __exit__(self, *a):
        return False

    def gradient(self, loss, variables):
        return [tf.zeros_like(variable) for variable in variables]


tf.GradientTape = Tape
(train_images, train_labels), _ = tf.keras.datasets.mnist.load_data()
cnn_model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(10, activation="softmax")])
optimizer = tf.keras.optimizers.Adam()
# %%
for start in range(0, 640, 64):
    images = train_images[start : start + 64].astype(np.float32) / 255
    labels = train_labels[start : start + 64]
    with tf.GradientTape() as tape:
        logits = cnn_model(images)
        loss_value = tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(labels, logits))
    gradients = tape.gradient(loss_value, cnn_model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, cnn_model.trainable_variables))
