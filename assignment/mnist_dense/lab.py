# %% [markdown]
# # Handwritten digits: from raw pixels to predicted classes
#
# In this lab you take a data set the whole way: you look at it, bring it into the shape that a network wants, build and
# train the network, watch how the training goes, and look at what it gets right.
#
# **How to work.** Wherever you see `XXXXXX`, replace it with code of your own. Run `grade` in this folder as often as
# you like: it tells you what is done, what is not, and what to try next.

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

# %% [markdown]
# ## 1. Look at the data
#
# MNIST has 60,000 images to train with and 10,000 to test with: 28 × 28 grey values each, as whole numbers from 0
# (black) to 255 (white). The labels are the digits 0 to 9.

# %%
(x_train, y_train), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
print("training:", x_train.shape, y_train.shape, "test:", x_test.shape, y_test.shape)
print("type:", x_train.dtype, "values:", x_train.min(), "to", x_train.max())

# %% [markdown]
# Show the first nine training images in a grid, each with its label as the title.

# %%
plt.figure(figsize=(6, 6))
for position in range(9):
    plt.subplot(3, 3, position + 1)
    # Draw the image at this position.
    plt.imshow(XXXXXX, cmap="gray")
    # Its label is the title.
    plt.title(XXXXXX)
    plt.axis("off")
plt.tight_layout()
plt.show()

# %% [markdown]
# ## 2. Prepare the images
#
# A dense layer takes rows of numbers, not squares. Turn each image into a row of 784 values, so that the shapes become
# `(60000, 784)` and `(10000, 784)`, and scale the values to `float32` numbers from 0 to 1.

# %%
x_train = XXXXXX
x_test = XXXXXX
print(x_train.shape, x_train.dtype, x_test.shape, x_test.dtype)

# %% [markdown]
# ## 3. Prepare the labels
#
# The network will have one output for each digit. *One-hot* labels look like that, too: ten numbers, a 1 in the place of
# the digit and 0 everywhere else. Keras has a function that makes them.

# %%
n_classes = 10
y_train = XXXXXX
y_test = XXXXXX
print("the first label:", y_train[0])

# %% [markdown]
# ## 4. The network
#
# A dense layer of 512 units with the ReLU activation takes the 784 values. Then comes *dropout* with a rate of 0.2: while
# the network is trained, a fifth of the values is set to zero, each time others, so that no unit can rely on a single
# other one. The output layer gives ten probabilities that add up to 1.

# %%
model = tf.keras.Sequential([
    tf.keras.Input(shape=(784,)),
    # The hidden layer: 512 units, ReLU.
    XXXXXX,
    # Dropout with a rate of 0.2.
    XXXXXX,
    # The output layer: a probability for each digit.
    XXXXXX,
])
model.summary()

# %% [markdown]
# ## 5. Compile
#
# Choose the loss that compares one-hot labels with probabilities, the Adam optimizer, and the accuracy as a metric.

# %%
model.compile(XXXXXX)

# %% [markdown]
# ## 6. Train
#
# Train for 5 epochs in batches of 128. Set a tenth of the training images aside for *validation*: the network does not
# learn from them, so they show after each epoch how it does on images that it has not seen. `fit` has an argument for that.

# %%
history = model.fit(XXXXXX)

# %% [markdown]
# Draw how the training went: two curves in one picture, for the training and for the validation images, over the epochs.
# Take the accuracy or the loss; both are in `history.history`.

# %%
plt.figure()
# The curve for the training images.
plt.plot(XXXXXX, label="training")
# The curve for the validation images.
plt.plot(XXXXXX, label="validation")
plt.xlabel("epoch")
plt.legend()
plt.show()

# %% [markdown]
# ## 7. Evaluate
#
# How well does the network do on the test images, which played no part in training at all?

# %%
test_loss, test_acc = XXXXXX
print("test accuracy:", test_acc)

# %% [markdown]
# ## 8. Predicted classes
#
# `predict` gives ten probabilities for each test image. Find the most likely digit of *each* image: one number per image.

# %%
predictions = model.predict(x_test)
predicted_classes = XXXXXX
print("predicted for the first test image:", predicted_classes[0])

# %% [markdown]
# At last, look at nine test images that the network gets right. The title of each says what was predicted, and what is
# true: something like `Predicted 7, true 7`.

# %%
true_classes = np.argmax(y_test, axis=-1)
right = np.nonzero(predicted_classes == true_classes)[0]
plt.figure(figsize=(6, 6))
for position, index in enumerate(right[:9]):
    plt.subplot(3, 3, position + 1)
    plt.imshow(x_test[index].reshape(28, 28), cmap="gray")
    plt.title(XXXXXX)
    plt.axis("off")
plt.tight_layout()
plt.show()
