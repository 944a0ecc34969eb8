# shows: a plain script whose main takes arguments, returns a code, and is called by sys.exit
"""MNIST lab solution.

Trains a fully connected network and a CNN, and a custom training loop.
"""
from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import dataclass
from typing import Tuple

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Config:
    batch_size: int = 64
    epochs: int = 5
    fc_learning_rate: float = 0.1
    seed: int = 42


Arrays = Tuple[np.ndarray, np.ndarray]


def load_data() -> Tuple[Arrays, Arrays]:
    """Load and preprocess MNIST."""
    (train_images, train_labels), (test_images, test_labels) = keras.datasets.mnist.load_data()

    def preprocess(images: np.ndarray) -> np.ndarray:
        return np.expand_dims(images.astype(np.float32) / 255.0, axis=-1)

    return (preprocess(train_images), train_labels), (preprocess(test_images), test_labels)


def build_fc_model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="fc",
    )


def build_cnn_model() -> keras.Model:
    inputs = keras.Input(shape=(28, 28, 1))
    x = inputs
    for filters in (64, 128, 256):
        x = layers.Conv2D(filters, kernel_size=3, activation="relu")(x)
        x = layers.MaxPooling2D(pool_size=2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(256, activation="relu")(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs, outputs, name="cnn")


def custom_training(train_images: np.ndarray, train_labels: np.ndarray, batch_size: int = 32) -> list[float]:
    net = build_cnn_model()
    optimizer = keras.optimizers.SGD(learning_rate=1e-2)
    losses: list[float] = []
    for start in range(0, 3200, batch_size):
        images = train_images[start : start + batch_size]
        labels = train_labels[start : start + batch_size]
        with tf.GradientTape() as tape:
            probs = net(images, training=True)
            loss_value = keras.losses.sparse_categorical_crossentropy(labels, probs)
        losses.append(float(tf.reduce_mean(loss_value)))
        grads = tape.gradient(loss_value, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
    return losses


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=Config.epochs)
    parser.add_argument("--batch-size", type=int, default=Config.batch_size)
    args = parser.parse_args(argv)
    config = Config(batch_size=args.batch_size, epochs=args.epochs)
    keras.utils.set_random_seed(config.seed)

    (train_images, train_labels), (test_images, test_labels) = load_data()

    fc_model = build_fc_model()
    fc_model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=config.fc_learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    fc_model.fit(train_images, train_labels, batch_size=config.batch_size, epochs=config.epochs, verbose=2)
    fc_loss, fc_acc = fc_model.evaluate(test_images, test_labels, verbose=0)
    logger.info("FC: loss %.4f accuracy %.4f", fc_loss, fc_acc)

    cnn = build_cnn_model()
    cnn.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    cnn.fit(train_images, train_labels, batch_size=config.batch_size, epochs=config.epochs, verbose=2)
    cnn_loss, cnn_acc = cnn.evaluate(test_images, test_labels, verbose=0)
    logger.info("CNN: loss %.4f accuracy %.4f", cnn_loss, cnn_acc)

    predictions = cnn.predict(test_images, verbose=0)
    prediction = int(np.argmax(predictions[0]))
    logger.info("Prediction %d, label %d", prediction, test_labels[0])

    losses = custom_training(train_images, train_labels)
    logger.info("Loss from %.4f to %.4f", losses[0], losses[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
