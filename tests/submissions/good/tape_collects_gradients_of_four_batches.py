# shows: the optimizer takes a step for every fourth batch, with the mean of their gradients

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
cnn_model.build((None, 28, 28, 1))
optimizer = tf.keras.optimizers.SGD(learning_rate=1e-2)
loss_history = []
collected = [tf.zeros_like(v) for v in cnn_model.trainable_variables]
for number, start in enumerate(range(0, 3200, 32), 1):
    images, labels = train_images[start:start + 32], train_labels[start:start + 32]
    with tf.GradientTape() as tape:
        logits = cnn_model(images)
        loss_value = tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(labels, logits))
    grads = tape.gradient(loss_value, cnn_model.trainable_variables)
    collected = [old + new / 4 for old, new in zip(collected, grads)]
    if number % 4 == 0:
        optimizer.apply_gradients(zip(collected, cnn_model.trainable_variables))
        collected = [tf.zeros_like(v) for v in cnn_model.trainable_variables]
    loss_history.append(float(loss_value))
