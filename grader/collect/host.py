"""The trusted side of collecting: start the worker, hand it the job, keep what it sends, own the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader import datasets, record
from grader.arguments import Arguments
from grader.errors import MachineError
from grader.evidence import Evidence
from grader.labs import Lab, Plan
from grader.submission import Submission
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

KINDS = frozenset(
    {"cell", "started", "ran", "run", "call", "snapshot", "tape", "names", "value", "probe", "answer", "end"}
    | {"figure", "function", "dataset", "numbers", "losses"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One submission to run. `held_out` are images uint8 (n, 28, 28); `trials` float32 (trials, rows, classes).

    `relabelling` is the label that the submission is given for each true one; `arguments` are those on which the
    functions of the lab are tried, by function.
    """

    submission: Submission
    lab: Lab
    plan: Plan
    seed: int
    data_path: Path
    relabelling: Sequence[int]
    launch: Launch
    held_out: Array
    trials: Array
    arguments: Arguments
    early_stop: bool = True


def collect(job: Job, folder: Path, listener: Listener) -> Evidence:
    """Run a submission in a worker and return the evidence, which also stands in `folder`.

    Whatever becomes of the worker, there is a record: it says how the run ended. Where native code crashed, the
    submission is run once more: TensorFlow does that about once in two hundred runs, and it is not the student's fault.

    Raises:
        MachineError: no worker can be started, or the record cannot be written.
    """
    started = time.monotonic()
    found = _collect_once(job, folder, listener)
    is_early = time.monotonic() - started < job.plan.limits.wall_s / 2
    if found.ending == "died" and found.ending_detail in CRASHES and is_early:
        found = _collect_once(job, folder, listener)
    return found


def _collect_once(job: Job, folder: Path, listener: Listener) -> Evidence:
    with record.Recorder(folder) as recorder:
        with job.launch("grader.collect.worker", job.plan.limits) as worker:
            ending = _follow(job, worker, recorder, listener)
            peak, log = worker.peak_bytes, worker.log
        (folder / "worker.log").write_text(log, encoding="utf-8", errors="replace")
        recorder.write(Frame(kind="run", fields={"peak_bytes": peak}))
        recorder.write(Frame(kind="end", fields={"reason": ending.reason, "detail": ending.detail}))
    return record.read(folder)


@dataclass(slots=True)
class _Heard:
    """How far a submission has come, by what its worker says."""

    current: int | None = None
    has_started: bool = False


def _follow(job: Job, worker: Worker, recorder: record.Recorder, listener: Listener) -> Ending:
    heard = _Heard()
    try:
        # Made and forgotten here: the images of the lab take 55 MB.
        worker.send(_request(job))
        ending = _listen(worker, recorder, listener, heard)
    except WorkerLost as lost:
        if lost.ending.reason == "machine_memory":
            raise MachineError(
                "the machine ran out of memory while the submission ran; grade it again with less beside it",
                slug="machine-memory",
            ) from lost
        ending = lost.ending
    if heard.current is not None:
        recorder.write(_interrupted(heard.current, ending.reason))
    return ending


def _listen(worker: Worker, recorder: record.Recorder, listener: Listener, heard: _Heard) -> Ending:
    while True:
        frame = worker.receive()
        if frame.kind not in KINDS or (frame.kind == "cell" and heard.has_started):
            # What stands in a cell is told before anything runs; student code has no say in it.
            return Ending(reason="protocol", detail="a record that does not belong here")
        listener(frame)
        if frame.kind == "end":
            return Ending(reason=str(frame.fields.get("reason")), detail=str(frame.fields.get("detail")))
        if frame.kind == "started":
            heard.current, heard.has_started = _index(frame), True
        elif not recorder.write(frame):
            return Ending(reason="evidence_full")
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


def orders(lab: Lab, plan: Plan, suffix: str, seed: int, *, early_stop: bool) -> dict[str, Any]:
    """Return what a worker is told, as JSON fields, beside the arrays that it gets."""
    budget: dict[str, Any] = dict(plan.budget)
    if not early_stop:
        budget.pop("stop_accuracy", None)
    return {
        "suffix": suffix,
        "placeholder": lab.placeholder,
        "stand_ins": list(lab.stand_ins),
        "seed": seed,
        "budget": budget,
        "watched": list(lab.watched),
        "labels": list(lab.labels),
        "prediction": lab.prediction,
        "answers": [lab.prediction, *lab.answers] if lab.prediction else list(lab.answers),
        "functions": [[function.name, function.trials, len(function.arguments)] for function in lab.functions],
        "datasets": list(lab.datasets),
        "numbers": list(lab.numbers),
        "predictions": lab.predictions,
        "image_shape": list(lab.image_shape),
        "questions": [question.variable for question in lab.questions],
        "networks": [[role.variable, role.builder, role.convolutional, role.logits] for role in lab.roles],
        "limits": {"own_s": plan.own_s, "idle_s": plan.idle_s},
    }


def _request(job: Job) -> Frame:
    fields = orders(job.lab, job.plan, job.submission.suffix, job.seed, early_stop=job.early_stop)
    arrays = {
        "submission": np.frombuffer(job.submission.data, np.uint8),
        "held_out": job.held_out,
        "trials": job.trials,
        **{
            f"f{position}_{t}_{n}": argument
            for position, function in enumerate(job.lab.functions)
            for t, trial in enumerate(job.arguments[function.name])
            for n, argument in enumerate(trial)
        },
        **datasets.relabelled(datasets.load(job.data_path), job.relabelling),
    }
    return Frame(kind="job", fields=fields, arrays=arrays)
