# %% [markdown]
# # Handwritten digits: from a fully connected network to a convolutional one
#
# In this lab you teach two neural networks to read handwritten digits. The first is a plain *fully connected* network.
# The second is a *convolutional* network (CNN), which looks at small patches of the image instead of single pixels.
# You train both, measure how well they do on images they have never seen, and compare. At the end you write a training
# step by hand, to see what `fit` does for you.
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
# MNIST has 60,000 images to train with and 10,000 to test with. Each is a square of 28 × 28 grey values, and each has a
# label: the digit that somebody wrote.

# %%
(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
print(train_images.shape, train_images.dtype, train_images.min(), train_images.max())

# %% [markdown]
# The pixels are whole numbers from 0 to 255. Networks learn more easily from small numbers, so turn them into `float32`
# values between 0 and 1. Convolutions also expect a *channel* axis at the end (a colour photo has three channels, these
# images have one): the shapes become `(60000, 28, 28, 1)` and `(10000, 28, 28, 1)`.

# %%
# Scale the pixels to values from 0 to 1, as float32, and add a channel axis at the end.
train_images = XXXXXX
test_images = XXXXXX
print(train_images.shape, test_images.shape)

# %% [markdown]
# It is a good habit to look at the data before doing anything with it.

# %%
plt.figure(figsize=(8, 4))
for position in range(10):
    plt.subplot(2, 5, position + 1)
    plt.imshow(np.squeeze(train_images[position]), cmap="gray_r")
    plt.title(int(train_labels[position]))
    plt.axis("off")
plt.show()

# %% [markdown]
# ## 2. A fully connected network
#
# `Flatten` turns the image into a row of 784 numbers. A dense layer of 128 units with the ReLU activation follows, and
# then the output layer: one unit for each of the ten digits. Its outputs should be *probabilities*: ten numbers between 0
# and 1 that add up to 1. Which activation does that?


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

# %% [markdown]
# Before training, a network has to know three things: how to change its weights (the *optimizer*), what to make small (the
# *loss*), and what to report (the *metrics*). Use stochastic gradient descent with a learning rate of 0.1. The labels are
# whole numbers from 0 to 9: which loss of Keras takes them as they are?

# %%
model.compile(
    optimizer=XXXXXX,
    loss=XXXXXX,
    metrics=["accuracy"],
)

# %% [markdown]
# Now train it on the training images and their labels, with the batch size and the number of epochs given here. An epoch
# is one pass over all the training images.

# %%
BATCH_SIZE = 64
EPOCHS = 5

model.fit(XXXXXX)

# %% [markdown]
# How well does it do on images that it has never seen? Use the `evaluate` method with the test images and their labels. It
# returns the loss and the accuracy.

# %%
test_loss, test_acc = XXXXXX

print("Test accuracy of the fully connected network:", test_acc)

# %% [markdown]
# The accuracy on the test images is a little lower than on the training images. This difference is the *generalisation
# gap*: the network knows the images it has learnt from better than new ones.
#
# ## 3. A convolutional network
#
# The network has three blocks, each a convolution and a max pooling: 64, then 128, then 256 filters of 3 × 3 with the
# ReLU activation, each followed by pooling over 2 × 2. Then come `Flatten`, a dense layer of 256 units with ReLU, and the
# output layer with ten probabilities.


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

# %% [markdown]
# Compile it: with the same loss and metrics as before, and an optimizer of your choice. Adam is a good one.

# %%
cnn_model.compile(XXXXXX)

# %% [markdown]
# Train it on the training images, with the same batch size and number of epochs as before.

# %%
cnn_model.fit(XXXXXX)

# %% [markdown]
# Measure it on the test images. Mind which network you ask.

# %%
test_loss, test_acc = XXXXXX

print("Test accuracy of the convolutional network:", test_acc)

# %% [markdown]
# ## 4. Predictions
#
# `predict` gives ten probabilities for each image.

# %%
predictions = cnn_model.predict(test_images)

# %% [markdown]
# Find the digit that the network thinks is the most likely one for the *first* test image.

# %%
prediction = XXXXXX

print("The first test image shows a", prediction, "and its label is", test_labels[0])

# %% [markdown]
# ## 5. A training step by hand
#
# `fit` hides a loop that you can write yourself: take a batch of images, run the network on them, compute the loss, ask
# the gradient tape how each weight changes the loss, and let the optimizer take a small step downhill.

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

# %%
plt.plot(loss_history)
plt.xlabel("step")
plt.ylabel("loss")
plt.show()

# %% [markdown]
# ## What you have seen
#
# Both networks have been trained on the same images. The convolutional one makes fewer mistakes, because it can use
# what lies *beside* a pixel. And a training step is no secret any more: forward, loss, gradient, update.
