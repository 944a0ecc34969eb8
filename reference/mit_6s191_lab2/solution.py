# %% [markdown]
# # Handwritten digits, the course's way
#
# This is our own solution of the first part of lab 2 of MIT's course 6.S191 (TensorFlow version). The course hands out
# its own notebook; this one has the same parts, in the same order and under the same names, for those who want to try
# the grader without it. **Wherever you see `TODO`, something is missing.**

# %%
import comet_ml
import matplotlib.pyplot as plt
import mitdeeplearning as mdl
import numpy as np
import tensorflow as tf
from tqdm import tqdm

# %% [markdown]
# ## The images
#
# MNIST: 60,000 images to train with, 10,000 to test with, each 28 × 28 grey values and a label from 0 to 9.

# %%
(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
train_images = (np.expand_dims(train_images, axis=-1) / 255.0).astype(np.float32)
train_labels = train_labels.astype(np.int64)
test_images = (np.expand_dims(test_images, axis=-1) / 255.0).astype(np.float32)
test_labels = test_labels.astype(np.int64)

# %%
comet_ml.init(project_name="digits")
experiment = comet_ml.Experiment()
plt.figure(figsize=(6, 3))
for position in range(8):
    plt.subplot(2, 4, position + 1)
    plt.imshow(np.squeeze(train_images[position]), cmap=plt.cm.binary)
    plt.xlabel(train_labels[position])
experiment.log_figure(figure=plt)

# %% [markdown]
# ## A fully connected network
#
# `Flatten`, a dense layer of 128 units with an activation of your choice, and a dense layer that gives a probability for
# each digit.


# %%
def build_fc_model():
    fc_model = tf.keras.Sequential([
        tf.keras.layers.Flatten(),
        # --- solution
        tf.keras.layers.Dense(128, activation="relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
        # --- skeleton
        # # TODO: the activation of the first dense layer
        # tf.keras.layers.Dense(128, activation='''TODO'''),
        # # TODO: the second dense layer, which gives the probabilities
        # '''TODO: a dense layer for the probabilities'''
        # --- end
    ])
    return fc_model


model = build_fc_model()

# %%
# Try other optimizers and learning rates if you like.
model.compile(
    optimizer=tf.keras.optimizers.SGD(learning_rate=1e-1),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

# %%
BATCH_SIZE = 64
EPOCHS = 5

model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)

# %% [markdown]
# How good is it on images that it has not seen? `evaluate` returns the loss and the accuracy.

# %%
# --- solution
test_loss, test_acc = model.evaluate(test_images, test_labels)
# --- skeleton
# test_loss, test_acc = # TODO
# --- end

print("Test accuracy:", test_acc)

# %% [markdown]
# ## A convolutional network
#
# Two blocks of convolution and pooling, with 24 and then 36 filters of 3 × 3 and the ReLU activation, then `Flatten`, a
# dense layer of 128 units with ReLU, and the layer for the probabilities.


# %%
def build_cnn_model():
    cnn_model = tf.keras.Sequential([
        # --- solution
        tf.keras.layers.Conv2D(filters=24, kernel_size=(3, 3), activation=tf.nn.relu),
        tf.keras.layers.MaxPool2D(pool_size=(2, 2)),
        tf.keras.layers.Conv2D(filters=36, kernel_size=(3, 3), activation=tf.nn.relu),
        tf.keras.layers.MaxPool2D(pool_size=(2, 2)),
        # --- skeleton
        # # TODO: the first convolution
        # tf.keras.layers.Conv2D('''TODO'''),
        # # TODO: the first pooling
        # tf.keras.layers.MaxPool2D('''TODO'''),
        # # TODO: the second convolution
        # tf.keras.layers.Conv2D('''TODO'''),
        # # TODO: the second pooling
        # tf.keras.layers.MaxPool2D('''TODO'''),
        # --- end
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(128, activation=tf.nn.relu),
        # --- solution
        tf.keras.layers.Dense(10, activation=tf.nn.softmax),
        # --- skeleton
        # # TODO: the last dense layer, which gives the probabilities
        # '''TODO: a dense layer for the probabilities'''
        # --- end
    ])
    return cnn_model


cnn_model = build_cnn_model()
# One image through the network lets Keras work out the shapes of all layers.
cnn_model.predict(train_images[[0]])
print(cnn_model.summary())

# %%
# --- solution
cnn_model.compile(
    optimizer=tf.keras.optimizers.Adam(learning_rate=1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
# --- skeleton
# # TODO: an optimizer with its learning rate, and the loss
# cnn_model.compile(optimizer='''TODO''', loss='''TODO''', metrics=["accuracy"])
# --- end

# %%
# --- solution
cnn_model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)
# --- skeleton
# # TODO: train the convolutional network, with the batch size and the epochs from above
# cnn_model.fit('''TODO''')
# --- end

# %%
# --- solution
test_loss, test_acc = cnn_model.evaluate(test_images, test_labels)
# --- skeleton
# # TODO: evaluate the convolutional network
# test_loss, test_acc = # TODO
# --- end

print("Test accuracy:", test_acc)

# %% [markdown]
# ## Predictions

# %%
predictions = cnn_model.predict(test_images)
predictions[0]

# %%
# --- solution
prediction = np.argmax(predictions[0])
# --- skeleton
# # TODO: the digit with the highest probability for the first test image
# prediction = # TODO
# --- end

print(prediction, "and its label is", test_labels[0])

# %%
image_index = 79
mdl.lab2.plot_image_prediction(image_index, predictions, test_labels, test_images)
mdl.lab2.plot_value_prediction(image_index, predictions, test_labels)

# %% [markdown]
# ## A training step by hand
#
# The tape remembers what is done with the weights inside its block, so that it can tell how each of them changes the loss.

# %%
cnn_model = build_cnn_model()
batch_size = 12
loss_history = mdl.util.LossHistory(smoothing_factor=0.95)
plotter = mdl.util.PeriodicPlotter(sec=2, xlabel="Iterations", ylabel="Loss", scale="semilogy")
optimizer = tf.keras.optimizers.SGD(learning_rate=1e-2)

for start in tqdm(range(0, train_images.shape[0], batch_size)):
    images = tf.convert_to_tensor(train_images[start : start + batch_size], dtype=tf.float32)
    labels = train_labels[start : start + batch_size]

    with tf.GradientTape() as tape:
        # --- solution
        logits = cnn_model(images)
        loss_value = tf.keras.losses.sparse_categorical_crossentropy(labels, logits)
        # --- skeleton
        # # TODO: run the network on the images
        # logits = # TODO
        # # TODO: the cross-entropy of its outputs and the labels
        # loss_value = tf.keras.losses.sparse_categorical_crossentropy('''TODO''', '''TODO''')
        # --- end

    loss_history.append(loss_value.numpy().mean())
    plotter.plot(loss_history.get())
    # --- solution
    grads = tape.gradient(loss_value, cnn_model.trainable_variables)
    # --- skeleton
    # # TODO: the gradient of the loss with respect to all trainable variables of the network
    # grads = # TODO
    # --- end
    optimizer.apply_gradients(zip(grads, cnn_model.trainable_variables))

comet_ml.end()
