# attack: a network that never answers when the grader looks at it
# points: 15
# %%
import numpy as np
import tensorflow as tf


class Slow(tf.keras.layers.Layer):
    def call(self, x):
        while True:
            pass


model = tf.keras.Sequential([tf.keras.layers.Flatten(), Slow(), tf.keras.layers.Dense(10, activation="softmax")])
