# %% [markdown]
# # Handwritten digits: a data pipeline of functions
#
# Programs that are used for years are made of functions: each does one thing, can be tried alone, and can be used again.
# In this lab you write the functions that load and prepare the images, and train a small network on what they give.
#
# **How to work.** Wherever you see `XXXXXX`, replace it with code of your own. Run `grade` in this folder as often as
# you like: it tells you what is done, what is not, and what to try next.

# %%
import tensorflow as tf
from tensorflow.keras.datasets import mnist
from tensorflow.keras.utils import to_categorical

# %% [markdown]
# ## 1. Load the data set
#
# Write the function `load_dataset`. It loads MNIST, gives the images a *channel* axis at the end, so that their shapes are
# `(60000, 28, 28, 1)` and `(10000, 28, 28, 1)`, and turns the labels into *one-hot* rows of ten numbers. It returns four
# arrays: training images, training labels, test images, test labels.


# %%
def load_dataset():
    (trainX, trainY), (testX, testY) = mnist.load_data()
    # --- solution
    trainX = trainX.reshape((trainX.shape[0], 28, 28, 1))
    testX = testX.reshape((testX.shape[0], 28, 28, 1))
    trainY = to_categorical(trainY)
    testY = to_categorical(testY)
    # --- skeleton
    # # Add the channel axis.
    # trainX = XXXXXX
    # testX = XXXXXX
    # # Make the labels one-hot.
    # trainY = XXXXXX
    # testY = XXXXXX
    # --- end
    return trainX, trainY, testX, testY


# %% [markdown]
# ## 2. Scale the pixels
#
# Write the function `prep_pixels`. It takes the training and the test images as whole numbers from 0 to 255, whatever
# their number and shape, and returns both as `float32` numbers from 0 to 1. It leaves its arguments as they are.


# %%
def prep_pixels(train, test):
    # --- solution
    train_norm = train.astype("float32") / 255.0
    test_norm = test.astype("float32") / 255.0
    # --- skeleton
    # train_norm = XXXXXX
    # test_norm = XXXXXX
    # --- end
    return train_norm, test_norm


# %%
trainX, trainY, testX, testY = load_dataset()
trainX, testX = prep_pixels(trainX, testX)
print(trainX.shape, trainX.dtype, trainY.shape, testX.shape, testY.shape)


# %% [markdown]
# ## 3. The network
#
# `Flatten` turns each image into a row of 784 numbers; a dense layer of 128 units with ReLU follows, and an output layer of
# ten probabilities.


# %%
def build_model():
    # --- solution
    return tf.keras.Sequential([
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(128, activation="relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
    ])
    # --- skeleton
    # return tf.keras.Sequential([
    #     tf.keras.layers.Flatten(),
    #     # The hidden layer: 128 units, ReLU.
    #     XXXXXX,
    #     # The output layer: a probability for each digit.
    #     XXXXXX,
    # ])
    # --- end


model = build_model()

# %% [markdown]
# Compile it: stochastic gradient descent with a learning rate of 0.1, the cross-entropy for one-hot labels, and the
# accuracy as a metric.

# %%
# --- solution
model.compile(
    optimizer=tf.keras.optimizers.SGD(learning_rate=0.1),
    loss="categorical_crossentropy",
    metrics=["accuracy"],
)
# --- skeleton
# model.compile(XXXXXX)
# --- end

# %% [markdown]
# ## 4. Train and evaluate
#
# Train on the training images with the batch size and the number of epochs given here, then measure the network on the
# test images.

# %%
BATCH_SIZE = 64
EPOCHS = 5

# --- solution
model.fit(trainX, trainY, batch_size=BATCH_SIZE, epochs=EPOCHS)
# --- skeleton
# model.fit(XXXXXX)
# --- end

# %%
# --- solution
test_loss, test_acc = model.evaluate(testX, testY)
# --- skeleton
# test_loss, test_acc = XXXXXX
# --- end
print("test accuracy:", test_acc)
