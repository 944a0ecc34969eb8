"""Instruments on Keras: each compile, fit, evaluate and predict is recorded, and kept within the budget."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from grader import networks
from grader.collect import homes, rationing
from grader.collect.looking import attempt
from grader.collect.session import Facts, Record, Session
from grader.collect.snapshots import afresh, is_built, run_traced, take_initial, take_snapshot
from grader.collect.story import plain_number

HISTORY_LIMIT = 200
CALLS_LIMIT = 500
"""Calls of networks by themselves that are looked at; loops over single images have thousands."""

INFERENCES = 15
"""Calls of evaluate and predict that are not counted as the student's own time; a loop over single images is."""


def install(session: Session) -> None:
    """Put the instruments into Keras, once per worker."""
    session.tracer.install()
    homes.install(_replace_everywhere)
    for name, wrapper in {
        "compile": _compile,
        "fit": _fit,
        "evaluate": _evaluate,
        "predict": _predict,
        "predict_on_batch": _predict_on_batch,
    }.items():
        setattr(keras.Model, name, _instrument(session, getattr(keras.Model, name), wrapper))
    for name in ("save", "save_weights", "export"):
        setattr(keras.Model, name, _instrument(session, getattr(keras.Model, name), _save))
    _install_loading(session)
    _install_saving(session)

    def called(model: Any, images: Any, outputs: Any) -> None:
        attempt(lambda: _listen(session, model, images, outputs))

    session.tracer.called = called
    tf.config.run_functions_eagerly(True)  # noqa: FBT003 - TensorFlow's own signature


def _install_loading(session: Session) -> None:
    """Record which networks come from a file, whichever of its names Keras' function is called by."""
    original = keras.models.load_model

    @functools.wraps(original)
    def load_model(*args: Any, **kwargs: Any) -> Any:
        with session.inside_keras():
            model = original(*args, **kwargs)
        record = Record(session=session, name="load_model", model=model)
        record.begin()
        record.end({})
        return model

    _replace_everywhere(original, load_model)


def _install_saving(session: Session) -> None:
    """Record which networks are written by Keras' function, which does the same as their method."""
    original = keras.models.save_model

    @functools.wraps(original)
    def save_model(model: Any, *args: Any, **kwargs: Any) -> Any:
        if session.depth or not isinstance(model, keras.Model):
            return original(model, *args, **kwargs)
        record = Record(session=session, name="save", model=model)
        result = _run(session, record, lambda: original(model, *args, **kwargs))
        record.end({})
        return result

    _replace_everywhere(original, save_model)


def _replace_everywhere(original: Callable[..., Any], replacement: Callable[..., Any]) -> None:
    """Put a function in the place of one of Keras', whichever of its modules it is looked for in."""
    name = original.__name__
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get(name) is original:
            setattr(module, name, replacement)


def _listen(session: Session, model: Any, images: Any, outputs: Any) -> None:
    """Record that a network was called by itself on test images, as others call `predict`."""
    if session.depth or session.listened >= CALLS_LIMIT or isinstance(images, keras.KerasTensor):
        return
    session.asked += 1
    session.listened += 1
    facts = session.images.facts(images)
    if facts is not None and facts["split"] == "test":
        record = Record(session=session, name="call", model=model, facts=facts)
        record.begin()
        record.end({"shape": [int(size) for size in np.shape(outputs)][:8]})
        session.predictions = [*session.predictions[-20:], (outputs, model)]


def _save(session: Session, original: Callable[..., Any], model: Any, arguments: dict[str, Any]) -> Any:
    record = Record(session=session, name=original.func.__name__, model=model)  # type: ignore[attr-defined]
    result = _run(session, record, lambda: original(**arguments))
    record.end({})
    return result


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
    if session.budget.images is not None:
        # How a step is executed changes nothing but the time it takes.
        arguments = {name: value for name, value in arguments.items() if name not in ("run_eagerly", "jit_compile")}
    result = _run(session, record, lambda: original(**arguments))
    optimizer = getattr(model, "optimizer", None)
    rate = plain_number(getattr(optimizer, "learning_rate", None))
    record.end({"optimizer": type(optimizer).__name__, "learning_rate": rate, **_size(session, model)})
    return result


def _size(session: Session, model: Any) -> dict[str, int]:
    """Return the number of layers and parameters of a network, for whoever waits; nothing where it cannot run."""
    # One that is not built yet must not be built for a shape that the student may not mean.
    shown = model if is_built(model) else afresh(model)
    traced = None if shown is None else run_traced(session, shown)
    if traced is None:
        return {}
    return {"layers": len(networks.layer_table(*traced[:2])), "parameters": int(shown.count_params())}


def _compile_settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    loss = arguments.get("loss")
    losses = list(_flat(loss))
    loss = losses[0] if len(losses) == 1 else loss
    metrics = list(_flat(arguments.get("metrics")))
    return {
        "optimizer": _name(arguments.get("optimizer", "rmsprop")),
        "loss": _name(loss),
        "metrics": [_name(metric) for metric in metrics][:10],
        "loss_weights": [_name(weight) for weight in _flat(arguments.get("loss_weights")) if isinstance(weight, str)][
            :10
        ],
        **_loss_behaviour(loss),
    }


def _flat(value: Any) -> Iterator[Any]:
    """Yield what a list holds, or a dictionary by the names of outputs; of a network with one output that is all."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _flat(each)
    elif value is not None:
        yield value


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
    if session.tracer.stand_in is not None:
        return getattr(model, "history", None) or keras.callbacks.History()
    arguments, images, labels, rows = rationing.peek(arguments)
    facts = _remember(session, model, images, labels)
    if facts is not None and rows:
        facts["rows"] = rows
    settings: dict[str, Any] = {
        "epochs": rationing.to_int(arguments.get("epochs", 1)),
        "batch_size": rationing.to_int(arguments.get("batch_size") or 32),
    }
    settings |= _validation(session, arguments, facts)
    attempt(lambda: take_initial(session, model))
    record = Record(session=session, name="fit", model=model, facts=facts, settings=settings)
    tokens = session.tokens
    governed = rationing.without_event_files(rationing.ration_fit(session, model, dict(arguments), facts))
    settings["token"] = session.tokens > tokens
    stop = rationing.add_early_stop(session, governed)
    started, updates = time.monotonic(), _updates(model)
    history = _run(session, record, lambda: original(**rationing.quiet(governed, 2)))
    session.fits[model] = session.fits.get(model, 0) + 1
    if stop is not None and stop.stopped:
        session.capped.add("training ended early, once the expected accuracy was reached")
    seconds = round(time.monotonic() - started, 3)
    total = _updates(model)
    made = {} if total is None or updates is None else {"updates": total - updates}
    record.end({"history": _curves(getattr(history, "history", {})), "seconds": seconds, **made})
    attempt(lambda: take_snapshot(session, model, "trained"))
    return history


def _validation(session: Session, arguments: Mapping[str, Any], fed: Facts) -> dict[str, Any]:
    """Return which share of the images is set aside for validation, and of which split others are.

    And whether some of those are certainly among the ones that are `fed`: together they are more than there are.
    """
    given = arguments.get("validation_data")
    images = given[0] if isinstance(given, tuple | list) and given else given
    facts = None if given is None else session.images.facts(images)
    # How many images a dataset has is only known to within a batch.
    is_exact = not any(hasattr(value, "element_spec") for value in (images, arguments.get("x")))
    return {
        "validation_split": plain_number(arguments.get("validation_split") or 0.0),
        "validation_data": "" if given is None else "other" if facts is None else facts["split"],
        "validation_rows": facts["rows"] if facts is not None and is_exact else None,
        "validation_seen": facts is not None and is_exact and session.images.are_too_many(fed, facts),
    }


def _updates(model: Any) -> int | None:
    """Return how often the optimizer of a network has changed its weights, or None where it does not count that."""
    optimizer = getattr(model, "optimizer", None)
    # With mixed precision, one optimizer is wrapped in another, which counts nothing.
    iterations = getattr(getattr(optimizer, "inner_optimizer", optimizer), "_iterations", None)
    # Where a training is distributed, the count is no plain number.
    return None if iterations is None else int(keras.ops.convert_to_numpy(iterations))


def _remember(session: Session, model: Any, images: Any, labels: Any) -> Facts:
    """Note what a network is fed, so that it can be run later on images prepared in the same way."""
    facts = session.images.facts(images, labels)
    if facts is not None:
        session.shapes[model] = tuple(facts["shape"])
    if facts is not None and facts["scale"] is not None:
        session.fed[model] = facts
    return facts


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
    governed = rationing.ration_evaluate(session, dict(arguments), facts)
    result = _infer(session, record, original, rationing.quiet(governed, 2))
    record.end({"values": [plain_number(value) for value in _results(result)[:10]]})
    return result


def _results(result: Any) -> list[Any]:
    """Return what `evaluate` returned as a list, the loss first; a dictionary has its keys in an order of its own."""
    if not isinstance(result, dict):
        values: list[Any] = np.ravel(result).tolist()
        return values
    return [result[name] for name in sorted(result, key=lambda name: name != "loss")]


def _infer(session: Session, record: Record, original: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    session.inferences += 1
    wide, is_governed = rationing.wide_batches(arguments), session.inferences <= INFERENCES
    return _run(session, record, lambda: original(**wide), governed=is_governed)


def _predict(session: Session, original: Callable[..., Any], model: Any, arguments: dict[str, Any]) -> Any:
    if session.tracer.stand_in is not None:
        return session.tracer.stand_in(model, arguments.get("x"))
    session.asked += 1
    facts = _remember(session, model, arguments.get("x"), None)
    record = Record(session=session, name="predict", model=model, facts=facts)
    governed, rows = rationing.ration_predict(session, dict(arguments))
    result = _infer(session, record, original, rationing.quiet(governed, 0))
    if rows and isinstance(result, np.ndarray):
        result = np.resize(result, (rows, *result.shape[1:]))
    record.end({"shape": [int(size) for size in np.shape(result)][:8]})
    session.predictions = [*session.predictions[-20:], (result, model)]
    return result


def _predict_on_batch(session: Session, original: Callable[..., Any], model: Any, arguments: dict[str, Any]) -> Any:
    if session.tracer.stand_in is not None:
        return session.tracer.stand_in(model, arguments.get("x"))
    session.asked += 1
    record = Record(session=session, name="predict", model=model, facts=_remember(session, model, arguments["x"], None))
    result = _run(session, record, lambda: original(**arguments), governed=False)
    record.end({"shape": [int(size) for size in np.shape(result)][:8]})
    session.predictions = [*session.predictions[-20:], (result, model)]
    return result
