# %%
import comet_ml
import matplotlib.pyplot as plt
import mitdeeplearning as mdl
import numpy as np
import tensorflow as tf
from tqdm import tqdm

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

# %%
def build_fc_model():
    fc_model = tf.keras.Sequential([
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(128, activation="relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
    ])
    return fc_model

model = build_fc_model()

# %%
model.compile(
    optimizer=tf.keras.optimizers.SGD(learning_rate=1e-1),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

# %%
BATCH_SIZE = 64
EPOCHS = 5

model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)

# %%
test_loss, test_acc = model.evaluate(test_images, test_labels)

print("Test accuracy:", test_acc)

# %%
def build_cnn_model():
    cnn_model = tf.keras.Sequential([
        tf.keras.layers.Conv2D(filters=24, kernel_size=(3, 3), activation=tf.nn.relu),
        tf.keras.layers.MaxPool2D(pool_size=(2, 2)),
        tf.keras.layers.Conv2D(filters=36, kernel_size=(3, 3), activation=tf.nn.relu),
        tf.keras.layers.MaxPool2D(pool_size=(2, 2)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(128, activation=tf.nn.relu),
        tf.keras.layers.Dense(10, activation=tf.nn.softmax),
    ])
    return cnn_model

cnn_model = build_cnn_model()
cnn_model.predict(train_images[[0]])
print(cnn_model.summary())

# %%
cnn_model.compile(
    optimizer=tf.keras.optimizers.Adam(learning_rate=1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

# %%
cnn_model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)

# %%
test_loss, test_acc = cnn_model.evaluate(test_images, test_labels)

print("Test accuracy:", test_acc)

# %%
predictions = cnn_model.predict(test_images)
predictions[0]

# %%
prediction = np.argmax(predictions[0])

print(prediction, "and its label is", test_labels[0])

# %%
image_index = 79
mdl.lab2.plot_image_prediction(image_index, predictions, test_labels, test_images)
mdl.lab2.plot_value_prediction(image_index, predictions, test_labels)

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
        logits = cnn_model(images)
        loss_value = tf.keras.losses.sparse_categorical_crossentropy(labels, logits)

    loss_history.append(loss_value.numpy().mean())
    plotter.plot(loss_history.get())
    grads = tape.gradient(loss_value, cnn_model.trainable_variables)
    optimizer.apply_gradients(zip(grads, cnn_model.trainable_variables))

comet_ml.end()
