"""Calls of Keras within the budget: which part of the student's data is really trained on, evaluated and predicted."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
from collections.abc import Generator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from grader.collect.governor import ration
from grader.collect.identity import ENDLESS
from grader.collect.session import Facts, Session
from grader.collect.snapshots import cost

FRESH_TRAININGS = 3
"""Trainings in earnest of networks that are built alike; later ones show what was written, not what comes of it."""

TRAININGS = 2.5
"""Trainings of the most costly kind that one submission gets in all; dozens of experiments are not graded."""

TOKEN_SHARE = 0.1
"""What has to be left of one such training; below that, a training is a single step."""

INFERENCE_IMAGES = 40_000
"""Images that are predicted and evaluated in all where training is governed; four times the test images."""

PREDICT_BATCH = 256
"""Images at a time for evaluate and predict: the answers are the same, and it takes half the time of 32."""


def peek(arguments: dict[str, Any]) -> tuple[dict[str, Any], Any, Any, int]:
    """Return the arguments of `fit`, images and labels to look at, and how many rows these stand for, 0 if just those.

    Of a generator or a Keras dataset, the first batch is looked at.
    """
    x, y = arguments.get("x"), arguments.get("y")
    with contextlib.suppress(Exception):  # the generator is the student's; if it fails, it fails again in `fit`
        if isinstance(x, Generator):
            first = next(x)
            steps = to_int(arguments.get("steps_per_epoch")) or ENDLESS
            again = {**arguments, "x": (batch for batch in itertools.chain([first], x))}
            return again, first[0], first[1], steps * len(first[0])
        if isinstance(x, keras.utils.PyDataset):
            first = x[0]
            return arguments, first[0], first[1], len(x) * len(first[0])
    return arguments, x, y, 0


def to_int(value: Any) -> int | None:
    """Return a whole number, or None for what is none."""
    try:
        return int(value)
    except Exception:  # noqa: BLE001 - the object is the student's
        return None


def ration_fit(session: Session, model: Any, arguments: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """Return the arguments of `fit`, with training cut to the ration where there is one."""
    rows, epochs = (facts or {}).get("rows") or ENDLESS, to_int(arguments.get("epochs", 1))
    if not epochs or epochs < 1 or arguments.get("x") is None:
        return arguments
    batch = max(to_int(arguments.get("batch_size") or 32) or 32, 1)
    price = cost(session, model)
    # Networks that cost the same are the same network built again, in an experiment with optimizers, say.
    earlier = session.fits.get(model, 0)
    is_experiment = not earlier and session.trainings[price] >= FRESH_TRAININGS
    session.trainings[price] += not earlier
    if session.budget.images is not None and (is_experiment or _left(session) < TOKEN_SHARE):
        return _token(session, model, arguments, batch)
    got = ration(session.budget, cost=price, rows=rows, epochs=epochs, batch=batch, earlier_fits=earlier)
    if got is None or (got.images >= rows and got.epochs == epochs and got.per_epoch >= rows):
        return arguments
    session.spent += got.per_epoch * got.epochs * price
    session.capped.add(f"training: {got.epochs} epochs of {got.per_epoch} images instead of {epochs} of {rows}")
    return _cut(arguments, got.images, got.epochs, max(got.per_epoch // batch, 1))


def _left(session: Session) -> float:
    """Return what is left of the multiplications of all trainings together, in those of one training."""
    one = session.budget.multiplications
    return math.inf if one is None else TRAININGS - session.spent / one


def _token(session: Session, model: Any, arguments: dict[str, Any], batch: int) -> dict[str, Any]:
    """Return the arguments for a single step without a graph: it shows what was written, and costs next to nothing."""
    session.tokens += 1
    session.capped.add("training: further experiments ran for a single step")
    arguments = _cut(arguments, batch, 1, 1)
    model.run_eagerly = True
    return arguments


def _cut(arguments: dict[str, Any], images: int, epochs: int, steps: int) -> dict[str, Any]:
    """Cut the data of a `fit`: successive epochs see successive images, so as many epochs remain as were asked for."""
    arguments["epochs"] = epochs
    asked = to_int(arguments.get("steps_per_epoch"))
    arguments["steps_per_epoch"] = min(asked, steps) if asked else steps
    if is_sliceable(arguments.get("x")):
        split = float(arguments.pop("validation_split", 0.0) or 0.0)
        if 0.0 < split < 1.0:
            arguments["validation_data"] = _tail(arguments, split)
        for name in ("x", "y", "sample_weight"):
            if is_sliceable(arguments.get(name)):
                arguments[name] = arguments[name][:images]
    elif hasattr(arguments.get("x"), "repeat"):
        arguments["x"] = arguments["x"].repeat()
    held = arguments.get("validation_data")
    if isinstance(held, tuple) and all(map(is_sliceable, held)):
        arguments["validation_data"] = tuple(array[:1000] for array in held)
    return arguments


def _tail(arguments: Mapping[str, Any], split: float) -> tuple[Any, Any]:
    """Return the rows that `validation_split` sets aside: the last ones, before any shuffling, as Keras does."""
    x, y = arguments["x"], arguments["y"]
    start = int(len(x) * (1 - split))
    return x[start:], y[start:]


def is_sliceable(value: Any) -> bool:
    """Tell whether the first rows of something can be taken."""
    return isinstance(value, np.ndarray | tf.Tensor)


def add_early_stop(session: Session, arguments: dict[str, Any]) -> StopWhenLearned | None:
    """Add what ends a training once it has reached the expectation, where this effort has that; return it."""
    if session.budget.stop_accuracy is None:
        return None
    stop = StopWhenLearned(session.budget.stop_accuracy)
    given = arguments.get("callbacks") or []
    given = list(given) if isinstance(given, list | tuple) else [given]
    arguments["callbacks"] = [*given, stop]
    return stop


def without_event_files(arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave out the callbacks that write for TensorBoard: nobody looks at it here, and it may not be installed."""
    given = arguments.get("callbacks")
    if isinstance(given, keras.callbacks.Callback):
        given = [given]
    if not isinstance(given, list | tuple):
        return arguments
    return {**arguments, "callbacks": [each for each in given if not isinstance(each, keras.callbacks.TensorBoard)]}


class StopWhenLearned(keras.callbacks.Callback):  # type: ignore[misc] # Keras is untyped here
    """Ends a `fit` once the running training accuracy of an epoch has reached the expectation."""

    EVERY = 50
    AFTER = 200

    def __init__(self, accuracy: float) -> None:
        super().__init__()
        self._accuracy = accuracy
        self.stopped = False

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Look at the running accuracy every 50 steps, from the 200th on: earlier it is mostly noise."""
        if batch < self.AFTER or batch % self.EVERY:
            return
        reached = [value for name, value in (logs or {}).items() if "acc" in name and math.isfinite(value)]
        if reached and max(reached) >= self._accuracy:
            self.stopped = self.model.stop_training = True


def ration_datasets(session: Session) -> None:
    """Let `from_tensor_slices` take the first rows only, so that a hand-written loop has all its epochs in little time.

    How many rows a dataset really stands for is noted, and said of it later.
    """
    limit = session.budget.dataset_images
    if limit is None:
        return
    original = tf.data.Dataset.from_tensor_slices

    @functools.wraps(original)
    def from_tensor_slices(tensors: Any, *args: Any, **kwargs: Any) -> Any:
        parts = tensors if isinstance(tensors, tuple) else (tensors,)
        if session.depth or not tf.executing_eagerly() or not all(map(is_sliceable, parts)):
            return original(tensors, *args, **kwargs)
        rows = {len(part) for part in parts if np.ndim(part)}
        if len(rows) != 1 or max(rows) <= limit:
            return original(tensors, *args, **kwargs)
        session.images.cut = max(session.images.cut, max(rows) / limit)
        session.capped.add(f"datasets: the first {limit} rows")
        short = tuple(part[:limit] for part in parts)
        return original(short if isinstance(tensors, tuple) else short[0], *args, **kwargs)

    tf.data.Dataset.from_tensor_slices = staticmethod(from_tensor_slices)


def ration_evaluate(session: Session, arguments: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """Return the arguments of `evaluate` within the budget."""
    limit = session.budget.evaluate_images
    if limit is None or facts is None:
        return arguments
    limit = min(limit, max(INFERENCE_IMAGES - session.inferred, PREDICT_BATCH))
    session.inferred += min(facts["rows"], limit)
    if facts["rows"] <= limit:
        return arguments
    session.capped.add(f"evaluation: at most {session.budget.evaluate_images} images at a time")
    if not is_sliceable(arguments.get("x")):
        arguments["steps"] = min(to_int(arguments.get("steps")) or ENDLESS, max(limit // 32, 1))
    for name in ("x", "y", "sample_weight"):
        if is_sliceable(arguments.get(name)):
            arguments[name] = arguments[name][:limit]
    return arguments


def ration_predict(session: Session, arguments: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return the arguments of `predict` within what is left of the budget, and the rows to fill up to, 0 if none.

    Rows beyond the budget repeat those within: the answers to the first images are those of the network.
    """
    images: Any = arguments.get("x")
    if session.budget.images is None or not is_sliceable(images) or not images.ndim:
        return arguments, 0
    rows, allowed = len(images), max(INFERENCE_IMAGES - session.inferred, PREDICT_BATCH)
    session.inferred += min(rows, allowed)
    if rows <= allowed:
        return arguments, 0
    session.capped.add(f"predictions: {INFERENCE_IMAGES} images in all; the rows of further ones repeat earlier ones")
    arguments["x"] = images[:allowed]
    return arguments, rows


def wide_batches(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `evaluate` or `predict` with batches that take half the time."""
    if is_sliceable(arguments.get("x")) and (to_int(arguments.get("batch_size") or 32) or 32) < PREDICT_BATCH:
        arguments["batch_size"] = PREDICT_BATCH
    return arguments


def quiet(arguments: dict[str, Any], verbose: int) -> dict[str, Any]:
    """Replace Keras' progress bars, which are made for terminals, by a line an epoch or by nothing."""
    if arguments.get("verbose", "auto") in ("auto", 1, True):
        arguments["verbose"] = verbose
    return arguments
