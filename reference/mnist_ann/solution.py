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
# --- solution
x_train = x_train / 255.0
x_test = x_test / 255.0
# --- skeleton
# x_train = XXXXXX
# x_test = XXXXXX
# --- end
print(x_train.shape, x_train.min(), x_train.max())

# %%
# --- question scaling
answer_scaling = "b"
# --- end

# %% [markdown]
# A `tf.data.Dataset` hands out images and labels one after the other. Make one of the training images and their labels:
# shuffled, so that each epoch sees them in another order, with a buffer of 10,000, and then in batches of 64.

# %%
batch_size = 64
# --- solution
train_dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(10_000).batch(batch_size)
# --- skeleton
# train_dataset = XXXXXX
# --- end
print(len(train_dataset), "batches")

# %%
# --- question batches
answer_batches = 782
# --- end

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
    # --- solution
    tf.keras.layers.Dense(256, activation="relu"),
    tf.keras.layers.Dense(128, activation="relu"),
    tf.keras.layers.Dense(10),
    # --- skeleton
    # # The first hidden layer: 256 units, ReLU.
    # XXXXXX,
    # # The second hidden layer: 128 units, ReLU.
    # XXXXXX,
    # # The output layer: ten logits.
    # XXXXXX,
    # --- end
])
model.summary()

# %%
# --- question second_layer
answer_second_layer = 256 * 128 + 128
# --- end

# %% [markdown]
# ## 3. Training by hand
#
# The loss is the cross-entropy between the labels, which are whole numbers, and the outputs, which are logits: the loss has
# to be told so. In the loop, each batch goes through the network inside a `GradientTape`, which writes down what is computed.
# From that it finds the *gradient*: how the loss changes with each weight. The optimizer then takes a small step downhill.

# %%
optimizer = tf.keras.optimizers.Adam()
# --- solution
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
# --- skeleton
# loss_fn = XXXXXX
# --- end
epochs = 5
losses_by_epoch = []

# %%
for epoch in range(epochs):
    losses = []
    for images, labels in train_dataset:
        with tf.GradientTape() as tape:
            # --- solution
            logits = model(images, training=True)
            loss = loss_fn(labels, logits)
            # --- skeleton
            # # Run the network on the images, as in training.
            # logits = XXXXXX
            # # Compare its outputs with the labels.
            # loss = XXXXXX
            # --- end
        # --- solution
        grads = tape.gradient(loss, model.trainable_variables)
        # --- skeleton
        # # The gradient of the loss with respect to all trainable variables of the network.
        # grads = XXXXXX
        # --- end
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        losses.append(float(loss))
    losses_by_epoch.append(losses)

# %%
# --- question labels
answer_labels = "c"
# --- end

# %%
# --- question tape
answer_tape = "a"
# --- end

# %%
# --- question training_flag
answer_training_flag = False
# --- end

# %% [markdown]
# `losses_by_epoch` has a list for each epoch, with the loss of each batch. Make a list with *one* number for each epoch: the
# mean of its losses.

# %%
# --- solution
epoch_losses = [sum(losses) / len(losses) for losses in losses_by_epoch]
# --- skeleton
# epoch_losses = XXXXXX
# --- end
for epoch, mean in enumerate(epoch_losses, start=1):
    print(f"epoch {epoch}: mean loss {mean:.4f}")

# %%
# --- question falling_losses
answer_falling_losses = """
They fall in every epoch: the updates lead downhill, and the network gets better at the images that it trains with.
About other images they say nothing. A network that learns its training images by heart has small losses, too; only the
test images show whether it has learned what digits look like.
"""
# --- end

# %% [markdown]
# ## 4. The same with Keras
#
# Compile the network with the Adam optimizer, the same loss as above, and the accuracy as a metric.

# %%
# --- solution
model.compile(
    optimizer="adam",
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
# --- skeleton
# model.compile(XXXXXX)
# --- end

# %%
# --- question no_softmax
answer_no_softmax = """
The loss was told that it gets logits, so it applies the softmax itself. Without `from_logits=True` it takes the logits
for probabilities, which they are not: they can be negative, and do not add up to 1. Then the loss is the wrong one, and
so are its gradients.
"""
# --- end

# %% [markdown]
# Train it on the training images and their labels, for one more epoch.

# %%
# --- solution
model.fit(x_train, y_train, batch_size=batch_size, epochs=1)
# --- skeleton
# model.fit(XXXXXX)
# --- end

# %% [markdown]
# Measure it on the test images.

# %%
# --- solution
test_loss, test_acc = model.evaluate(x_test, y_test, verbose=2)
# --- skeleton
# test_loss, test_acc = XXXXXX
# --- end
print("test accuracy:", test_acc)

# %%
# --- question mistakes
answer_mistakes = 10_000 - 9_807
# --- end

# %% [markdown]
# ## 5. Probabilities and predictions
#
# Make a second network, `probability_model`, out of the trained one and a *softmax* layer, which turns ten logits into
# ten probabilities that add up to 1. It needs no training of its own.

# %%
# --- solution
probability_model = tf.keras.Sequential([model, tf.keras.layers.Softmax()])
# --- skeleton
# probability_model = XXXXXX
# --- end

# %% [markdown]
# Find the digit that it thinks is the most likely one for the *first* test image.

# %%
predictions = probability_model.predict(x_test)
# --- solution
prediction = np.argmax(predictions[0])
# --- skeleton
# prediction = XXXXXX
# --- end
print("predicted:", prediction, "true:", y_test[0])

# %%
# --- question same_digit
answer_same_digit = True
# --- end

# %% [markdown]
# Show the first ten test images. The title of each says what was predicted, and what is true, such as
# `Predicted 7, true 7`.

# %%
plt.figure(figsize=(10, 4))
for position in range(10):
    plt.subplot(2, 5, position + 1)
    # --- solution
    plt.imshow(x_test[position], cmap="gray")
    plt.title(f"Predicted {np.argmax(predictions[position])}, true {y_test[position]}")
    # --- skeleton
    # plt.imshow(XXXXXX, cmap="gray")
    # plt.title(XXXXXX)
    # --- end
    plt.axis("off")
plt.tight_layout()
plt.show()
