"""The trusted side of verifying: ask a clean worker to rebuild networks and to recompute outputs and gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import numpy as np

from grader import process, scratch
from grader.evidence import Evidence, Snapshot, TapeStep, layer_row
from grader.sandbox.contract import Confine
from grader.verification import Verified, VerifiedNetwork, VerifiedStep
from grader.wire import Array, Frame

LIMITS = process.Limits(wall_s=120.0, cpu_s=600.0, file_bytes=1024**2)
"""Rebuilding takes a second or two; the limit is for networks of absurd size."""


ATTEMPTS = 4
"""Times that a submission's networks are verified: two questions that a worker is lost over can be found out."""

Question = tuple[str, int, int]
"""What a worker was asked last: of which kind, and about what."""

LabelsOf = Callable[[str, Array], Array]
"""Returns the true labels, int64 (n,), of rows of a split; −1 for a row that is unknown."""


class Verifier:
    """A clean worker, started early so that it imports TensorFlow while the submission is collected.

    One that is lost is replaced, so that a crash of TensorFlow costs nobody anything. What a worker is lost over twice
    is not asked again: it counts as something that cannot be verified.
    """

    def __init__(self, begin: Callable[[], process.Worker], images: Array) -> None:
        self._begin = begin
        self._worker = begin()
        self._asked: Question | None = None
        self.images = images

    def verify(self, record: Evidence, *, labels: Array, labels_of: LabelsOf) -> Verified:
        """Recompute what the evidence claims; a lasting fault of the worker is reported in `Verified.fault`."""
        suspects: list[Question | None] = []
        fault = ""
        for _ in range(ATTEMPTS):
            refused = frozenset(suspect for suspect in suspects if suspects.count(suspect) > 1)
            try:
                return self._verify(record, labels, labels_of, refused)
            except process.WorkerLost as lost:
                fault = f"{lost.ending.reason} {lost.ending.detail}".strip()
                suspects.append(self._asked)
                self._replace()
        return Verified(networks={}, steps={}, labels=labels, images=self.images, fault=fault)

    def ask(self, request: Frame) -> Frame:
        """Return the worker's answer to one request.

        Raises:
            WorkerLost: there is none.
        """
        self._worker.send(request)
        return self._worker.receive()

    def _ask(self, question: Question, request: Frame, refused: frozenset[Question | None]) -> Frame:
        if question in refused:
            return Frame(
                kind="failed", fields={"problem": "it cannot be built again with the memory and time there is"}
            )
        self._asked = question
        return self.ask(request)

    def _replace(self) -> None:
        self._worker.kill()
        self._worker = self._begin()

    def _verify(
        self, record: Evidence, labels: Array, labels_of: LabelsOf, refused: frozenset[Question | None]
    ) -> Verified:
        networks: dict[tuple[int, int], VerifiedNetwork] = {}
        steps: dict[int, VerifiedStep] = {}
        self._worker.restart_clock()
        for snapshot in _wanted(record):
            known = next((n for n in networks.values() if _is_same_untrained(snapshot, n, record)), None)
            networks[snapshot.model, snapshot.call] = (
                _like(known, snapshot) if known else self._network(snapshot, refused)
            )
        for step in record.tape:
            checked = self._step(step, labels_of(step.split, step.rows), refused)
            if checked is not None:
                steps[step.number] = checked
        return Verified(
            networks=networks, initial=self._initial(record, refused), steps=steps, labels=labels, images=self.images
        )

    def _initial(self, record: Evidence, refused: frozenset[Question | None]) -> dict[int, Array]:
        """Return what networks said of the first held-out images before they were trained."""
        found = {}
        for snapshot in (each for each in record.snapshots if each.stage == "initial"):
            if snapshot.spec is not None and snapshot.data is not None and snapshot.model not in found:
                request = _network_request(snapshot, self.images[:INITIAL_IMAGES])
                answer = self._ask(("initial", snapshot.model, snapshot.call), request, refused)
                if answer.kind == "network":
                    found[snapshot.model] = answer.arrays["outputs"]
        return found

    def _network(self, snapshot: Snapshot, refused: frozenset[Question | None]) -> VerifiedNetwork:
        if snapshot.spec is None or snapshot.data is None:
            return _claimed(snapshot, len(self.images), "its layers are not a plain chain of known layers")
        request = _network_request(snapshot, self.images)
        answer = self._ask(("network", snapshot.model, snapshot.call), request, refused)
        if answer.kind != "network":
            return _claimed(snapshot, len(self.images), str(answer.fields.get("problem", "")))
        return VerifiedNetwork(
            model=snapshot.model,
            call=snapshot.call,
            layers=tuple(layer_row(layer) for layer in answer.fields["layers"]),
            parameters=int(answer.fields["parameters"]),
            rebuilt=True,
            outputs=answer.arrays["outputs"],
        )

    def _step(self, step: TapeStep, labels: Array, refused: frozenset[Question | None]) -> VerifiedStep | None:
        if step.spec is None or step.images.ndim <= 1 or len(labels) != len(step.images) or (labels < 0).any():
            return None
        answer = self._ask(("step", step.number, step.step), _step_request(step, labels), refused)
        if answer.kind != "step":
            return None
        return VerifiedStep(number=step.number, **answer.fields)


@contextmanager
def start(images: Array, confine: Confine) -> Iterator[Verifier]:
    """Start a clean worker for held-out images uint8 (n, 28, 28).

    Raises:
        MachineError: no worker can be started.
    """
    with ExitStack() as workers:

        def begin() -> process.Worker:
            folder = workers.enter_context(scratch.folder())
            worker = process.Worker("grader.verify.worker", scratch=folder, limits=LIMITS, confinement=confine())
            return workers.enter_context(worker)

        yield Verifier(begin, images)


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

NETWORKS_LIMIT = 12
"""Networks that are rebuilt: those that had a name of their own come before those of a loop."""


def _wanted(record: Evidence) -> Sequence[Snapshot]:
    """Return the snapshots to rebuild: the first and the last of each network."""
    named = {number for names in record.names for number in names.models.values()}
    seen = sorted({snapshot.model for snapshot in record.snapshots}, key=lambda number: (number not in named, number))
    chosen = set(seen[:NETWORKS_LIMIT])
    first: dict[int, Snapshot] = {}
    final: dict[int, Snapshot] = {}
    for snapshot in (s for s in record.snapshots if s.model in chosen and s.stage != "initial"):
        first.setdefault(snapshot.model, snapshot)
        final[snapshot.model] = snapshot
    return list({id(snapshot): snapshot for snapshot in (*first.values(), *final.values())}.values())


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
        layers=snapshot.layers,
        parameters=snapshot.parameters,
        rebuilt=False,
        outputs=outputs,
        problem=problem,
    )


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
