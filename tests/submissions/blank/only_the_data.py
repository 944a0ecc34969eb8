# shows: only the first part is filled in
# not_attempted: fc_build, fc_compile, fc_fit, fc_evaluate, cnn_build, cnn_compile, cnn_fit, cnn_evaluate, prediction, gradient_tape
# passes: data_prep

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
        # The hidden layer: 128 units, ReLU.
        XXXXXX,
        # The output layer: a probability for each of the ten digits.
        XXXXXX,
    ])


model = build_fc_model()

# %%
model.compile(
    optimizer=XXXXXX,
    loss=XXXXXX,
    metrics=["accuracy"],
)

# %%
BATCH_SIZE = 64
EPOCHS = 5

model.fit(XXXXXX)

# %%
test_loss, test_acc = XXXXXX

print("Test accuracy of the fully connected network:", test_acc)

# %%
def build_cnn_model():
    return tf.keras.Sequential([
        # The first block: 64 filters, then pooling.
        XXXXXX,
        XXXXXX,
        # The second block: 128 filters, then pooling.
        XXXXXX,
        XXXXXX,
        # The third block: 256 filters, then pooling.
        XXXXXX,
        XXXXXX,
        tf.keras.layers.Flatten(),
        # A dense layer of 256 units, ReLU.
        XXXXXX,
        # The output layer: a probability for each of the ten digits.
        XXXXXX,
    ])


cnn_model = build_cnn_model()
# One image through the network lets Keras work out the shapes of all layers.
cnn_model(train_images[:1])
cnn_model.summary()

# %%
cnn_model.compile(XXXXXX)

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
