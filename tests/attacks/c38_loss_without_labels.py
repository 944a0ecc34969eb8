# attack: a training step by hand whose loss has nothing to do with the labels, behind a network that is not plain
# points: 19
# says: could not be checked
# %%
import numpy as np
import tensorflow as tf

(train_images, train_labels), _ = tf.keras.datasets.mnist.load_data()
train_images = (np.expand_dims(train_images, -1) / 255.0).astype(np.float32)
inner = tf.keras.Sequential(
    [
        tf.keras.layers.Conv2D(8, 3, strides=4, activation="relu"),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)


class Doubled(tf.keras.Model):
    def call(self, x):
        return inner(x) * 2


cnn_model = Doubled()
optimizer = tf.keras.optimizers.Adam()
# %%
for start in range(0, 640, 64):
    images, labels = train_images[start : start + 64], train_labels[start : start + 64]
    with tf.GradientTape() as tape:
        loss_value = tf.reduce_sum(cnn_model(images))
    gradients = tape.gradient(loss_value, inner.trainable_variables)
    optimizer.apply_gradients(zip(gradients, inner.trainable_variables))
