"""The trusted side of verifying: ask a clean worker to rebuild networks and to recompute outputs and gradients."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Self

import numpy as np

from grader.claims import layer_row
from grader.datasets import HeldOut
from grader.evidence import Evidence, Snapshot, TapeStep
from grader.language import N_
from grader.model import LayerRow
from grader.verification import Verified, VerifiedNetwork, VerifiedStep
from grader.wire import Array, Frame, WireError
from grader.workers import Launch, Limits, Worker, WorkerLost

_TOO_MUCH = N_("it cannot be built again with the memory and time there is")

LIMITS = Limits(wall_s=180.0, cpu_s=3600.0, file_bytes=1024**2, turn_cpu_s=40.0)
"""Rebuilding takes a second or two; the limit is for networks of absurd size. What takes longer on the clock without
using the processor is the machine's fault, not the network's."""

LOSS_S = 10.0
"""What a lost worker counts as, in seconds of a processor: its own time is not to be had any more."""

WORN_CPU_S, WORN_BYTES = 1800.0, 1536 * 1024**2
"""When a worker is replaced between two submissions: far below its limits, which are for one of them."""

ATTEMPTS = 2
"""Times that one question is asked: TensorFlow itself crashes once in some hundred times."""

TOTAL_CPU_S = 80.0
"""Processor time, in seconds, of all questions about one submission; a usual one takes two or three."""

CONTROL = {"spec": [{"class": "Flatten", "config": {}}], "shape": [28, 28, 1], "scale": 1.0, "offset": 0.0}
"""A network whose outputs are its inputs."""

LabelsOf = Callable[[str, Array], Array]
"""Returns the true labels, int64 (n,), of rows of a split; −1 for a row that is unknown."""


class Verifier:
    """A clean worker, which imports TensorFlow while the submission runs if somebody says early that it will be needed.

    Use as a context manager. One that is lost is replaced, so that a crash of TensorFlow costs nobody anything. What a
    worker is lost over twice, or for want of memory or time, counts as something that cannot be verified, unless the
    worker fails at everything.
    """

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._open = ExitStack()
        self._started: Worker | None = None
        self._asked = 0
        self._spent_s = 0.0
        self._fault = ""
        self._images = np.zeros((0, 28, 28), np.uint8)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.close()

    def prepare(self) -> None:
        """Start the worker, unless it has been started.

        Raises:
            MachineError: no worker can be started.
        """
        if self._started is None:
            self._started = self._open.enter_context(self._launch("grader.verify.worker", LIMITS))
            self._asked = 0

    @property
    def _worker(self) -> Worker:
        self.prepare()
        assert self._started is not None
        return self._started

    def verify(self, record: Evidence, *, held_out: HeldOut, labels_of: LabelsOf) -> Verified:
        """Recompute what the evidence claims; a lasting fault of the worker is reported in `Verified.fault`."""
        self._images = held_out.images
        if self._is_worn():
            self._replace()
        self._spent_s = 0.0
        self._fault = ""
        networks: dict[tuple[int, int], VerifiedNetwork] = {}
        steps: dict[int, VerifiedStep] = {}
        for snapshot in _wanted(record):
            known = next((n for n in networks.values() if _is_same_untrained(snapshot, n, record)), None)
            networks[snapshot.model, snapshot.call] = _like(known, snapshot) if known else self._network(snapshot)
        initial = self._initial(record)
        losses = {}
        for step in record.tape:
            truth = labels_of(step.split, step.rows)
            checked = self._step(step, truth)
            if checked is not None:
                steps[step.number] = checked
            elif step.outputs is not None:
                losses[step.number] = mean_cross_entropy(step.outputs, truth)
        return Verified(
            networks=networks,
            initial=initial,
            steps=steps,
            losses=losses,
            labels=held_out.labels,
            images=held_out.images,
            fault=self._fault,
        )

    def ask(self, request: Frame) -> Frame:
        """Return the worker's answer to one request.

        Raises:
            WorkerLost: there is none.
        """
        self._worker.restart_clock()
        before = self._worker.cpu_s
        self._asked += 1
        try:
            self._worker.send(request)
            return self._worker.receive()
        except WorkerLost as lost:
            self._spent_s += LIMITS.turn_cpu_s if lost.ending.reason == "cpu" else LOSS_S
            raise
        finally:
            self._spent_s += max(self._worker.cpu_s - before, 0.0)

    def _ask(self, request: Frame) -> Frame:
        """Ask, and ask again where the worker crashed; what it is lost over then cannot be verified."""
        for _ in range(ATTEMPTS):
            if self._spent_s > TOTAL_CPU_S:
                break
            try:
                return self.ask(request)
            except WireError:
                break  # A claim that could just travel may be too large once a question is made of it.
            except WorkerLost as lost:
                is_first = self._asked == 1
                self._replace()
                reason = f"{lost.ending.reason} {lost.ending.detail}".strip()
                if lost.ending.reason == "cpu" or (lost.ending.reason == "memory" and is_first):
                    break  # That is what this network takes, however fast the machine is.
                if lost.ending.reason == "memory":
                    continue  # Some of it may be from networks before this one.
                if lost.ending.reason == "wall":
                    self._fault = reason
                    break
                self._fault = self._fault or self._complaint(reason)
        return Frame(kind="failed", fields={"problem": _TOO_MUCH})

    def _complaint(self, reason: str) -> str:
        """Return the reason of a crash if the worker does not even answer a question whose answer is known."""
        images = self._images[:2]
        try:
            answer = self.ask(Frame(kind="network", fields=CONTROL, arrays={"images": images}))
        except WorkerLost:
            self._replace()
            return reason
        outputs = answer.arrays.get("outputs")
        is_right = outputs is not None and np.array_equal(outputs, images.reshape(len(images), -1).astype(np.float32))
        return "" if is_right else reason

    def _is_worn(self) -> bool:
        worker = self._started
        return worker is not None and (worker.cpu_s > WORN_CPU_S or worker.resident_bytes > WORN_BYTES)

    def _replace(self) -> None:
        self._open.close()
        self._started = None

    def _initial(self, record: Evidence) -> dict[int, Array]:
        """Return what networks said of the first held-out images before they were trained."""
        found: dict[int, Array] = {}
        chosen = _chosen(record)
        for snapshot in (each for each in record.snapshots if each.stage == "initial" and each.model in chosen):
            if snapshot.spec is not None and snapshot.data is not None and snapshot.model not in found:
                request = _network_request(snapshot, self._images[:INITIAL_IMAGES])
                answer = self._ask(request)
                if answer.kind == "network":
                    found[snapshot.model] = answer.arrays["outputs"]
        return found

    def _network(self, snapshot: Snapshot) -> VerifiedNetwork:
        if snapshot.spec is None or snapshot.data is None:
            return _claimed(snapshot, len(self._images), "its layers are not a plain chain of known layers")
        request = _network_request(snapshot, self._images)
        answer = self._ask(request)
        if answer.kind != "network":
            return _claimed(snapshot, len(self._images), str(answer.fields.get("problem", "")))
        if answer.header_bytes > TABLE_BYTES:
            return _claimed(snapshot, len(self._images), _TOO_MUCH)
        return VerifiedNetwork(
            model=snapshot.model,
            call=snapshot.call,
            layers=tuple(layer_row(layer) for layer in answer.fields["layers"]),
            parameters=int(answer.fields["parameters"]),
            rebuilt=True,
            outputs=answer.arrays["outputs"],
        )

    def _step(self, step: TapeStep, labels: Array) -> VerifiedStep | None:
        if step.spec is None or step.images.ndim <= 1 or len(labels) != len(step.images) or (labels < 0).any():
            return None
        answer = self._ask(_step_request(step, labels))
        if answer.kind != "step":
            return None
        return VerifiedStep(number=step.number, **answer.fields)


def labels_of_rows(y_train: Array, y_test: Array) -> LabelsOf:
    """Return a lookup of labels in the data that the submission was given, which is the grader's own copy."""
    splits = {"train": y_train.astype(np.int64), "test": y_test.astype(np.int64)}

    def labels_of(split: str, rows: Array) -> Array:
        known = splits.get(split)
        usable = rows.ndim == 1 and rows.dtype.kind == "i"
        inside = known is not None and usable and bool(((rows >= 0) & (rows < len(known))).all())
        return known[rows] if known is not None and inside else np.full(rows.size, -1, np.int64)

    return labels_of


INITIAL_IMAGES = 200
"""Enough to tell a network that knows the digits from one that guesses."""


def mean_cross_entropy(outputs: Array, labels: Array) -> float | None:
    """Return the mean cross-entropy (nats) of distributions float32 (n, classes) for labels int64 (n,), or None."""
    if outputs.ndim != 2 or len(outputs) != len(labels) or not len(labels):  # noqa: PLR2004 - images × classes
        return None
    if (labels < 0).any() or (labels >= outputs.shape[1]).any():
        return None
    chosen = np.clip(outputs[np.arange(len(labels)), labels].astype(np.float64), 1e-7, None)
    return float(-np.log(chosen).mean()) if np.isfinite(chosen).all() else None


NETWORKS_LIMIT = 12
"""Networks that are rebuilt: those that had a name of their own come before those of a loop."""


def _wanted(record: Evidence) -> Sequence[Snapshot]:
    """Return the snapshots to rebuild: the first and the last of each network."""
    chosen = _chosen(record)
    first: dict[int, Snapshot] = {}
    final: dict[int, Snapshot] = {}
    for snapshot in (s for s in record.snapshots if s.model in chosen and s.stage != "initial"):
        first.setdefault(snapshot.model, snapshot)
        final[snapshot.model] = snapshot
    return list({id(snapshot): snapshot for snapshot in (*first.values(), *final.values())}.values())


def _chosen(record: Evidence) -> frozenset[int]:
    named = {number for names in record.names for number in names.models.values()}
    seen = sorted({snapshot.model for snapshot in record.snapshots}, key=lambda number: (number not in named, number))
    return frozenset(seen[:NETWORKS_LIMIT])


def _is_same_untrained(snapshot: Snapshot, network: VerifiedNetwork, record: Evidence) -> bool:
    """Tell whether a network that was never trained has the layers of one that is verified: only they matter then."""
    specs = [s.spec for s in record.snapshots if (s.model, s.call) == (network.model, network.call)]
    return snapshot.stage == "untrained" and network.rebuilt and snapshot.spec in specs


def _like(network: VerifiedNetwork, snapshot: Snapshot) -> VerifiedNetwork:
    return replace(network, model=snapshot.model, call=snapshot.call, outputs=None)


def _claimed(snapshot: Snapshot, images: int, problem: str) -> VerifiedNetwork:
    outputs = snapshot.claimed
    if outputs is not None and (outputs.ndim != 2 or len(outputs) != images):  # noqa: PLR2004 - images × classes
        outputs = None
    return VerifiedNetwork(
        model=snapshot.model,
        call=snapshot.call,
        layers=_short(snapshot.layers),
        parameters=snapshot.parameters,
        rebuilt=False,
        outputs=outputs,
        problem=problem,
    )


TABLE_BYTES = 60 * 1024
"""Bytes of JSON that a table of layers may have: it is filed in the header of a frame, with a few words beside it."""


def _short(layers: tuple[LayerRow, ...]) -> tuple[LayerRow, ...]:
    """Return a table of layers if it can be filed, else none."""
    return layers if len(json.dumps([asdict(layer) for layer in layers])) <= TABLE_BYTES else ()


def _network_request(snapshot: Snapshot, images: Array) -> Frame:
    data = snapshot.data
    shape, scale, offset = (data.shape, data.scale, data.offset) if data else ((28, 28, 1), None, None)
    fields = {
        "spec": [dict(layer) for layer in snapshot.spec or ()],
        "shape": list(shape),
        "scale": 1 / 255 if scale is None else scale,
        "offset": 0.0 if offset is None else offset,
    }
    weights = {f"w{n}": array for n, array in enumerate(snapshot.weights)}
    return Frame(kind="network", fields=fields, arrays={"images": images, **weights})


def _step_request(step: TapeStep, labels: Array) -> Frame:
    arrays = {"images": step.images, "labels": labels}
    for prefix, group in (("b", step.before), ("a", step.after), ("g", step.gradients)):
        arrays |= {f"{prefix}{n}": array for n, array in enumerate(group)}
    return Frame(kind="step", fields={"spec": [dict(layer) for layer in step.spec or ()]}, arrays=arrays)
