"""Networks looked at from outside: run on held-out images, described layer by layer, and sent with their weights."""

from __future__ import annotations

import os
import threading
import traceback
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from grader import networks
from grader.collect.identity import to_array
from grader.collect.session import Facts, Session
from grader.wire import Array

SNAPSHOTS_LIMIT = 6
NETWORKS_LIMIT = 64
"""Snapshots kept of one network, and networks kept at all: the lab has two, experiments in loops have many."""

PAUSE_S = 0.5
"""Before a network that was trained is run once more; one in some hundred failed, on a machine short of everything."""

INITIAL_LIMIT = 8
"""Networks whose weights before training are kept."""


def prepared(facts: Facts, shape: tuple[int, ...], raw: Array) -> Array:
    """Return raw images (n, 28, 28) uint8 as this network is fed them: scaled alike, float32 (n, *shape)."""
    scale, offset = ((facts or {}).get("scale") or 1 / 255, (facts or {}).get("offset") or 0.0)
    fed = raw.astype(np.float32) * np.float32(scale) + np.float32(offset)
    return fed.reshape(len(raw), *shape)


def _shapes(session: Session, model: Any) -> list[tuple[int, ...]]:
    """Return the shapes of one image to try on a network, the likeliest first."""
    fed = session.shapes.get(model)
    shapes = [fed] if fed is not None and int(np.prod(fed)) == session.held_out[0].size else []
    if shapes and not is_built(model):
        return shapes  # Any other would build it for images that it is not meant for.
    declared = (getattr(model, "input_shape", None), _build_shape(model)) if getattr(model, "built", False) else ()
    shapes.extend(tuple(shape[1:]) for shape in declared if isinstance(shape, tuple) and all(map(_is_size, shape[1:])))
    return [*shapes, (28, 28, 1), (28, 28), (784,)]


def _is_size(value: object) -> bool:
    return isinstance(value, int)


def _build_shape(model: Any) -> Any:
    """Return what `build` was called with, where that is known."""
    try:
        return model.get_build_config()["input_shape"]
    except Exception:  # noqa: BLE001 - the network is the student's
        return None


def is_built(model: Any) -> bool:
    """Tell whether all layers of a network have their weights: Keras calls others built after `build`, too."""
    try:
        return bool(model.built) and all(layer.built for layer in networks.leaves(model))
    except Exception:  # noqa: BLE001 - the network is the student's
        return False


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
            # So is the exception: its text may fail, or be none that can be encoded.
            told = f"not run on {images.shape}: {traceback.format_exc(limit=0)}"
            os.write(2, told.encode("utf-8", "replace")[:500] + b"\n")
            return None
        finally:
            session.depth -= 1
        inner = [step for step in steps if step.layer is not model]
        return inner, outputs, networks.fed_shape(inner, images)


def afresh(model: Any) -> Any:
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


def cost(session: Session, model: Any) -> int:
    """Return the multiplications of one image's way through a network, 0 where it does not run."""
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
    return _send_snapshot(session, model, stage)


def take_initial(session: Session, model: Any) -> None:
    """Send the weights that a network has before its first training; one that is not built yet has none."""
    is_first = model not in session.initial and len(session.initial) < INITIAL_LIMIT
    session.initial.add(model)
    if not is_first or not is_built(model):
        return
    traced = run_traced(session, model)
    exported = traced and networks.export(*traced[:2])
    if traced is None or not exported:
        return
    arrays = {f"w{n}": array for n, array in enumerate(exported[1])}
    fields = {
        "model": session.story.model_number(model),
        "call": session.story.latest,
        "stage": "initial",
        "class": type(model).__name__[:80],
        "layers": [],
        "parameters": 0,
        "spec": exported[0],
        "data": _snapshot_data(session, model, traced[2]),
    }
    session.story.send("snapshot", fields, arrays)


def _send_snapshot(session: Session, model: Any, stage: str) -> bool:
    traced = run_traced(session, model)
    if traced is None and stage == "trained":
        # It has just run a hundred times, so this was not its fault; a copy would not have learnt anything.
        threading.Event().wait(PAUSE_S)  # `time.sleep` is cut short for student code.
        traced = run_traced(session, model)
    copy = None if traced is not None else afresh(model)
    if copy is not None:
        traced = run_traced(session, copy)
    if traced is None:
        return False
    number = session.story.model_number(model)
    session.snapshots[number] = session.snapshots.get(number, 0) + 1
    steps, outputs, shape = traced
    exported = networks.export(steps, outputs)
    facts, arrays = _snapshot_data(session, model, shape), {}
    if exported is not None:
        arrays = {f"w{n}": array for n, array in enumerate(exported[1])}
    else:
        claimed = _claims(session, model, facts, shape)
        arrays = {} if claimed is None else {"claimed": claimed}
    fields = {
        "model": number,
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
