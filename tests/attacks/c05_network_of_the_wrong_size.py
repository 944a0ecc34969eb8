# attack: a network of the wrong size whose numbers of parameters are bent
# points: 10
# %%
import numpy as np
import tensorflow as tf

tf.keras.Model.count_params = lambda self: 101770
tf.keras.layers.Layer.count_params = lambda self: 100480 if getattr(self, "units", 0) != 10 else 1290
tf.keras.layers.Dense.get_config = lambda self: {"units": 128 if self.units != 10 else 10, "activation": "relu"}


def build_fc_model():
    return tf.keras.Sequential(
        [
            tf.keras.Input((28, 28, 1)),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(4, activation="relu"),
            tf.keras.layers.Dense(10, activation="softmax"),
        ]
    )


model = build_fc_model()
model.predict(np.zeros((2, 28, 28, 1)))
