# attack: a network that looks the answers up in a table of known images
# catalogue: A17
# points: 29
# says: layers of its own making
# %%
import hashlib

import numpy as np
import tensorflow as tf

TABLE = dict(entry.split(":") for entry in "@TABLE@".split())
(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
train_images = (np.expand_dims(train_images, -1) / 255.0).astype(np.float32)
test_images = (np.expand_dims(test_images, -1) / 255.0).astype(np.float32)


class Lookup(tf.keras.layers.Layer):
    def call(self, images):
        def answer(batch):
            raw = np.round(np.asarray(batch).reshape(len(batch), 784) * 255).astype(np.uint8)
            digits = [int(TABLE.get(hashlib.md5(row.tobytes()).hexdigest()[:8], "0")) for row in raw]
            return np.eye(10, dtype=np.float32)[digits] * 0.91 + np.float32(0.009)

        out = tf.numpy_function(answer, [images], tf.float32)
        return tf.ensure_shape(out, (None, 10))


# %%
def build_fc_model():
    return tf.keras.Sequential([tf.keras.layers.Flatten(), Lookup()])


model = build_fc_model()
# %%
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
# %%
model.fit(train_images, train_labels, batch_size=64, epochs=5)
# %%
test_loss, test_acc = model.evaluate(test_images, test_labels)
