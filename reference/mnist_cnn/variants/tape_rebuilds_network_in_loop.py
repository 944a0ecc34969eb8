# defect: the network is built anew for every batch
# loses: gradient_tape
# finds: rebuilt-each-step

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

# %%
(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
print(train_images.shape, train_images.dtype)

# %%
train_images = np.expand_dims(train_images.astype('float32') / 255.0, -1)
test_images = np.expand_dims(test_images.astype('float32') / 255.0, -1)
print(train_images.shape, test_images.shape)

# %%
def build_fc_model():
    return tf.keras.Sequential([
        tf.keras.layers.Flatten(),
        # The hidden layer: 128 units, ReLU.
        tf.keras.layers.Dense(128, activation='relu'),
        # The output layer: a probability for each of the ten digits.
        tf.keras.layers.Dense(10, activation='softmax'),
    ])


model = build_fc_model()

# %%
model.compile(
    optimizer=tf.keras.optimizers.SGD(learning_rate=0.1),
    loss='sparse_categorical_crossentropy',
    metrics=['accuracy'],
)

# %%
BATCH_SIZE = 64
EPOCHS = 5

model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)

# %%
test_loss, test_acc = model.evaluate(test_images, test_labels)

print('Test accuracy of the fully connected network:', test_acc)

# %%
def build_cnn_model():
    return tf.keras.Sequential([
        # The first block: 64 filters, then pooling.
        tf.keras.layers.Conv2D(64, (3, 3), activation='relu'),
        tf.keras.layers.MaxPooling2D((2, 2)),
        # The second block: 128 filters, then pooling.
        tf.keras.layers.Conv2D(128, (3, 3), activation='relu'),
        tf.keras.layers.MaxPooling2D((2, 2)),
        # The third block: 256 filters, then pooling.
        tf.keras.layers.Conv2D(256, (3, 3), activation='relu'),
        tf.keras.layers.MaxPooling2D((2, 2)),
        tf.keras.layers.Flatten(),
        # A dense layer of 256 units, ReLU.
        tf.keras.layers.Dense(256, activation='relu'),
        # The output layer: a probability for each of the ten digits.
        tf.keras.layers.Dense(10, activation='softmax'),
    ])


cnn_model = build_cnn_model()
# One image through the network lets Keras work out the shapes of all layers.
cnn_model(train_images[:1])
cnn_model.summary()

# %%
cnn_model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])

# %%
cnn_model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)

# %%
test_loss, test_acc = cnn_model.evaluate(test_images, test_labels)

print('Test accuracy of the convolutional network:', test_acc)

# %%
predictions = cnn_model.predict(test_images)

# %%
prediction = np.argmax(predictions[0])

print('The first test image shows a', prediction, 'and its label is', test_labels[0])

# %%
cnn_model = build_cnn_model()
optimizer = tf.keras.optimizers.SGD(learning_rate=1e-2)
batch_size = 32
loss_history = []

for start in range(0, 3200, batch_size):
    cnn_model = build_cnn_model()
    images = train_images[start : start + batch_size]
    labels = train_labels[start : start + batch_size]

    with tf.GradientTape() as tape:
        # Run the network on the images.
        logits = cnn_model(images)
        # Compare its outputs with the labels.
        loss_value = tf.keras.losses.sparse_categorical_crossentropy(labels, logits)

    loss_history.append(float(tf.reduce_mean(loss_value)))
    # The gradient of the loss with respect to all trainable variables of the network.
    grads = tape.gradient(loss_value, cnn_model.trainable_variables)
    optimizer.apply_gradients(zip(grads, cnn_model.trainable_variables))

print('The loss went from', loss_history[0], 'to', loss_history[-1])
