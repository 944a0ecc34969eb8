"""The clean process: rebuilds networks from the allow-list and recomputes. It never sees a line of student code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from grader import wire
from grader.lasting import lasting
from grader.sandbox import enter
from grader.wire import Array, Frame

THREADS = 2

WIDEST = 1_000
"""Numbers that a network may say about one image; networks of labs say ten."""

PIECE = 1024
"""Images whose gradient is computed at a time; the activations of a batch of ten thousand would take gigabytes."""


def main() -> None:
    """Import TensorFlow, then answer requests until the parent closes the pipe."""
    requests, answers = enter.begin()
    _pin()
    try:
        while True:
            request = wire.read(requests)
            for part in _answer(request):
                answers.write(part)
            answers.flush()
    except (EOFError, OSError):
        pass
    finally:
        os._exit(0)


def _pin() -> None:
    with lasting():
        import keras  # noqa: PLC0415 - after the limits are on
        import tensorflow as tf  # noqa: PLC0415

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(0)


def _answer(request: Frame) -> list[bytes | memoryview]:
    """Answer one request; a network that cannot be rebuilt is an answer, too."""
    try:
        return wire.encode({"network": _network, "step": _step}[request.kind](request))
    except (ImportError, OSError):
        raise  # This is no answer about a network, but a machine on which nothing can be computed.
    except Exception as error:  # noqa: BLE001 - spec and weights are claims; any of them may be nonsense
        return wire.encode(Frame(kind="failed", fields={"problem": f"{type(error).__name__}: {error}"[:300]}))


def _numbered(arrays: Mapping[str, Array], prefix: str) -> list[Array]:
    found: list[Array] = []
    while f"{prefix}{len(found)}" in arrays:
        found.append(arrays[f"{prefix}{len(found)}"])
    return found


def _network(request: Frame) -> Frame:
    import tensorflow as tf  # noqa: PLC0415

    from grader import networks  # noqa: PLC0415 - imports Keras

    fields, raw = request.fields, request.arrays["images"]
    shape = tuple(fields["shape"])
    model = networks.rebuild(fields["spec"], _numbered(request.arrays, "w"), shape)
    images = raw.astype(np.float32) * np.float32(fields["scale"]) + np.float32(fields["offset"])
    images = images.reshape(len(raw), *shape)
    _tracer().steps = []
    with _tracer().watching() as steps:
        seen = model(tf.constant(images[:1]), training=False)
    rows = networks.layer_table([step for step in steps if step.layer is not model], seen)
    answer = {"layers": rows, "parameters": int(model.count_params())}
    if np.prod(seen.shape[1:]) > WIDEST:
        raise ValueError(f"its output has {int(np.prod(seen.shape[1:])):,} numbers")
    outputs = networks.predict(model, images)
    return Frame(kind="network", fields=answer, arrays={"outputs": outputs.reshape(len(raw), -1)})


_TRACERS: list[Any] = []


def _tracer() -> Any:  # noqa: ANN401 - networks.Tracer, whose module imports Keras
    """Return the tracer of this process, installed at first use."""
    from grader.networks import Tracer  # noqa: PLC0415 - imports Keras

    if not _TRACERS:
        _TRACERS.append(Tracer())
        _TRACERS[0].install()
    return _TRACERS[0]


def _step(request: Frame) -> Frame:
    """Compare one recorded step with the true gradient of the mean cross-entropy of its images."""
    from grader import networks  # noqa: PLC0415

    images, labels = request.arrays["images"], request.arrays["labels"]
    before, after, given = (_numbered(request.arrays, prefix) for prefix in "bag")
    model = networks.rebuild(request.fields["spec"], before, images.shape[1:])
    values = [weight.value for weight in model.trainable_weights]
    places = {id(value): position for position, value in enumerate(values)}
    # Outputs that are no distributions may be meant as logits; another check asks what they should be.
    distributions = _are_distributions(networks.predict(model, images))
    meant = [False] if distributions else [True, False]
    kept = [position for position, weight in enumerate(model.weights) if id(weight.value) in places]
    shown, moves = (
        _joined(model, given, kept),
        _joined(model, [a - b for a, b in zip(after, before, strict=True)], kept),
    )
    compared = []
    for from_logits in meant:
        loss, true = _mean_cross_entropy(model, values, images, labels, from_logits=from_logits)
        wanted = np.concatenate([true[places[id(model.weights[k].value)]].reshape(-1) for k in kept])
        compared.append((_cosine(wanted, shown), wanted, loss, from_logits))
    cosine, wanted, true_loss, as_logits = max(compared, key=lambda each: each[0])
    layers = request.fields["spec"]
    return Frame(
        kind="step",
        fields={
            "cosine": cosine,
            "norm_ratio": _finite(_norm(shown) / max(_norm(wanted), 1e-12)),
            "loss": _finite(true_loss),
            "descent": _cosine(wanted, moves),
            "moved": _norm(moves),
            "distributions": distributions,
            "as_logits": as_logits,
            "stochastic": any("rate" in layer["config"] or layer["class"] in _STOCHASTIC for layer in layers),
        },
    )


_STOCHASTIC = frozenset({"BatchNormalization", "GaussianNoise"})


def _mean_cross_entropy(
    model: Any,  # noqa: ANN401 - a Keras model
    values: list[Any],
    images: Array,
    labels: Array,
    *,
    from_logits: bool,
) -> tuple[float, list[Array]]:
    """Return the mean cross-entropy (nats) of a batch and its gradient, computed in pieces so that any batch fits."""
    import tensorflow as tf  # noqa: PLC0415

    total, sums = 0.0, [np.zeros(value.shape, np.float64) for value in values]
    for start in range(0, len(images), PIECE):
        with tf.GradientTape() as tape:
            outputs = model(tf.constant(images[start : start + PIECE]), training=False)
            truth = labels[start : start + PIECE]
            losses = tf.keras.losses.sparse_categorical_crossentropy(truth, outputs, from_logits=from_logits)
            loss = tf.reduce_sum(losses)
        total += float(loss.numpy())
        for place, gradient in enumerate(tape.gradient(loss, values)):
            sums[place] += 0.0 if gradient is None else np.asarray(gradient, np.float64)
    return total / len(images), [(each / len(images)).astype(np.float32) for each in sums]


def _joined(model: Any, arrays: list[Array], kept: list[int]) -> Array:  # noqa: ANN401 - a Keras model
    """Return the arrays of the trainable weights as one vector; a missing one counts as zeros."""
    sizes = [int(np.prod(weight.shape)) for weight in model.weights]
    return np.concatenate([arrays[k].reshape(-1) if arrays[k].size == sizes[k] else np.zeros(sizes[k]) for k in kept])


def _are_distributions(outputs: Array) -> bool:
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=-1), 1.0, atol=1e-3))


def _norm(vector: Array) -> float:
    """Return the norm of what is finite; networks of students overflow."""
    return _finite(float(np.linalg.norm(vector[np.isfinite(vector)].astype(np.float64))))


def _finite(number: float) -> float:
    return number if np.isfinite(number) else 0.0


def _cosine(one: Array, other: Array) -> float:
    """Return the cosine of two vectors; where both overflow in the same places, of the rest; 1 if both are nothing."""
    usable = np.isfinite(one)
    if (usable != np.isfinite(other)).any():
        return 0.0
    if not usable.any():
        return 1.0
    size = _norm(one) * _norm(other)
    if not max(_norm(one), _norm(other)):
        return 1.0
    return (
        _finite(float(np.dot(one[usable].astype(np.float64), other[usable].astype(np.float64))) / size) if size else 0.0
    )


if __name__ == "__main__":
    main()
