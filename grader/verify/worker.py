"""The clean process: rebuilds networks from the allow-list and recomputes. It never sees a line of student code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from grader import process, wire
from grader.wire import Array, Frame

ADDRESS_BYTES = 8 * 1024**3
THREADS = 2


def main() -> None:
    """Import TensorFlow, then answer requests until the parent closes the pipe."""
    requests, answers = process.claim_pipes()
    process.die_with_parent()
    process.apply_limits(cpu_s=600, memory_bytes=ADDRESS_BYTES, file_bytes=1024**2)
    _pin()
    try:
        while True:
            request = wire.decode(lambda size: _read_exactly(requests, size))
            for part in wire.encode(_answer(request)):
                answers.write(part)
            answers.flush()
    except (EOFError, OSError):
        pass
    finally:
        os._exit(0)


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _pin() -> None:
    import keras  # noqa: PLC0415 - after the limits are on
    import tensorflow as tf  # noqa: PLC0415

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(0)


def _answer(request: Frame) -> Frame:
    """Answer one request; a network that cannot be rebuilt is an answer, too."""
    try:
        return {"network": _network, "step": _step}[request.kind](request)
    except Exception as error:  # noqa: BLE001 - spec and weights are claims; any of them may be nonsense
        return Frame(kind="failed", fields={"problem": f"{type(error).__name__}: {error}"[:300]})


def _numbered(arrays: Mapping[str, Array], prefix: str) -> list[Array]:
    found: list[Array] = []
    while f"{prefix}{len(found)}" in arrays:
        found.append(arrays[f"{prefix}{len(found)}"])
    return found


def _network(request: Frame) -> Frame:
    from grader import networks  # noqa: PLC0415 - imports Keras

    fields, raw = request.fields, request.arrays["images"]
    shape = tuple(fields["shape"])
    model = networks.rebuild(fields["spec"], _numbered(request.arrays, "w"), shape)
    images = raw.astype(np.float32) * np.float32(fields["scale"]) + np.float32(fields["offset"])
    images = images.reshape(len(raw), *shape)
    _tracer().steps = []
    with _tracer().watching() as steps:
        model(images[:1], training=False)
    rows = networks.layer_table([step for step in steps if step.layer is not model])
    answer = {"layers": rows, "parameters": int(model.count_params())}
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
    import tensorflow as tf  # noqa: PLC0415

    from grader import networks  # noqa: PLC0415

    images, labels = request.arrays["images"], request.arrays["labels"]
    before, after, given = (_numbered(request.arrays, prefix) for prefix in "bag")
    model = networks.rebuild(request.fields["spec"], before, images.shape[1:])
    with tf.GradientTape() as tape:
        outputs = model(tf.constant(images), training=False)
        from_logits = not _are_distributions(outputs.numpy())
        loss = tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(labels, outputs, from_logits=from_logits))
    values = [weight.value for weight in model.trainable_weights]
    true = dict(zip(map(id, values), tape.gradient(loss, values), strict=True))
    aligned = [true.get(id(weight.value)) for weight in model.weights]
    pairs = [(np.asarray(t), g) for t, g in zip(aligned, given, strict=True) if t is not None]
    wanted = np.concatenate([t.reshape(-1) for t, _ in pairs])
    shown = np.concatenate([g.reshape(-1) if g.size == t.size else np.zeros(t.size) for t, g in pairs])
    moves = [(a - b).reshape(-1) for t, a, b in zip(aligned, after, before, strict=True) if t is not None]
    move = np.concatenate(moves)
    return Frame(
        kind="step",
        fields={
            "cosine": _cosine(wanted, shown),
            "norm_ratio": float(np.linalg.norm(shown) / max(float(np.linalg.norm(wanted)), 1e-12)),
            "loss": float(loss.numpy()),
            "descent": _cosine(wanted, move),
            "moved": float(np.linalg.norm(move)),
            "stochastic": any("rate" in layer["config"] for layer in request.fields["spec"])
            or any(layer["class"] == "BatchNormalization" for layer in request.fields["spec"]),
        },
    )


def _are_distributions(outputs: Array) -> bool:
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=-1), 1.0, atol=1e-3))


def _cosine(one: Array, other: Array) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    cosine = float(np.dot(one.astype(np.float64), other.astype(np.float64))) / size if size > 0 else 0.0
    return cosine if np.isfinite(cosine) else 0.0


if __name__ == "__main__":
    main()
