# %% [markdown]
# # Handwritten digits: training by hand, and training with Keras
#
# `fit` trains a network in one line. In this lab you first do by hand what that line does: take batches of images from a
# dataset, compute the loss, ask for its gradient, and update the weights, for five epochs. Then you let Keras do the same,
# turn the network's raw outputs into probabilities, and look at its predictions.
#
# **How to work.** Wherever you see `XXXXXX`, replace it with code of your own. Run `grade` in this folder as often as
# you like: it tells you what is done, what is not, and what to try next. Between the cells there are questions: choices and
# numbers are graded at once, and what you explain in your own words is read by a person.

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
# **Question** (1 point). What is gained by scaling the pixels?
#
# - **a)** The images need less memory.
# - **b)** The inputs become small numbers of about the same size, so that training gets on faster.
# - **c)** The network gets by with fewer parameters.
# - **d)** The labels and the outputs get the same range.
#
# Assign the letter of the right option to `answer_scaling`, in quotation marks: `"a"`.

# %%
answer_scaling = XXXXXX

# %% [markdown]
# A `tf.data.Dataset` hands out images and labels one after the other. Make one of the training images and their labels:
# shuffled, so that each epoch sees them in another order, with a buffer of 10,000, and then in batches of 64.

# %%
batch_size = 64
train_dataset = XXXXXX
print(len(train_dataset), "batches")

# %% [markdown]
# **Question** (1 point). Suppose that 10,000 of the training images are put aside, and the other 50,000 are cut into
# batches of 64. How many batches does an epoch have then?
#
# Assign a number to `answer_batches`, or an expression that gives one.

# %%
answer_batches = XXXXXX

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
# **Question** (1 point). How many parameters does the *second* hidden layer have?
#
# Assign a number to `answer_second_layer`, or an expression that gives one.

# %%
answer_second_layer = XXXXXX

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
# **Question** (1 point). Which labels does `SparseCategoricalCrossentropy` expect?
#
# - **a)** Rows of ten numbers, a one at the digit and zeros elsewhere.
# - **b)** Rows of ten probabilities.
# - **c)** One whole number for each image: the digit itself.
#
# Assign the letter of the right option to `answer_labels`, in quotation marks: `"a"`.

# %%
answer_labels = XXXXXX

# %% [markdown]
# **Question** (1 point). What does a `GradientTape` do while its `with` block runs?
#
# - **a)** It writes down what is computed, so that gradients can be found from that afterwards.
# - **b)** It changes the weights a little after each operation.
# - **c)** It keeps the best weights that there have been so far.
# - **d)** It stores the batches, so that the next epoch is faster.
#
# Assign the letter of the right option to `answer_tape`, in quotation marks: `"a"`.

# %%
answer_tape = XXXXXX

# %% [markdown]
# **Question** (1 point). With `training=True`, the network of this lab gives other logits for a batch than with
# `training=False`.
#
# Assign `True` or `False` to `answer_training_flag`.

# %%
answer_training_flag = XXXXXX

# %% [markdown]
# `losses_by_epoch` has a list for each epoch, with the loss of each batch. Make a list with *one* number for each epoch: the
# mean of its losses.

# %%
epoch_losses = XXXXXX
for epoch, mean in enumerate(epoch_losses, start=1):
    print(f"epoch {epoch}: mean loss {mean:.4f}")

# %% [markdown]
# **Question** (2 points). In one run of this lab the mean losses were 0.2277, 0.0874, 0.0580, 0.0424 and 0.0332. What
# do they say about the training? And what do they *not* say about new images? Two or three sentences.
#
# Assign your answer to `answer_falling_losses`, in your own words: `"""Because …"""`. A person reads and marks it.

# %%
answer_falling_losses = XXXXXX

# %% [markdown]
# ## 4. The same with Keras
#
# Compile the network with the Adam optimizer, the same loss as above, and the accuracy as a metric.

# %%
model.compile(XXXXXX)

# %% [markdown]
# **Question** (2 points). The last layer has no softmax. Why does training work all the same, and what goes wrong if
# `from_logits=True` is left out? Two or three sentences.
#
# Assign your answer to `answer_no_softmax`, in your own words: `"""Because …"""`. A person reads and marks it.

# %%
answer_no_softmax = XXXXXX

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
# **Question** (1 point). The accuracy of a network on the 10,000 test images is 0.9807. How many of them does it get
# wrong?
#
# Assign a number to `answer_mistakes`, or an expression that gives one.

# %%
answer_mistakes = XXXXXX

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
# **Question** (1 point). For every image, the largest logit and the largest probability belong to the same digit.
#
# Assign `True` or `False` to `answer_same_digit`.

# %%
answer_same_digit = XXXXXX

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
