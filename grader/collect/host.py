"""The trusted side of collecting: start the worker, hand it the job, keep what it sends, own the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from grader import datasets, record
from grader.arguments import Arguments
from grader.errors import MachineError
from grader.evidence import Evidence
from grader.labs import Anchor, Lab, Plan
from grader.submission import Submission
from grader.terms import Terms
from grader.wire import Array, Frame
from grader.workers import Ending, Launch, Worker, WorkerLost

Listener = Callable[[Frame], None]

CRASHES = frozenset(
    {"signal SIGKILL", "signal SIGSEGV", "signal SIGABRT", "signal SIGBUS", "signal SIGFPE", "signal SIGILL"}
)

STATES = {
    "wall": "timed_out",
    "cpu": "timed_out",
    "memory": "memory_limit",
    "output": "output_flood",
    "disk": "disk_limit",
}
"""What became of the cell during which a worker was lost, by the reason; `crashed` for all others."""

_FULL = Ending(reason="evidence_full")

KINDS = frozenset(
    {"started", "ran", "run", "call", "snapshot", "tape", "names", "value", "probe", "answer", "end"}
    | {"figure", "function", "dataset", "numbers", "losses"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One submission to run. `held_out` are images uint8 (n, 28, 28); `trials` float32 (trials, rows, classes).

    `relabelling` is the label that the submission is given for each true one; `arguments` are those on which the
    functions of the lab are tried, by function.
    """

    submission: Submission
    terms: Terms
    data_path: Path
    relabelling: Sequence[int]
    launch: Launch
    held_out: Array
    trials: Array
    arguments: Arguments


@dataclass(slots=True, kw_only=True)
class Reading:
    """A worker that has told what stands in a submission, in `frames`, and gets ready to run it.

    `ending` says how it ended where it came to no good.
    """

    worker: Worker
    frames: list[Frame] = field(default_factory=list)
    ending: Ending | None = None


@contextmanager
def reading(submission: Submission, terms: Terms, launch: Launch, listener: Listener) -> Iterator[Reading]:
    """Start a worker and let it tell the cells of a submission; it imports TensorFlow while nobody asks for more.

    Raises:
        MachineError: no worker can be started.
    """
    with launch("grader.collect.worker", terms.plan.limits) as worker:
        begun = Reading(worker=worker)
        try:
            worker.send(_text(submission, terms.lab))
            begun.ending = _hear_cells(begun, listener)
        except WorkerLost as lost:
            begun.ending = _charged(lost)
        yield begun


def _hear_cells(begun: Reading, listener: Listener) -> Ending | None:
    """Keep what a worker tells of the cells, up to how many they are; return its ending where it ends before."""
    while True:
        frame = begun.worker.receive()
        if frame.kind not in ("cell", "run", "end"):
            return Ending(reason="protocol", detail="a record that does not belong here")
        listener(frame)
        if frame.kind == "end":
            return _ending(frame)
        begun.frames.append(frame)
        if frame.kind == "run":
            return None


def collect(job: Job, folder: Path, listener: Listener, begun: Reading | None = None) -> Evidence:
    """Run a submission in a worker and return the evidence, which also stands in `folder`.

    Whatever becomes of the worker, there is a record: it says how the run ended. Where native code crashed, the
    submission is run once more: TensorFlow does that about once in two hundred runs, and it is not the student's fault.

    Args:
        job: what to run.
        folder: where the record goes.
        listener: is told of each record as it comes.
        begun: a worker that has read this submission already.

    Raises:
        MachineError: no worker can be started, or the record cannot be written.
    """
    started = time.monotonic()
    found = _collect_once(job, folder, listener, begun)
    is_early = time.monotonic() - started < job.terms.plan.limits.wall_s / 2
    if found.ending == "died" and found.ending_detail in CRASHES and is_early:
        found = _collect_once(job, folder, listener, None)
    return found


def _collect_once(job: Job, folder: Path, listener: Listener, begun: Reading | None) -> Evidence:
    with record.Recorder(folder) as recorder:
        with ExitStack() as stack:
            begun = begun or stack.enter_context(reading(job.submission, job.terms, job.launch, listener))
            is_kept, heard = all(recorder.write(frame) for frame in begun.frames), _Heard()
            ending = begun.ending or (_follow(job, begun, recorder, listener, heard) if is_kept else _FULL)
            begun.worker.kill()
            peak, log = begun.worker.peak_bytes, begun.worker.log
        (folder / "worker.log").write_text(log, encoding="utf-8", errors="replace")
        # Last, so that no record of the worker's takes its place.
        told = {"peak_bytes": peak, "began": heard.began, "unreadable": _is_unreadable(begun, job.terms.plan)}
        recorder.add(Frame(kind="run", fields=told))
        recorder.add(Frame(kind="end", fields={"reason": ending.reason, "detail": ending.detail}))
    return record.read(folder)


@dataclass(slots=True)
class _Heard:
    """How far a submission has come, by what its worker says: whether a cell began, and which one runs.

    No code of a student's runs before the first cell has begun, so nobody can pretend that none has.
    """

    began: bool = False
    current: int | None = None


def _is_unreadable(begun: Reading, plan: Plan) -> bool:
    """Tell whether reading the text took more than it may; waiting for a machine that stands still is no reading."""
    ending = begun.ending
    if ending is None or ending.reason not in STATES:
        return False
    return ending.reason != "wall" or ending.cpu_s > plan.limits.wall_s / 4


def _follow(job: Job, begun: Reading, recorder: record.Recorder, listener: Listener, heard: _Heard) -> Ending:
    worker = begun.worker
    try:
        # Waiting for its job was not the submission's time.
        worker.restart_clock()
        # Made and forgotten here: the images of the lab take 55 MB.
        worker.send(_request(job, without=worker.holds))
        ending = _listen(worker, recorder, listener, heard)
    except WorkerLost as lost:
        ending = _charged(lost)
    if heard.current is not None:
        recorder.add(_interrupted(heard.current, ending.reason))
    return ending


def _charged(lost: WorkerLost) -> Ending:
    """Return how a submission ended that lost its worker.

    Raises:
        MachineError: that was not the submission's doing.
    """
    if lost.ending.reason == "machine_memory":
        raise MachineError(
            "the machine ran out of memory while the submission ran; grade it again with less beside it",
            slug="machine-memory",
        ) from lost
    if lost.ending.reason == "abandoned":
        raise MachineError("the run was stopped", slug="stopped") from lost
    return lost.ending


def _ending(frame: Frame) -> Ending:
    return Ending(reason=str(frame.fields.get("reason")), detail=str(frame.fields.get("detail")))


def _listen(worker: Worker, recorder: record.Recorder, listener: Listener, heard: _Heard) -> Ending:
    while True:
        frame = worker.receive()
        if frame.kind not in KINDS:
            # What stands in a cell was told before anything ran; student code has no say in it.
            return Ending(reason="protocol", detail="a record that does not belong here")
        listener(frame)
        if frame.kind == "end":
            # Whatever else it may say is not the worker's word any more: student code has run.
            is_done = frame.fields.get("reason") == "done"
            return Ending(reason="done") if is_done else Ending(reason="protocol", detail="an end that is none")
        if frame.kind == "started":
            heard.began, heard.current = True, _index(frame)
        elif not recorder.write(frame):
            return _FULL
        if frame.kind == "ran":
            heard.current = None


def _index(frame: Frame) -> int | None:
    index = frame.fields.get("index")
    return index if type(index) is int else None


def _interrupted(index: int, reason: str) -> Frame:
    """Say for a cell during which the worker was lost what happened to it."""
    fields = {
        "index": index,
        "state": STATES.get(reason, "crashed"),
        "seconds": 0.0,
        "output": "",
    }
    return Frame(kind="ran", fields=fields)


def orders(terms: Terms, suffix: str) -> dict[str, Any]:
    """Return what a worker is told, as JSON fields, beside the arrays that it gets."""
    lab, plan = terms.lab, terms.plan
    budget: dict[str, Any] = dict(plan.budget)
    if not terms.early_stop:
        budget.pop("stop_accuracy", None)
    return {
        "suffix": suffix,
        "placeholder": lab.placeholder,
        "stand_ins": list(lab.stand_ins),
        "seed": terms.seed,
        "budget": budget,
        "watched": list(lab.watched),
        "labels": list(lab.labels),
        "prediction": lab.prediction,
        "answers": [lab.prediction, *lab.answers] if lab.prediction else list(lab.answers),
        "functions": [[function.name, function.trials, len(function.arguments)] for function in lab.functions],
        "datasets": list(lab.datasets),
        "numbers": list(lab.numbers),
        "scores": sorted({name for part in lab.parts for name in _scores(part.anchor)}),
        "predictions": lab.predictions,
        "image_shape": list(lab.image_shape),
        "questions": [question.variable for question in lab.questions],
        "networks": [[role.variable, role.builder, role.convolutional, role.logits] for role in lab.roles],
        "limits": {"own_s": plan.own_s, "idle_s": plan.idle_s},
    }


def _scores(anchor: Anchor) -> tuple[str, ...]:
    """Return the names in which a lab keeps what `evaluate` returns."""
    return anchor.assigns if any(call.endswith("evaluate") for call in anchor.calls) else ()


def _text(submission: Submission, lab: Lab) -> Frame:
    fields = {"suffix": submission.suffix, "placeholder": lab.placeholder}
    return Frame(kind="read", fields=fields, arrays={"submission": np.frombuffer(submission.data, np.uint8)})


def _request(job: Job, *, without: frozenset[str]) -> Frame:
    fields = orders(job.terms, job.submission.suffix)
    missing = [name for name in datasets.ARRAYS if name not in without]
    arrays = {
        "held_out": job.held_out,
        "trials": job.trials,
        **{
            f"f{position}_{t}_{n}": argument
            for position, function in enumerate(job.terms.lab.functions)
            for t, trial in enumerate(job.arguments[function.name])
            for n, argument in enumerate(trial)
        },
        **datasets.relabelled(datasets.load(job.data_path, only=missing), job.relabelling),
    }
    return Frame(kind="job", fields=fields, arrays=arrays)
