# %% [markdown]
# # Handwritten digits: training by hand, and training with Keras
#
# `fit` trains a network in one line. In this lab you first do by hand what that line does: take batches of images from a
# dataset, compute the loss, ask for its gradient, and update the weights, for five epochs. Then you let Keras do the same,
# turn the network's raw outputs into probabilities, and look at its predictions.
#
# **How to work.** Wherever you see `XXXXXX`, replace it with code of your own. Run `grade` in this folder as often as
# you like: it tells you what is done, what is not, and what to try next.

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

# %% [markdown]
# ## 1. The data
#
# 60,000 images to train with and 10,000 to test with, each 28 × 28 grey values from 0 to 255, with a digit as its label.
# Scale the values to numbers from 0 to 1.

# %%
(x_train, y_train), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
x_train = XXXXXX
x_test = XXXXXX
print(x_train.shape, x_train.min(), x_train.max())

# %% [markdown]
# A `tf.data.Dataset` hands out images and labels one after the other. Make one of the training images and their labels:
# shuffled, so that each epoch sees them in another order, with a buffer of 10,000, and then in batches of 64.

# %%
batch_size = 64
train_dataset = XXXXXX
print(len(train_dataset), "batches")

# %% [markdown]
# ## 2. The network
#
# `Flatten` turns an image into a row of 784 numbers. Two hidden layers follow, of 256 and of 128 units, both with ReLU.
# The last layer has one unit for each digit and *no* activation: its outputs are called *logits*. The largest one belongs to
# the most likely digit, but they are not probabilities yet.

# %%
model = tf.keras.Sequential([
    tf.keras.Input(shape=(28, 28)),
    tf.keras.layers.Flatten(),
    # The first hidden layer: 256 units, ReLU.
    XXXXXX,
    # The second hidden layer: 128 units, ReLU.
    XXXXXX,
    # The output layer: ten logits.
    XXXXXX,
])
model.summary()

# %% [markdown]
# ## 3. Training by hand
#
# The loss is the cross-entropy between the labels, which are whole numbers, and the outputs, which are logits: the loss has
# to be told so. In the loop, each batch goes through the network inside a `GradientTape`, which writes down what is computed.
# From that it finds the *gradient*: how the loss changes with each weight. The optimizer then takes a small step downhill.

# %%
optimizer = tf.keras.optimizers.Adam()
loss_fn = XXXXXX
epochs = 5
losses_by_epoch = []

# %%
for epoch in range(epochs):
    losses = []
    for images, labels in train_dataset:
        with tf.GradientTape() as tape:
            # Run the network on the images, as in training.
            logits = XXXXXX
            # Compare its outputs with the labels.
            loss = XXXXXX
        # The gradient of the loss with respect to all trainable variables of the network.
        grads = XXXXXX
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        losses.append(float(loss))
    losses_by_epoch.append(losses)

# %% [markdown]
# `losses_by_epoch` has a list for each epoch, with the loss of each batch. Make a list with *one* number for each epoch: the
# mean of its losses.

# %%
epoch_losses = XXXXXX
for epoch, mean in enumerate(epoch_losses, start=1):
    print(f"epoch {epoch}: mean loss {mean:.4f}")

# %% [markdown]
# ## 4. The same with Keras
#
# Compile the network with the Adam optimizer, the same loss as above, and the accuracy as a metric.

# %%
model.compile(XXXXXX)

# %% [markdown]
# Train it on the training images and their labels, for one more epoch.

# %%
model.fit(XXXXXX)

# %% [markdown]
# Measure it on the test images.

# %%
test_loss, test_acc = XXXXXX
print("test accuracy:", test_acc)

# %% [markdown]
# ## 5. Probabilities and predictions
#
# Make a second network, `probability_model`, out of the trained one and a *softmax* layer, which turns ten logits into
# ten probabilities that add up to 1. It needs no training of its own.

# %%
probability_model = XXXXXX

# %% [markdown]
# Find the digit that it thinks is the most likely one for the *first* test image.

# %%
predictions = probability_model.predict(x_test)
prediction = XXXXXX
print("predicted:", prediction, "true:", y_test[0])

# %% [markdown]
# Show the first ten test images. The title of each says what was predicted, and what is true, such as
# `Predicted 7, true 7`.

# %%
plt.figure(figsize=(10, 4))
for position in range(10):
    plt.subplot(2, 5, position + 1)
    plt.imshow(XXXXXX, cmap="gray")
    plt.title(XXXXXX)
    plt.axis("off")
plt.tight_layout()
plt.show()
