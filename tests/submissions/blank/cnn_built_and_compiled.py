# shows: stopped in the middle of the convolutional network
# not_attempted: cnn_fit, cnn_evaluate, prediction, gradient_tape
# passes: data_prep, fc_build, fc_compile, fc_fit, fc_evaluate, cnn_build, cnn_compile

# %%
import numpy as np
import tensorflow as tf

(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()

# %%
train_images = (np.expand_dims(train_images, axis=-1) / 255.0).astype(np.float32)
test_images = (np.expand_dims(test_images, axis=-1) / 255.0).astype(np.float32)

# %%
def build_fc_model():
    return tf.keras.Sequential([
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(128, activation="relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
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
        tf.keras.layers.Conv2D(64, (3, 3), activation="relu"),
        tf.keras.layers.MaxPool2D((2, 2)),
        tf.keras.layers.Conv2D(128, (3, 3), activation="relu"),
        tf.keras.layers.MaxPool2D((2, 2)),
        tf.keras.layers.Conv2D(256, (3, 3), activation="relu"),
        tf.keras.layers.MaxPool2D((2, 2)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(256, activation="relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
    ])


cnn_model = build_cnn_model()
cnn_model(train_images[:1])

# %%
cnn_model.compile(tf.keras.optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])

# %%
cnn_model.fit(XXXXXX)

# %%
test_loss, test_acc = XXXXXX

print("Test accuracy of the convolutional network:", test_acc)

# %%
predictions = cnn_model.predict(test_images)

# %%
prediction = XXXXXX

print("The first test image shows a", prediction, "and its label is", test_labels[0])

# %%
cnn_model = build_cnn_model()
optimizer = tf.keras.optimizers.SGD(learning_rate=1e-2)
batch_size = 32
loss_history = []

for start in range(0, 3200, batch_size):
    images = train_images[start : start + batch_size]
    labels = train_labels[start : start + batch_size]

    with tf.GradientTape() as tape:
        # Run the network on the images.
        logits = XXXXXX
        # Compare its outputs with the labels.
        loss_value = XXXXXX

    loss_history.append(float(tf.reduce_mean(loss_value)))
    # The gradient of the loss with respect to all trainable variables of the network.
    grads = XXXXXX
    optimizer.apply_gradients(zip(grads, cnn_model.trainable_variables))

print("The loss went from", loss_history[0], "to", loss_history[-1])
