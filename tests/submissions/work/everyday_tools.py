# What honest notebooks do beside the lab; every line of it has to run under every tier.

# %%
import asyncio
import concurrent.futures
import logging
import os
import pathlib
import queue
import shutil
import sqlite3
import tempfile
import threading

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
train_images = (np.expand_dims(train_images, axis=-1) / 255.0).astype(np.float32)
test_images = (np.expand_dims(test_images, axis=-1) / 255.0).astype(np.float32)
assert tf.config.list_physical_devices("CPU")

# %%
fig, axes = plt.subplots(2, 3)
for axis, image in zip(axes.ravel(), train_images):
    axis.imshow(image[..., 0], cmap="gray")
    axis.set_title("Größe ☺")
plt.savefig("digits.png")
plt.savefig("digits.pdf")
plt.show()


# %%
def build_fc_model():
    return tf.keras.Sequential(
        [
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(128, activation="relu"),
            tf.keras.layers.Dense(10, activation="softmax"),
        ]
    )


model = build_fc_model()
# %%
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
# %%
callbacks = [
    tf.keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True, monitor="loss"),
    tf.keras.callbacks.CSVLogger("log.csv"),
    tf.keras.callbacks.TensorBoard("logs"),
    tf.keras.callbacks.EarlyStopping(monitor="loss", patience=3),
    tf.keras.callbacks.ReduceLROnPlateau(monitor="loss"),
    tf.keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
]
history = model.fit(train_images, train_labels, batch_size=64, epochs=5, callbacks=callbacks)
# %%
test_loss, test_acc = model.evaluate(test_images, test_labels)

# %%
model.save("model.keras")
model.save("model.h5")
model.save_weights("model.weights.h5")
again = tf.keras.models.load_model("model.keras")
old = tf.keras.models.load_model("model.h5")
again.load_weights("model.weights.h5")
model.export("exported")
reloaded = tf.saved_model.load("exported")
print(np.allclose(again(test_images[:4]), model(test_images[:4])), np.allclose(old(test_images[:4]), model(test_images[:4])))
model.summary()
tf.train.Checkpoint(model=model).save("checkpoints/one")

# %%
dataset = tf.data.Dataset.from_tensor_slices((train_images[:512], train_labels[:512]))
dataset = dataset.map(lambda x, y: (x * 1.0, y), num_parallel_calls=tf.data.AUTOTUNE).shuffle(100).batch(32)
dataset = dataset.cache("cached").prefetch(tf.data.AUTOTUNE)
for images, labels in dataset.take(2):
    pass


class Sequence(tf.keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return train_images[:32], train_labels[:32]


side = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)])
side.compile(loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
side.fit(Sequence(workers=2, use_multiprocessing=False), epochs=1, verbose=0)

# %%
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    total = sum(pool.map(lambda n: n * n, range(100)))
waiting = queue.Queue()
thread = threading.Thread(target=lambda: waiting.put(1))
thread.start()
thread.join()
print(waiting.get())


async def later():
    await asyncio.sleep(0)
    return 1


print(asyncio.run(later()))

# %%
connection = sqlite3.connect("notes.db")
connection.execute("create table notes (text)")
connection.commit()
with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
    file.write(b"x")
    pathlib.Path(folder, "a").write_text("x")
shutil.copy2("digits.png", "copy.png")
shutil.copytree("exported", "exported2")
shutil.make_archive("all", "zip", "exported")
os.makedirs("a/b/c", exist_ok=True)
os.chmod("copy.png", 0o600)
np.savez_compressed("arrays.npz", a=train_images[:4])
np.load("arrays.npz")["a"].mean()
logging.basicConfig(filename="lab.log", level=logging.INFO)
logging.info("done")
print(os.getcwd(), os.listdir(".")[:2], os.path.expanduser("~"), os.cpu_count())
