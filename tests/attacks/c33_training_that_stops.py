# attack: a training that stops before it changes anything, behind a perfect network
# points: 35
# says: The training stopped
# %%
import numpy as np
import tensorflow as tf

(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
train_images = (np.expand_dims(train_images, -1) / 255.0).astype(np.float32)
test_images = (np.expand_dims(test_images, -1) / 255.0).astype(np.float32)


class Stop(tf.keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        raise RuntimeError("enough")


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
model.fit(train_images, train_labels, batch_size=64, epochs=5, callbacks=[Stop()])
# %%
test_loss, test_acc = model.evaluate(test_images, test_labels)
