"""Grade one submission: a short list of verbs."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from grader import datasets, keys, labs, report
from grader import submission as intake
from grader.arguments import Arguments, draw
from grader.collect.host import Job, collect
from grader.datasets import DataSource
from grader.errors import MachineError, StudentError, UsageError
from grader.evidence import Evidence
from grader.judge import shortened
from grader.judge.case import Case
from grader.judge.grading import grade as settle
from grader.judge.plugin import judge
from grader.labs import Expectations, Lab
from grader.language import gettext as _
from grader.language import use
from grader.late import HandedIn
from grader.model import Effort, Grade, RunFacts
from grader.sandbox.choose import choose, confinement
from grader.sandbox.contract import Confine, Tier
from grader.submission import Submission
from grader.verification import Verified
from grader.verify import host as verification
from grader.verify.host import Verifier
from grader.wire import Array, Frame

HELD_OUT = 1_000
"""Images on which accuracy is recomputed: its standard error at 0.95 is 0.7 points, which the bounds include."""

TRIALS, TRIAL_ROWS, CLASSES = 3, 64, 10
"""Prediction matrices on which the student's expression is tried."""

Listener = Callable[[Frame], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to grade and how. `out` is the folder for the reports; `tier` is the least isolation that will do.

    `handed_in` is when it was handed in, if anybody knows; `staff` shows hidden checks in the reports;
    `language` is what is asked for in the place of the lab's own.
    """

    file: Path
    lab: Lab
    effort: Effort
    data: str
    seed: int
    out: Path
    early_stop: bool = True
    tier: Tier | None = None
    handed_in: HandedIn | None = None
    staff: bool = False
    language: str = ""

    @property
    def spoken(self) -> str:
        """The language that the student reads."""
        return self.language or self.lab.language


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A submission that has been collected and verified, but not judged."""

    submission: Submission
    evidence: Evidence
    verified: Verified
    trials: Array
    source: DataSource
    tier: Tier
    arguments: Arguments = field(default_factory=dict, repr=False)
    test_labels: Array | None = field(default=None, repr=False)


def silent(_frame: Frame) -> None:
    """Ignore progress."""


def grade(request: Request, listener: Listener = silent) -> Grade:
    """Grade a submission and write its reports.

    Raises:
        StudentError: the file cannot be graded.
        UsageError: the request makes no sense.
        MachineError: the machine or the grader failed; nothing has been charged to the student.
    """
    started = time.monotonic()
    _require_writable(request.out)
    submission = intake.take(request.file)
    source = datasets.resolve(request.data)
    expected = labs.expectations(request.lab, data=source.name, effort=request.effort)
    run = observe(request, submission, source, listener)
    case = case_of(request, run, expected)
    facts = facts_of(request, run)
    seconds = round(time.monotonic() - started, 2)
    result = settle(case, judge(case), submission, facts, seconds, handed_in=request.handed_in)
    report.write_reports(result, request.out, staff=request.staff)
    return result


def observe(request: Request, submission: Submission, source: DataSource, listener: Listener) -> Run:
    """Collect and verify: everything up to the judgement. The clean worker starts while the submission runs.

    Raises:
        StudentError: the worker could not read the file as a notebook or as Python.
        MachineError: the worker ended before it ran anything.
    """
    seed = keys.draw("held-out", request.seed, submission.sha256)
    images, labels = datasets.held_out(source, count=HELD_OUT, seed=seed)
    tier = choose(request.tier)
    with verification.start(images, confine(tier, request.lab)) as verifier:
        # The parent waits for the worker now: time to import what the report needs.
        threading.Thread(target=report.preload, daemon=True).start()
        return gather(request, submission, source, listener, verifier, labels, tier)


def confine(tier: Tier, lab: Lab) -> Confine:
    """Return what gives workers their confinement while a lab is graded."""
    return functools.partial(confinement, tier, hidden=labs.secret_folders(lab))


def gather(
    request: Request,
    submission: Submission,
    source: DataSource,
    listener: Listener,
    verifier: Verifier,
    labels: Array,
    tier: Tier,
) -> Run:
    """Do the same with a clean worker that is there already; `labels` are those of its held-out images, uint8 (n,).

    The submission learns from labels that stand for one another in a secret way: what it knows about the images from
    elsewhere, as weights or as a table of answers, is worth nothing. What its networks say is translated back.
    """
    relabelling = _permutation(keys.draw("labels", request.seed, submission.sha256))
    job = Job(
        submission=submission,
        lab=request.lab,
        plan=request.lab.plans[request.effort],
        seed=request.seed,
        data_path=source.path,
        relabelling=relabelling,
        confine=confine(tier, request.lab),
        held_out=verifier.images,
        trials=_trials(request.seed),
        arguments=draw(request.lab.functions, keys.draw("arguments", request.seed, submission.sha256)),
        early_stop=request.early_stop,
    )
    evidence = collect(job, request.out / "evidence", listener)
    _require_run(submission, evidence)
    given = datasets.relabelled(datasets.load(source.path, only=("y_train", "y_test")), relabelling)
    labels_of = verification.labels_of_rows(given["y_train"], given["y_test"])
    verified = verifier.verify(evidence, labels=labels, labels_of=labels_of).translated(relabelling)
    return Run(
        submission=submission,
        evidence=evidence,
        verified=verified,
        trials=job.trials,
        source=source,
        tier=tier,
        arguments=job.arguments,
        test_labels=given["y_test"],
    )


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}", slug="out-unwritable") from error


def _require_run(submission: Submission, evidence: Evidence) -> None:
    if evidence.ending == "rejected":
        raise StudentError(f"{submission.file}: {evidence.ending_detail}", slug="not-a-lab-file")
    if evidence.ending != "done" and all(cell.state == "skipped" for cell in evidence.cells):
        reason = f"{evidence.ending} {evidence.ending_detail}".strip()
        raise MachineError(f"the worker ended before it ran anything ({reason})", slug="worker-failed")


def _permutation(seed: int) -> list[int]:
    """Return the label that a submission is given for each true one, which is never that one itself."""
    generator = np.random.default_rng(seed)
    while True:
        labels = generator.permutation(CLASSES)
        if (labels != np.arange(CLASSES)).all():
            return [int(label) for label in labels]


def _trials(seed: int) -> Array:
    """Return prediction matrices (trials, rows, classes) float32: each row a distribution with a clear maximum.

    The first row's likeliest class differs from trial to trial, and the largest value of all is in another row.
    """
    generator = np.random.default_rng([seed, 0x7E57])
    trials = generator.uniform(0.0, 0.04, (TRIALS, TRIAL_ROWS, CLASSES)).astype(np.float32)
    chosen = generator.permutation(CLASSES)[:TRIALS]
    for trial, digit in zip(trials, chosen, strict=True):
        for row in trial[1:]:
            row[generator.integers(CLASSES)] = generator.uniform(0.7, 0.95)
        trial[0, digit] = 0.6
    distributions: Array = trials / trials.sum(axis=2, keepdims=True)
    return distributions


def case_of(request: Request, run: Run, expected: Expectations) -> Case:
    """Return what the judge looks at."""
    return Case(
        lab=request.lab,
        evidence=run.evidence,
        verified=run.verified,
        expected=expected,
        effort=request.effort,
        trials=run.trials,
        arguments=run.arguments,
        test_labels=run.test_labels,
        language=request.spoken,
    )


def facts_of(request: Request, run: Run) -> RunFacts:
    """Return how the grade came about, for the report."""
    with use(request.spoken):
        return _facts_of(request, run)


def _facts_of(request: Request, run: Run) -> RunFacts:
    recorded = run.evidence.run
    versions = recorded.get("versions")
    capped = recorded.get("capped")
    return RunFacts(
        effort=request.effort.value,
        data=run.source.name,
        seed=request.seed,
        tier=run.tier.value,
        versions=tuple((str(k), str(v)) for k, v in versions.items()) if isinstance(versions, dict) else (),
        caps=tuple(shortened.told(str(cap)) for cap in capped) if isinstance(capped, list) else (),
        notes=tuple(_notes(request)),
    )


def _notes(request: Request) -> Iterator[str]:
    if request.lab.late is not None and request.handed_in is None:
        deadline = request.lab.late.deadline.isoformat(sep=" ")
        unknown = _(
            "When this was handed in was not said, so nothing is taken off for lateness. The deadline: {deadline}."
        )
        yield unknown.format(deadline=deadline)
