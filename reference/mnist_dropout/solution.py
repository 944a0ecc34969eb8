# %% [markdown]
# # Handwritten digits: dropout, and a network that outlives its program
#
# In this lab you train a network with two *dropout* layers, look at what it gets right and what it gets wrong, and save
# it to a file, so that it can be used again without being trained again.
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
# 60,000 images to train with, 10,000 to test with, each 28 × 28 grey values from 0 to 255.

# %%
(X_train, y_train), (X_test, y_test) = tf.keras.datasets.mnist.load_data()
print(X_train.shape, y_train.shape, X_test.shape, y_test.shape)

# %% [markdown]
# The network takes vectors of 784 numbers. Reshape both sets to rows of 784, turn them into `float32`, and scale the
# values to numbers from 0 to 1. The order does not matter, but each step has to be done once.

# %%
# --- solution
X_train = X_train.reshape(len(X_train), 784).astype("float32") / 255
X_test = X_test.reshape(len(X_test), 784).astype("float32") / 255
# --- skeleton
# X_train = XXXXXX
# X_test = XXXXXX
# --- end
print(X_train.shape, X_train.dtype, X_test.shape, X_test.dtype)

# %% [markdown]
# The labels are digits. For this lab they are needed *one-hot*, too: rows of ten numbers with a 1 in the place of the
# digit. Keep `y_train` and `y_test` as they are, and make `Y_train` and `Y_test`.

# %%
n_classes = 10
# --- solution
Y_train = tf.keras.utils.to_categorical(y_train, n_classes)
Y_test = tf.keras.utils.to_categorical(y_test, n_classes)
# --- skeleton
# Y_train = XXXXXX
# Y_test = XXXXXX
# --- end
print(y_train[0], "is now", Y_train[0])

# %% [markdown]
# ## 2. The network
#
# Two dense layers of 512 units with ReLU, each followed by dropout with a rate of 0.2, and an output layer of ten
# probabilities. Dropout sets a random fifth of the values to zero while the network is trained, and does nothing when it
# is used: what the network knows has to be spread over all its units.

# %%
model = tf.keras.Sequential([
    tf.keras.Input(shape=(784,)),
    # --- solution
    tf.keras.layers.Dense(512, activation="relu"),
    tf.keras.layers.Dropout(0.2),
    tf.keras.layers.Dense(512, activation="relu"),
    tf.keras.layers.Dropout(0.2),
    tf.keras.layers.Dense(n_classes, activation="softmax"),
    # --- skeleton
    # # The first hidden layer: 512 units, ReLU; then dropout with a rate of 0.2.
    # XXXXXX,
    # XXXXXX,
    # # The second one, just like the first.
    # XXXXXX,
    # XXXXXX,
    # # The output layer: a probability for each digit.
    # XXXXXX,
    # --- end
])
model.summary()

# %% [markdown]
# Compile it with the cross-entropy for one-hot labels, the Adam optimizer, and the accuracy as a metric.

# %%
# --- solution
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
# --- skeleton
# model.compile(XXXXXX)
# --- end

# %% [markdown]
# ## 3. Training
#
# Train for 5 epochs in batches of 128, on the training images and their one-hot labels. Let `fit` measure the network on
# the test images after each epoch: its argument `validation_data` takes a pair of images and labels.

# %%
# --- solution
history = model.fit(X_train, Y_train, validation_data=(X_test, Y_test), batch_size=128, epochs=5)
# --- skeleton
# history = model.fit(XXXXXX)
# --- end


# %% [markdown]
# Write a function that draws the loss of each epoch: one curve for the training images, one for the others.


# %%
def plot_loss(history):
    # --- solution
    plt.plot(history.history["loss"], label="training")
    plt.plot(history.history["val_loss"], label="test")
    # --- skeleton
    # # The loss on the training images.
    # plt.plot(XXXXXX, label="training")
    # # The loss on the test images.
    # plt.plot(XXXXXX, label="test")
    # --- end
    plt.xlabel("epoch")
    plt.ylabel("loss")
    plt.legend()
    plt.grid(visible=True)


plt.figure()
plot_loss(history)
plt.show()

# %% [markdown]
# Measure the trained network on the test images.

# %%
# --- solution
score = model.evaluate(X_test, Y_test)
# --- skeleton
# score = XXXXXX
# --- end
print("test loss:", score[0])
print("test accuracy:", score[1])

# %% [markdown]
# ## 4. What it gets right, and what it gets wrong
#
# Find the most likely digit of each test image. Then find the *positions* of the images for which that is the true digit,
# and of those for which it is not.

# %%
# --- solution
predicted_classes = np.argmax(model.predict(X_test), axis=-1)
correct_indices = np.nonzero(predicted_classes == y_test)[0]
incorrect_indices = np.nonzero(predicted_classes != y_test)[0]
# --- skeleton
# predicted_classes = XXXXXX
# correct_indices = XXXXXX
# incorrect_indices = XXXXXX
# --- end
print(len(correct_indices), "correct and", len(incorrect_indices), "incorrect")

# %% [markdown]
# Show nine images of each kind. The title of each says what was predicted and what is true, such as
# `Predicted 3, true 5`.

# %%
plt.figure(figsize=(6, 6))
for position, index in enumerate(correct_indices[:9]):
    plt.subplot(3, 3, position + 1)
    plt.imshow(X_test[index].reshape(28, 28), cmap="gray")
    # --- solution
    plt.title(f"Predicted {predicted_classes[index]}, true {y_test[index]}")
    # --- skeleton
    # plt.title(XXXXXX)
    # --- end
plt.tight_layout()
plt.show()

# %%
mistakes = incorrect_indices[:9]
plt.figure(figsize=(6, 6))
for position, index in enumerate(mistakes):
    plt.subplot(3, 3, position + 1)
    plt.imshow(X_test[index].reshape(28, 28), cmap="gray")
    # --- solution
    plt.title(f"Predicted {predicted_classes[index]}, true {y_test[index]}")
    # --- skeleton
    # plt.title(XXXXXX)
    # --- end
plt.tight_layout()
plt.show()

# %% [markdown]
# ## 5. Save it, and load it again
#
# Write the trained network to the file `trained_model.keras`, and read it back under another name.

# %%
# --- solution
model.save("trained_model.keras")
saved_model = tf.keras.models.load_model("trained_model.keras")
# --- skeleton
# # Write the network to the file `trained_model.keras`.
# model.save(XXXXXX)
# # Read it from there.
# saved_model = XXXXXX
# --- end

# %% [markdown]
# Both should give the same answers. Let the loaded network find the most likely digit of each test image, and compare.

# %%
# --- solution
saved_classes = np.argmax(saved_model.predict(X_test), axis=-1)
# --- skeleton
# saved_classes = XXXXXX
# --- end
print("the same answers:", np.array_equal(saved_classes, predicted_classes))

# %% [markdown]
# ## To try
#
# How do the time of an epoch and the test accuracy change with a batch size of 10,000? And with one of 32?
