# %%
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()

# %%
train_images = (np.expand_dims(train_images, axis=-1) / 255.0).astype(np.float32)
test_images = (np.expand_dims(test_images, axis=-1) / 255.0).astype(np.float32)

# %%
def build_fc_model():
    return tf.keras.Sequential([
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])

model = build_fc_model()

# %%
model.compile(tf.keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])

# %%
BATCH_SIZE, EPOCHS = 64, 5
model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)

# %%
test_loss, test_acc = model.evaluate(test_images, test_labels)

# %%
def build_cnn_model():
    return tf.keras.Sequential([
        layers.Conv2D(64, (3, 3), activation="relu"),
        layers.MaxPool2D((2, 2)),
        layers.Conv2D(128, (3, 3), activation="relu"),
        layers.MaxPool2D((2, 2)),
        layers.Conv2D(256, (3, 3), activation="relu"),
        layers.MaxPool2D((2, 2)),
        layers.Flatten(),
        layers.Dense(256, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])

cnn_model = build_cnn_model()
cnn_model(train_images[:1])

# %%
cnn_model.compile(tf.keras.optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])

# %%
cnn_model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)

# %%
test_loss, test_acc = cnn_model.evaluate(test_images, test_labels)

# %%
predictions = cnn_model.predict(test_images)

# %%
prediction = np.argmax(predictions[0])

# %%
cnn_model = build_cnn_model()
optimizer = tf.keras.optimizers.SGD(learning_rate=1e-2)
batch_size = 32

for start in range(0, 3200, batch_size):
    images = train_images[start : start + batch_size]
    labels = train_labels[start : start + batch_size]
    with tf.GradientTape() as tape:
        logits = cnn_model(images)
        loss_value = tf.keras.losses.sparse_categorical_crossentropy(labels, logits)
    grads = tape.gradient(loss_value, cnn_model.trainable_variables)
    optimizer.apply_gradients(zip(grads, cnn_model.trainable_variables))
