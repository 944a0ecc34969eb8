"""A worker that tries whether TensorFlow computes in it: a product of matrices and a training, as work that is graded.

A simple operation would not do: it works where these wait for ever (docs/design/forkserver.md).
"""

from __future__ import annotations

import os

from grader import wire
from grader.sandbox import enter


def main() -> None:
    """Answer one request by computing something."""
    requests, answers = enter.begin()
    wire.read(requests)
    _compute()
    for part in wire.encode(wire.Frame(kind="works")):
        answers.write(part)
    answers.flush()
    os._exit(0)


def _compute() -> None:
    import keras  # noqa: PLC0415 - after the limits are on
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    images, labels = np.ones((64, 200), np.float32), np.zeros(64)
    tf.matmul(tf.ones((800, 800)), tf.ones((800, 800))).numpy()
    model = keras.Sequential([keras.layers.Dense(10)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images, labels, verbose=0)


if __name__ == "__main__":
    main()
