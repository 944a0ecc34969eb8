"""Instruments on Keras: each compile, fit, evaluate and predict is recorded, and training is governed."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import math
import os
import time
import traceback
import weakref
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from grader import networks
from grader.collect.governor import Budget, ration
from grader.collect.identity import ENDLESS, Images, to_array
from grader.collect.runner import Stopwatch
from grader.collect.story import Story, plain_number, student_place
from grader.collect.surrogates import Surrogates
from grader.networks import Tracer
from grader.wire import Array

SNAPSHOTS_LIMIT = 6
NETWORKS_LIMIT = 12
"""Snapshots kept of one network, and networks kept at all: the lab has two, and a loop of trainings needs no more."""

FRESH_TRAININGS = 4
"""Trainings in earnest of networks that are built alike; later ones show what was written, not what comes of it."""

HISTORY_LIMIT = 200
INFERENCES = 40
"""Calls of evaluate and predict that are not counted as the student's own time; a loop over single images is."""

PREDICT_IMAGES = 40_000
"""Images that are predicted in all where training is governed; four times the test images."""

PREDICT_BATCH = 256
"""Images at a time for evaluate and predict: the answers are the same, and it takes half the time of 32."""

Facts = dict[str, Any] | None


@dataclass(kw_only=True)
class Session:
    """What the instruments share while one submission runs."""

    story: Story
    images: Images
    tracer: Tracer
    budget: Budget
    held_out: Array
    watched: frozenset[str] = frozenset()
    named: dict[str, int] = field(default_factory=dict)
    watched_values: dict[str, Any] = field(default_factory=dict)
    fed: weakref.WeakKeyDictionary[Any, Facts] = field(default_factory=weakref.WeakKeyDictionary)
    costs: weakref.WeakKeyDictionary[Any, int] = field(default_factory=weakref.WeakKeyDictionary)
    fits: weakref.WeakKeyDictionary[Any, int] = field(default_factory=weakref.WeakKeyDictionary)
    predictions: list[tuple[Any, Any]] = field(default_factory=list)
    snapshots: dict[int, int] = field(default_factory=dict)
    depth: int = 0
    capped: set[str] = field(default_factory=set)
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    trainings: Counter[int] = field(default_factory=Counter)
    inferences: int = 0
    inferred: int = 0
    surrogates: Surrogates = field(default_factory=lambda: Surrogates(()))

    @contextmanager
    def inside_keras(self) -> Iterator[None]:
        """Mark that Keras runs: what it calls of itself is not the student's, and its graphs stay graphs."""
        self.depth += 1
        tf.config.run_functions_eagerly(False)  # noqa: FBT003 - TensorFlow's own signature
        try:
            yield
        finally:
            self.depth -= 1
            # Outside, tf.function runs eagerly, so that a decorated training step can be recorded.
            tf.config.run_functions_eagerly(self.depth == 0)


@dataclass(kw_only=True)
class Record:
    """One call while it goes on: sent when it begins and again when it has ended."""

    session: Session
    name: str
    model: Any
    facts: Facts = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Number and send the call, so that one that never returns is known too."""
        self._cell, self._line = student_place()
        self._number = self.session.story.number()
        self._send({}, "", finished=False)

    def end(self, result: Mapping[str, Any]) -> None:
        """Send the call with its result."""
        self._send(result, "", finished=True)

    def failed(self, error: BaseException) -> None:
        """Send the call with the reason why it did not return."""
        self._send({}, f"{type(error).__name__}: {error}"[:300], finished=False)

    def _send(self, result: Mapping[str, Any], error: str, *, finished: bool) -> None:
        fields = {
            "number": self._number,
            "name": self.name,
            "cell": self._cell,
            "line": self._line,
            "model": self.session.story.model_number(self.model),
            "data": self.facts,
            "settings": dict(self.settings),
            "result": dict(result),
            "error": error,
            "finished": finished,
        }
        self.session.story.send("call", fields)


def install(session: Session) -> None:
    """Put the instruments into Keras, once per worker."""
    session.tracer.install()
    for name, wrapper in {
        "compile": _compile,
        "fit": _fit,
        "evaluate": _evaluate,
        "predict": _predict,
    }.items():
        setattr(keras.Model, name, _instrument(session, getattr(keras.Model, name), wrapper))
    tf.config.run_functions_eagerly(True)  # noqa: FBT003 - TensorFlow's own signature


def _instrument(session: Session, original: Callable[..., Any], wrapper: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def instrumented(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.depth:
            return original(self, *args, **kwargs)
        try:
            arguments = dict(signature.bind(self, *args, **kwargs).arguments)
        except TypeError as error:
            record = Record(session=session, name=original.__name__, model=self)
            record.begin()
            record.failed(error)
            raise
        arguments.pop("self", None)
        arguments.update(arguments.pop("kwargs", {}))
        return wrapper(session, functools.partial(original, self), self, arguments)

    return instrumented


def _run(session: Session, record: Record, call: Callable[[], Any], *, governed: bool = True) -> Any:
    """Run Keras' own method, and record how it ends; a governed call is not counted as the student's own time."""
    record.begin()
    try:
        with session.inside_keras(), session.stopwatch.paused() if governed else contextlib.nullcontext():
            return call()
    except BaseException as error:
        record.failed(error)
        raise


def _compile(session: Session, original: Callable[..., Any], model: Any, arguments: dict[str, Any]) -> Any:
    record = Record(session=session, name="compile", model=model, settings=_compile_settings(arguments))
    result = _run(session, record, lambda: original(**arguments))
    optimizer = getattr(model, "optimizer", None)
    rate = plain_number(getattr(optimizer, "learning_rate", None))
    record.end({"optimizer": type(optimizer).__name__, "learning_rate": rate, **_size(session, model)})
    return result


def _size(session: Session, model: Any) -> dict[str, int]:
    """Return the number of layers and parameters of a network, for whoever waits; nothing where it cannot run."""
    # One that is not built yet must not be built for a shape that the student may not mean.
    shown = model if getattr(model, "built", False) else _afresh(model)
    traced = None if shown is None else run_traced(session, shown)
    if traced is None:
        return {}
    return {"layers": len(networks.layer_table(*traced[:2])), "parameters": int(shown.count_params())}


def _compile_settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    loss = arguments.get("loss")
    loss = loss[0] if isinstance(loss, list | tuple) and len(loss) == 1 else loss
    metrics = arguments.get("metrics")
    metrics = metrics if isinstance(metrics, list | tuple) else [] if metrics is None else [metrics]
    return {
        "optimizer": _name(arguments.get("optimizer", "rmsprop")),
        "loss": _name(loss),
        "metrics": [_name(metric) for metric in metrics][:10],
        **_loss_behaviour(loss),
    }


def _name(value: Any) -> str:
    name = value if isinstance(value, str) else getattr(value, "__name__", None) or type(value).__name__
    return "" if value is None else str(name)[:80]


LOSS_LABELS = np.array([3, 1, 0], np.int64)
LOSS_OUTPUTS = np.full((3, 10), 0.05, np.float32)
LOSS_OUTPUTS[[0, 1, 2], [3, 7, 0]] = 0.55
"""A loss is known by what it gives here: rows that sum to one, two of them right and one wrong."""


def _loss_behaviour(loss: Any) -> dict[str, Any]:
    """Return what the loss gives for integer and for one-hot labels, with probabilities and with their logarithms.

    Logarithms of probabilities are logits of the same distribution: a loss with `from_logits=True` is known by them.
    """
    answers: dict[str, Any] = {"loss_error": "" if loss is not None else "no loss was given"}
    labels = {"integer": LOSS_LABELS, "one_hot": np.eye(10, dtype=np.float32)[LOSS_LABELS]}
    outputs = {"": LOSS_OUTPUTS, "_logits": np.log(LOSS_OUTPUTS)}
    for kind, ending in itertools.product(labels, outputs):
        try:
            value = keras.losses.get(loss)(tf.constant(labels[kind]), tf.constant(outputs[ending]))
            answers[f"loss_{kind}{ending}"] = plain_number(np.mean(np.asarray(value)))
        except Exception as error:  # noqa: BLE001 - a student's loss may raise anything
            answers["loss_error"] = str(error)[:200]
    return answers


def _fit(session: Session, original: Callable[..., Any], model: Any, arguments: dict[str, Any]) -> Any:
    arguments, first = _peek(arguments)
    facts = _remember(session, model, *first)
    settings = {
        "epochs": _int(arguments.get("epochs", 1)),
        "batch_size": _int(arguments.get("batch_size") or 32),
    }
    record = Record(session=session, name="fit", model=model, facts=facts, settings=settings)
    governed = _govern_fit(session, model, dict(arguments), facts)
    stop = _add_early_stop(session, governed)
    started = time.monotonic()
    history = _run(session, record, lambda: original(**_quiet(governed, 2)))
    session.fits[model] = session.fits.get(model, 0) + 1
    if stop is not None and stop.stopped:
        session.capped.add("training ended early, once the expected accuracy was reached")
    seconds = round(time.monotonic() - started, 3)
    record.end({"history": _curves(getattr(history, "history", {})), "seconds": seconds})
    try:
        take_snapshot(session, model, "trained")
    except Exception:  # noqa: BLE001 - an observer must not fail where the student's own call did not
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
    return history


def _remember(session: Session, model: Any, images: Any, labels: Any) -> Facts:
    """Note what a network is fed, so that it can be run later on images prepared in the same way."""
    facts = session.images.facts(images, labels)
    if facts is not None and facts["scale"] is not None:
        session.fed[model] = facts
    return facts


def _peek(arguments: dict[str, Any]) -> tuple[dict[str, Any], tuple[Any, Any]]:
    """Return the arguments of `fit`, and (images, labels) to look at: of a generator, those of its first batch."""
    x, y = arguments.get("x"), arguments.get("y")
    with contextlib.suppress(Exception):  # the generator is the student's; if it fails, it fails again in `fit`
        if isinstance(x, Generator):
            first = next(x)
            return {**arguments, "x": (batch for batch in itertools.chain([first], x))}, (first[0], first[1])
        if isinstance(x, keras.utils.PyDataset):
            return arguments, (x[0][0], x[0][1])
    return arguments, (x, y)


def _int(value: Any) -> int | None:
    try:
        return int(value)
    except Exception:  # noqa: BLE001 - the object is the student's
        return None


def _govern_fit(session: Session, model: Any, arguments: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """Return the arguments of `fit`, with training cut to the ration where there is one."""
    rows, epochs = (facts or {}).get("rows") or ENDLESS, _int(arguments.get("epochs", 1))
    if not epochs or epochs < 1 or arguments.get("x") is None:
        return arguments
    batch = max(_int(arguments.get("batch_size") or 32) or 32, 1)
    cost = _cost(session, model)
    # Networks that cost the same are the same network built again, in an experiment with optimizers, say.
    earlier = max(session.fits.get(model, 0), session.trainings[cost] - FRESH_TRAININGS + 1)
    session.trainings[cost] += 1
    got = ration(session.budget, cost=cost, rows=rows, epochs=epochs, batch=batch, earlier_fits=earlier)
    if got is None or (got.images >= rows and got.epochs == epochs and got.per_epoch >= rows):
        return arguments
    session.capped.add(f"training: {got.epochs} epochs of {got.per_epoch} images instead of {epochs} of {rows}")
    return _cut(arguments, got.images, got.epochs, max(got.per_epoch // batch, 1))


def _cut(arguments: dict[str, Any], images: int, epochs: int, steps: int) -> dict[str, Any]:
    """Cut the data of a `fit`: successive epochs see successive images, so as many epochs remain as were asked for."""
    arguments["epochs"] = epochs
    asked = _int(arguments.get("steps_per_epoch"))
    arguments["steps_per_epoch"] = min(asked, steps) if asked else steps
    if _is_sliceable(arguments.get("x")):
        split = float(arguments.pop("validation_split", 0.0) or 0.0)
        if 0.0 < split < 1.0:
            arguments["validation_data"] = _tail(arguments, split)
        for name in ("x", "y", "sample_weight"):
            if _is_sliceable(arguments.get(name)):
                arguments[name] = arguments[name][:images]
    elif hasattr(arguments.get("x"), "repeat"):
        arguments["x"] = arguments["x"].repeat()
    held = arguments.get("validation_data")
    if isinstance(held, tuple) and all(map(_is_sliceable, held)):
        arguments["validation_data"] = tuple(array[:1000] for array in held)
    return arguments


def _tail(arguments: Mapping[str, Any], split: float) -> tuple[Any, Any]:
    """Return the rows that `validation_split` sets aside: the last ones, before any shuffling, as Keras does."""
    x, y = arguments["x"], arguments["y"]
    start = int(len(x) * (1 - split))
    return x[start:], y[start:]


def _is_sliceable(value: Any) -> bool:
    return isinstance(value, np.ndarray | tf.Tensor)


def _add_early_stop(session: Session, arguments: dict[str, Any]) -> StopWhenLearned | None:
    if session.budget.stop_accuracy is None:
        return None
    stop = StopWhenLearned(session.budget.stop_accuracy)
    given = arguments.get("callbacks") or []
    given = list(given) if isinstance(given, list | tuple) else [given]
    arguments["callbacks"] = [*given, stop]
    return stop


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


def _curves(history: Any) -> dict[str, list[float | None]]:
    if not isinstance(history, dict):
        return {}
    return {
        str(name)[:40]: [plain_number(value) for value in list(values)[:HISTORY_LIMIT]]
        for name, values in list(history.items())[:12]
        if isinstance(values, list)
    }


def _evaluate(session: Session, original: Callable[..., Any], model: Any, arguments: dict[str, Any]) -> Any:
    facts = _remember(session, model, arguments.get("x"), arguments.get("y"))
    record = Record(session=session, name="evaluate", model=model, facts=facts)
    governed = dict(arguments)
    limit = session.budget.evaluate_images
    if limit is not None and facts is not None and facts["rows"] > limit:
        session.capped.add(f"evaluation: the first {limit} images")
        if not _is_sliceable(governed.get("x")):
            governed["steps"] = min(_int(governed.get("steps")) or ENDLESS, max(limit // 32, 1))
        for name in ("x", "y", "sample_weight"):
            if _is_sliceable(governed.get(name)):
                governed[name] = governed[name][:limit]
    session.inferences += 1
    is_governed = session.inferences <= INFERENCES
    result = _run(session, record, lambda: original(**_quiet(_wide_batches(governed), 2)), governed=is_governed)
    values = list(result.values()) if isinstance(result, dict) else np.ravel(result).tolist()
    record.end({"values": [plain_number(value) for value in values[:10]]})
    return result


def _wide_batches(arguments: dict[str, Any]) -> dict[str, Any]:
    if _is_sliceable(arguments.get("x")) and (_int(arguments.get("batch_size") or 32) or 32) < PREDICT_BATCH:
        arguments["batch_size"] = PREDICT_BATCH
    return arguments


def _quiet(arguments: dict[str, Any], verbose: int) -> dict[str, Any]:
    """Replace Keras' progress bars, which are made for terminals, by a line an epoch or by nothing."""
    if arguments.get("verbose", "auto") in ("auto", 1, True):
        arguments["verbose"] = verbose
    return arguments


def _predict(session: Session, original: Callable[..., Any], model: Any, arguments: dict[str, Any]) -> Any:
    if session.tracer.stand_in is not None:
        return session.tracer.stand_in(model, arguments.get("x"))
    facts = _remember(session, model, arguments.get("x"), None)
    record = Record(session=session, name="predict", model=model, facts=facts)
    governed, rows = _ration_predict(session, dict(arguments))
    session.inferences += 1
    is_governed = session.inferences <= INFERENCES
    result = _run(session, record, lambda: original(**_quiet(_wide_batches(governed), 0)), governed=is_governed)
    if rows and isinstance(result, np.ndarray):
        result = np.resize(result, (rows, *result.shape[1:]))
    record.end({"shape": [int(size) for size in np.shape(result)][:8]})
    session.predictions = [*session.predictions[-20:], (result, model)]
    return result


def _ration_predict(session: Session, arguments: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return the arguments of `predict` within what is left of the budget, and the rows to fill up to, 0 if none.

    Rows beyond the budget repeat those within: the answers to the first images are those of the network.
    """
    images: Any = arguments.get("x")
    if session.budget.images is None or not _is_sliceable(images) or not images.ndim:
        return arguments, 0
    rows, allowed = len(images), max(PREDICT_IMAGES - session.inferred, PREDICT_BATCH)
    session.inferred += min(rows, allowed)
    if rows <= allowed:
        return arguments, 0
    session.capped.add(f"predictions: {PREDICT_IMAGES} images in all; the rows of further ones repeat earlier ones")
    arguments["x"] = images[:allowed]
    return arguments, rows


def prepared(facts: Facts, shape: tuple[int, ...], raw: Array) -> Array:
    """Return raw images (n, 28, 28) uint8 as this network is fed them: scaled alike, float32 (n, *shape)."""
    scale, offset = ((facts or {}).get("scale") or 1 / 255, (facts or {}).get("offset") or 0.0)
    fed = raw.astype(np.float32) * np.float32(scale) + np.float32(offset)
    return fed.reshape(len(raw), *shape)


def _shapes(session: Session, model: Any) -> list[tuple[int, ...]]:
    """Return the shapes of one image to try on a network, the likeliest first."""
    known = session.fed.get(model)
    declared = getattr(model, "input_shape", None) if getattr(model, "built", False) else None
    shapes = [tuple(known["shape"])] if known else []
    if isinstance(declared, tuple) and all(isinstance(size, int) for size in declared[1:]):
        shapes.append(tuple(declared[1:]))
    return [*shapes, (28, 28, 1), (28, 28), (784,)]


Traced = tuple[list[networks.Step], Any, tuple[int, ...]]
"""(layer calls, outputs, shape of one image) of one run of a network."""


def run_traced(session: Session, model: Any, count: int = 2) -> Traced | None:
    """Run a network once on held-out images; None where it runs on no shape that they can have."""
    facts = session.fed.get(model)
    for shape in _shapes(session, model):
        if int(np.prod(shape)) == session.held_out[0].size:
            traced = _try_shape(session, model, prepared(facts, shape, session.held_out[:count]))
            if traced is not None:
                return traced
    return None


def _try_shape(session: Session, model: Any, images: Array) -> Traced | None:
    with session.tracer.watching() as steps:
        session.depth += 1
        try:
            outputs = model(tf.constant(images), training=False)
        except Exception:  # noqa: BLE001 - the network is the student's
            return None
        finally:
            session.depth -= 1
        return [step for step in steps if step.layer is not model], outputs, images.shape[1:]


def _afresh(model: Any) -> Any:
    """Return a copy of a sequential network with new layers: one that failed on a wrong shape stays spoilt."""
    if not isinstance(model, keras.Sequential):
        return None
    try:
        return keras.Sequential([_layer_afresh(layer) for layer in model.layers])
    except Exception:  # noqa: BLE001 - layers of the student's own
        return None


def _layer_afresh(layer: Any) -> Any:
    config = layer.get_config()
    if "activation" in config:
        config["activation"] = layer.activation  # A function of TensorFlow's own is no name that Keras can look up.
    return type(layer).from_config(config)


def _cost(session: Session, model: Any) -> int:
    if model not in session.costs:
        traced = run_traced(session, model)
        session.costs[model] = networks.multiplications(traced[0]) if traced else 0
    return session.costs[model]


def take_snapshot(session: Session, model: Any, stage: str) -> bool:
    """Send the layer table and, where they can travel, spec and weights of a network; False where it cannot run."""
    if any(model is surrogate for surrogate in session.surrogates.made):
        return False
    number = session.story.model_number(model)
    taken = session.snapshots.get(number, 0)
    if taken >= SNAPSHOTS_LIMIT or (not taken and len(session.snapshots) >= NETWORKS_LIMIT):
        return False
    traced = run_traced(session, model)
    copy = None if traced is not None else _afresh(model)
    if copy is not None:
        traced = run_traced(session, copy)
    if traced is None:
        return False
    session.snapshots[number] = taken + 1
    steps, outputs, shape = traced
    exported = networks.export(steps, outputs)
    facts, arrays = _snapshot_data(session, model, shape), {}
    if exported is not None:
        arrays = {f"w{n}": array for n, array in enumerate(exported[1])}
    else:
        claimed = _claims(session, model, facts, shape)
        arrays = {} if claimed is None else {"claimed": claimed}
    fields = {
        "model": session.story.model_number(model),
        "call": session.story.latest,
        "stage": stage,
        "class": type(model).__name__[:80],
        "layers": networks.layer_table(steps, outputs)[:200],
        "parameters": int((copy or model).count_params()),
        "spec": exported and exported[0],
        "data": facts,
    }
    session.story.send("snapshot", fields, arrays)
    return True


def _snapshot_data(session: Session, model: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    known = session.fed.get(model)
    base = known or {
        "split": "other",
        "rows": 0,
        "dtype": "float32",
        "low": 0.0,
        "high": 1.0,
        "labels": "absent",
    }
    scale, offset = (known["scale"], known["offset"]) if known else (None, None)
    return {**base, "shape": list(shape), "scale": scale, "offset": offset}


def _claims(session: Session, model: Any, facts: dict[str, Any], shape: tuple[int, ...]) -> Array | None:
    try:
        outputs = networks.predict(model, prepared(facts, shape, session.held_out))
    except Exception:  # noqa: BLE001 - the network is the student's
        return None
    array = to_array(outputs)
    return None if array is None or array.ndim != 2 else array  # noqa: PLR2004 - images × classes
