# attack: replaces fit, evaluate and predict by functions that return what is wanted
# points: 20
# %%
import numpy as np
import tensorflow as tf

(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
train_images = (np.expand_dims(train_images, -1) / 255.0).astype(np.float32)
test_images = (np.expand_dims(test_images, -1) / 255.0).astype(np.float32)


class History:
    history = {"loss": [0.1] * 5, "accuracy": [0.99] * 5}


tf.keras.Model.compile = lambda self, *a, **k: None
tf.keras.Model.fit = lambda self, *a, **k: History()
tf.keras.Model.evaluate = lambda self, *a, **k: [0.05, 0.99]
tf.keras.Model.predict = lambda self, x, *a, **k: np.eye(10)[test_labels][: len(x)]


# %%
def build_fc_model():
    return tf.keras.Sequential(
        [
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(128, activation="relu"),
            tf.keras.layers.Dense(10, activation="softmax"),
        ]
    )


model = build_fc_model()
# %%
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
# %%
model.fit(train_images, train_labels, batch_size=64, epochs=5)
# %%
test_loss, test_acc = model.evaluate(test_images, test_labels)
