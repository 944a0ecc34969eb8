"""Keras networks as plain data: layer tables, and specs from which a clean process builds the same network again.

Imports Keras: for the workers only. A spec is a list of `{"class": name, "config": {…}}` with nothing but layers and
settings from the allow-list below, so rebuilding one can run no code of a student (attacks B09 to B11).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from grader.wire import Array

_SIZED = ("strides", "padding", "dilation_rate", "groups", "use_bias", "activation", "data_format")
ALLOWED: dict[str, tuple[str, ...]] = {
    "Activation": ("activation",),
    "AveragePooling2D": ("pool_size", "strides", "padding", "data_format"),
    "BatchNormalization": ("axis", "momentum", "epsilon", "center", "scale"),
    "Conv1D": ("filters", "kernel_size", *_SIZED),
    "Conv2D": ("filters", "kernel_size", *_SIZED),
    "Dense": ("units", "activation", "use_bias"),
    "DepthwiseConv2D": ("kernel_size", "depth_multiplier", *_SIZED),
    "Dropout": ("rate",),
    "ELU": ("alpha",),
    "Flatten": ("data_format",),
    "GaussianNoise": ("stddev",),
    "GlobalAveragePooling2D": ("keepdims", "data_format"),
    "GlobalMaxPooling2D": ("keepdims", "data_format"),
    "LayerNormalization": ("axis", "epsilon", "center", "scale"),
    "LeakyReLU": ("negative_slope",),
    "MaxPooling2D": ("pool_size", "strides", "padding", "data_format"),
    "Permute": ("dims",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "Rescaling": ("scale", "offset"),
    "Reshape": ("target_shape",),
    "SeparableConv2D": ("filters", "kernel_size", "depth_multiplier", *_SIZED),
    "Softmax": ("axis",),
    "SpatialDropout2D": ("rate",),
    "ZeroPadding2D": ("padding", "data_format"),
}
"""Layers that may be rebuilt, with the settings that matter; all others make a network opaque."""

_SHOWN = ("units", "filters", "kernel_size", "pool_size", "strides", "padding", "rate")
"""Settings that a layer table keeps, so that a check can say which one differs."""

_ACTIVATIONS = [
    "linear",
    "relu",
    "softmax",
    "sigmoid",
    "tanh",
    "selu",
    "elu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
    "leaky_relu",
    "relu6",
    "exponential",
    "hard_sigmoid",
    "log_softmax",
    "mish",
]

_GENUINE = {name: value for name, value in vars(keras.layers).items() if isinstance(value, type)}
"""Keras' own layers by name, as they were before any code of a student's ran."""

PROBE = np.array([[-7.0, -2.0, -0.5, 0.0, 0.5, 2.0, 7.0]], np.float32)


@dataclass(kw_only=True)
class Step:
    """One call of a layer while a network ran: which layer, what went in, what came out."""

    layer: Any
    source: Any
    output: Any = None
    nested: bool = False


@dataclass(kw_only=True)
class Tracer:
    """Notes the calls of layers, in the order they began, while it is switched on.

    While there is a `stand_in`, whole networks are not run; it answers for them. `called` is told of every network that
    is called while nothing is noted: itself, what went in, and what came out.
    """

    steps: list[Step] = field(default_factory=list)
    active: bool = False
    limit: int = 400
    stand_in: Callable[[Any, Any], Any] | None = None
    called: Callable[[Any, Any, Any], None] | None = None

    def install(self) -> None:
        """Put the tracer into `keras.layers.Layer.__call__`, once per process."""
        original = keras.layers.Layer.__call__
        tracer = self

        def traced(layer: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(layer, keras.Model):
                _require_images(args[0] if args else None)
            if tracer.stand_in is not None and isinstance(layer, keras.Model):
                return keras.ops.convert_to_tensor(tracer.stand_in(layer, args[0] if args else None))
            if not tracer.active or len(tracer.steps) >= tracer.limit:
                output = original(layer, *args, **kwargs)
                if tracer.called is not None and args and isinstance(layer, keras.Model):
                    tracer.called(layer, args[0], output)
                return output
            step = Step(layer=layer, source=args[0] if args else next(iter(kwargs.values()), None))
            tracer.steps.append(step)
            position = len(tracer.steps)
            # A layer that is another one's activation is a setting of it, not a layer of the network.
            tracer.active = not isinstance(getattr(layer, "activation", None), keras.layers.Layer)
            try:
                step.output = original(layer, *args, **kwargs)
            finally:
                tracer.active = True
            step.nested = len(tracer.steps) > position
            return step.output

        keras.layers.Layer.__call__ = traced

    @contextmanager
    def watching(self) -> Iterator[list[Step]]:
        """Collect the steps of a block in a list of their own."""
        before, self.steps, was_active = self.steps, [], self.active
        self.active = True
        try:
            yield self.steps
        finally:
            self.steps, self.active = before, was_active


LARGEST_ROW = 1_000_000
"""Numbers of one image beyond which it is none; a colour photo for the networks of the field has 150,528."""


def _require_images(batch: Any) -> None:
    """Refuse what a network would need all the memory for: an axis at the wrong end makes one image of a whole set.

    Raises:
        ValueError: one row of the batch is far larger than an image.
    """
    sizes = [size for size in (getattr(batch, "shape", None) or ())[1:] if isinstance(size, int)]
    if math.prod(sizes) > LARGEST_ROW:
        shape = " × ".join(map(str, sizes))
        raise ValueError(f"one image of this batch has the shape {shape}: the first axis has to count the images")


def leaves(model: Any) -> list[Any]:
    """Return the layers of a network that hold no other layers, in the order Keras lists them."""
    found = [
        layer
        for layer in model._flatten_layers(include_self=False, recursive=True)  # noqa: SLF001 - no public walk exists
        if not any(True for _ in layer._flatten_layers(include_self=False, recursive=False))  # noqa: SLF001
    ]
    return [layer for layer in found if type(layer).__name__ != "InputLayer"]


def activation_name(activation: Any) -> str:
    """Return the canonical name of an activation by what it does to `PROBE`, else the name it calls itself."""
    if activation is None:
        return "linear"
    try:
        given = np.asarray(activation(keras.ops.convert_to_tensor(PROBE)))
        for name in _ACTIVATIONS:
            expected = np.asarray(keras.activations.get(name)(keras.ops.convert_to_tensor(PROBE)))
            if given.shape == expected.shape and np.allclose(given, expected, rtol=1e-4, atol=1e-5):
                return name
    except Exception:  # noqa: BLE001 - a student's function may raise anything
        return "unknown"
    return str(getattr(activation, "__name__", type(activation).__name__))[:60]


class _ActivationNames:
    """Remembers names by function: the behaviour test costs a few milliseconds each time."""

    def __init__(self) -> None:
        self._known: list[tuple[Any, str]] = []

    def __call__(self, activation: Any) -> str:
        for known, name in self._known:
            if known is activation:
                return name
        name = activation_name(activation)
        self._known = [*self._known[-50:], (activation, name)]
        return name


named_activation = _ActivationNames()


def chain(steps: Sequence[Step]) -> list[Step]:
    """Return the calls of leaf layers on real images, in the order in which they began.

    A sequential network that is called for the first time runs its layers on symbolic tensors before.
    """
    return [
        step
        for step in steps
        if not step.nested
        and type(step.layer).__name__ != "InputLayer"
        and not isinstance(step.output, keras.KerasTensor)
    ]


def fed_shape(steps: Sequence[Step], images: Array) -> tuple[int, ...]:
    """Return the shape in which one of some images (n, …) came to the first layer: Keras adds an axis that it lacks."""
    first = next(iter(chain(steps)), None)
    shape = () if first is None else np.shape(first.source)[1:]
    return tuple(map(int, shape)) if np.prod(shape) == images[0].size else images.shape[1:]


def bridges(calls: Sequence[Step], outputs: Any) -> list[str | None]:
    """Return, for each call of a chain, the activation that was applied to its output outside of any layer.

    `linear` where the output went on as it was, None where something else was done with it.
    """
    following = [step.source for step in calls[1:]] + [outputs]
    return [_bridge(step.output, after) for step, after in zip(calls, following, strict=True)]


def _bridge(before: Any, after: Any) -> str | None:
    if after is before:
        return "linear"
    one, other = np.asarray(before), np.asarray(after)
    if one.shape != other.shape:
        return None
    for name in ("relu", "softmax", "sigmoid", "tanh", "elu", "selu", "gelu", "silu", "leaky_relu"):
        if np.allclose(np.asarray(keras.activations.get(name)(keras.ops.convert_to_tensor(one))), other, atol=1e-5):
            return name
    return "linear" if np.allclose(one, other, atol=1e-6) else None


def layer_table(steps: Sequence[Step], outputs: Any) -> list[dict[str, Any]]:
    """Return one row per call of a leaf layer, in the order of the calls; JSON of `grader.model.LayerRow`."""
    calls = chain(steps)
    rows = []
    for step, bridge in zip(calls, bridges(calls, outputs), strict=True):
        row = _row(step.layer, np.shape(step.output)[1:])
        if row["activation"] == "linear" and bridge is not None:
            row["activation"] = bridge
        rows.append(row)
    return rows


def _row(layer: Any, shape: Sequence[int]) -> dict[str, Any]:
    config = _config(layer)
    kind = kind_of(layer)
    own = {"Softmax": "softmax", "ReLU": "relu", "ELU": "elu", "LeakyReLU": "leaky_relu"}.get(kind)
    return {
        "kind": kind,
        "output_shape": [int(size) for size in shape],
        "parameters": int(layer.count_params()) if layer.built else 0,
        "activation": own or named_activation(getattr(layer, "activation", None)),
        "settings": [[name, _plain(config[name])] for name in _SHOWN if name in config],
    }


def kind_of(layer: Any) -> str:
    """Return the class of a layer; one that only calls itself like a layer of Keras is told apart."""
    kind = type(layer).__name__
    return kind if kind not in _GENUINE or type(layer) is _GENUINE[kind] else f"own {kind}"


def _plain(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, list | tuple) else str(value)[:60]


def _config(layer: Any) -> dict[str, Any]:
    try:
        return dict(layer.get_config())
    except Exception:  # noqa: BLE001 - layers of a student's own may not implement it
        return {}


def export(steps: Sequence[Step], outputs: Any) -> tuple[list[dict[str, Any]], list[Array]] | None:
    """Return (spec, weights) of a network that is a plain chain of allowed layers, else None.

    Args:
        steps: what was called while the network ran once.
        outputs: what the network returned then.
    """
    calls = chain(steps)
    between = bridges(calls, outputs)
    weighty = [id(step.layer) for step in calls if step.layer.weights]
    if not calls or None in between or len(set(weighty)) != len(weighty):
        return None
    spec = []
    for step, bridge in zip(calls, between, strict=True):
        spec.append(_layer_spec(step.layer))
        if bridge != "linear":
            spec.append({"class": "Activation", "config": {"activation": bridge}})
    weights = [np.asarray(value, np.float32) for step in calls for value in step.layer.get_weights()]
    known = [layer for layer in spec if layer is not None]
    return (known, weights) if len(known) == len(spec) else None


def _layer_spec(layer: Any) -> dict[str, Any] | None:
    kind = kind_of(layer)
    if kind not in ALLOWED:
        return None
    # A layer with a lambda for an activation has no config, but it has its settings all the same.
    config = _config(layer) or {name: getattr(layer, name) for name in ALLOWED[kind] if hasattr(layer, name)}
    kept = {name: config[name] for name in ALLOWED[kind] if name in config}
    if "activation" in kept:
        kept["activation"] = named_activation(layer.activation)
        if kept["activation"] not in _ACTIVATIONS:
            return None
    return {"class": kind, "config": kept} if _is_plain(kept) else None


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)


def rebuild(spec: Sequence[Any], weights: Sequence[Array], input_shape: Sequence[int]) -> Any:
    """Build the network of a spec.

    Args:
        spec: layers as `export` returns them; anything else is refused.
        weights: one array per weight, in the order of the layers.
        input_shape: shape of one image, without a batch axis.

    Raises:
        ValueError: the spec names a layer or a setting that is not allowed, or the weights do not fit.
    """
    layers = [_build_layer(layer) for layer in spec]
    model = keras.Sequential([keras.Input(tuple(input_shape)), *layers])
    model.set_weights([np.asarray(array) for array in weights])
    return model


def _build_layer(layer: Any) -> Any:
    kind, config = layer["class"], dict(layer["config"])
    if kind not in ALLOWED or not set(config) <= set(ALLOWED[kind]) or not _is_plain(config):
        raise ValueError(f"a layer that may not be rebuilt: {str(kind)[:40]!r}")
    if config.get("activation", "linear") not in _ACTIVATIONS:
        raise ValueError("an activation that may not be rebuilt")
    config = {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
    return getattr(keras.layers, kind)(**config)


def predict(model: Callable[..., Any], images: Array, *, batch: int = 250) -> Array:
    """Return the network's outputs for images (n, …) as float32, in evaluation mode and in batches."""
    blocks = [
        np.asarray(model(images[start : start + batch], training=False), np.float32)
        for start in range(0, len(images), batch)
    ]
    return np.concatenate(blocks) if blocks else np.zeros((0, 0), np.float32)


def multiplications(steps: Sequence[Step]) -> int:
    """Estimate the multiplications of one image's forward pass from the kernels and the output positions."""
    total = 0
    for step in chain(steps):
        kernel = getattr(step.layer, "kernel", None)
        if kernel is None:
            continue
        positions = int(np.prod(np.shape(step.output)[1:-1], dtype=np.int64))
        total += positions * int(np.prod(kernel.shape, dtype=np.int64))
    return total
