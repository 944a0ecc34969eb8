"""Grade one submission: a short list of verbs."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader import datasets, labs, observation, process, report
from grader import submission as intake
from grader.arguments import draw
from grader.collect.host import Job, Reading, collect, reading
from grader.datasets import DataSource, HeldOut
from grader.errors import MachineError, StudentError, UsageError
from grader.evidence import Evidence
from grader.judge.case import Case
from grader.labs import Expectations, Lab
from grader.language import gettext as _
from grader.language import use
from grader.late import HandedIn
from grader.model import Grade, RunFacts
from grader.observation import Draws, Run
from grader.sandbox.choose import choose, confinement
from grader.sandbox.contract import Confine, Tier
from grader.stations import Station
from grader.submission import Submission
from grader.terms import Terms
from grader.verify.host import Verifier, labels_of_rows
from grader.wire import Frame
from grader.workers import Launch, fresh

Listener = Callable[[Frame], None]

EVIDENCE = "evidence"
"""The folder beside a report that has the record of its run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to grade and on which terms. `out` is the folder for the reports.

    `handed_in` is when it was handed in, if anybody knows; `staff` shows hidden checks in the reports;
    `language` is what is asked for in the place of the lab's own.
    """

    file: Path
    terms: Terms
    out: Path
    handed_in: HandedIn | None = None
    staff: bool = False
    language: str = ""

    @property
    def spoken(self) -> str:
        """The language that the student reads."""
        return self.language or self.terms.lab.language


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
    require_writable(request.out)
    submission = intake.take(request.file)
    with _begun(request, submission, listener) as begun:
        # The student reads what is written in the file by now, and the worker imports TensorFlow.
        source = datasets.resolve(request.terms.data)
        expected = labs.expectations(request.terms.lab, data=source.name, effort=request.terms.effort)
        run = _finish(request, submission, source, begun, listener)
    return report_on(request, run, expected, started)


def report_on(request: Request, run: Run, expected: Expectations, started: float) -> Grade:
    """Judge what was observed and write the reports; `started` is when grading began, on the monotonic clock.

    Raises:
        AuthorError: the checks of the lab are not in order.
        MachineError: the reports cannot be made.
    """
    from grader.judge.grading import grade as settle  # noqa: PLC0415 - see `preload`
    from grader.judge.plugin import judge  # noqa: PLC0415

    case = case_of(request, run, expected)
    facts = facts_of(request, run)
    seconds = round(time.monotonic() - started, 2)
    result = settle(case, judge(case), run.identity, facts, seconds, handed_in=request.handed_in)
    report.write_reports(result, request.out, staff=request.staff)
    return result


def observe(request: Request, submission: Submission, source: DataSource, listener: Listener) -> Run:
    """Collect and verify: everything up to the judgement.

    Raises:
        StudentError: the worker could not read the file as a notebook or as Python.
        MachineError: the worker ended before it ran anything.
    """
    with _begun(request, submission, listener) as begun:
        return _finish(request, submission, source, begun, listener)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A worker that has read the submission, and where it runs."""

    reading: Reading
    tier: Tier
    launch: Launch


@contextmanager
def _begun(request: Request, submission: Submission, listener: Listener) -> Iterator[_Begun]:
    """Let a worker read the submission, before anything that takes time is done here.

    Raises:
        StudentError: the worker could not read the file as a notebook or as Python.
    """
    tier = choose(request.terms.tier)
    launch = fresh(confine(tier, request.terms.lab))
    with reading(submission, request.terms, launch, listener) as begun:
        if begun.ending is not None and begun.ending.reason == "rejected":
            raise unreadable(submission, begun.ending.detail)
        yield _Begun(reading=begun, tier=tier, launch=launch)


def _finish(request: Request, submission: Submission, source: DataSource, begun: _Begun, listener: Listener) -> Run:
    """Run what was read."""
    with Verifier(begun.launch) as verifier:

        def hear(frame: Frame) -> None:
            if frame.kind == "started" and request.terms.lab.roles:
                # The import of TensorFlow is over there: two at a time would slow each other down.
                verifier.prepare()
            listener(frame)

        # The parent waits for the worker now: time to import what judging and the report need.
        threading.Thread(target=preload, daemon=True).start()
        station = Station(source=source, tier=begun.tier, launch=begun.launch, verifier=verifier)
        return gather(request.terms, submission, station, request.out / EVIDENCE, listener=hear, begun=begun.reading)


def preload() -> None:
    """Import what is needed once a submission has run, and would keep the first line of feedback waiting."""
    from grader.judge import grading, plugin  # noqa: F401, PLC0415

    report.preload()
    process.make_font_list()


def unreadable(submission: Submission, why: str) -> StudentError:
    """Return what is said of a file that is neither a notebook nor Python."""
    return StudentError(f"{submission.file}: {why}", slug="not-a-lab-file")


def confine(tier: Tier, lab: Lab) -> Confine:
    """Return what gives workers their confinement while a lab is graded."""
    return functools.partial(confinement, tier, hidden=labs.secret_folders(lab))


def gather(
    terms: Terms,
    submission: Submission,
    station: Station,
    folder: Path,
    *,
    draws: Draws | None = None,
    held_out: HeldOut | None = None,
    listener: Listener = silent,
    begun: Reading | None = None,
) -> Run:
    """Do the same where everything is set up.

    The record goes into `folder`. `draws` were drawn before, by whoever has the key to draw by; `held_out` are other
    images than those. `begun` is a worker that has read the submission already.

    The submission learns from labels that stand for one another in a secret way: what it knows about the images from
    elsewhere, as weights or as a table of answers, is worth nothing. What its networks say is translated back.
    """
    draws = draws or Draws.of(submission, terms.seed)
    held_out = held_out or observation.held_out(station.source, draws, terms.lab)
    job = Job(
        submission=submission,
        terms=terms,
        data_path=station.source.path,
        relabelling=draws.relabelling,
        launch=station.launch,
        held_out=held_out.images,
        trials=observation.trials(draws.trials),
        arguments=draw(terms.lab.functions, draws.arguments),
    )
    evidence = collect(job, folder, listener, begun)
    _require_run(submission, evidence)
    given = observation.labels(station.source, draws)
    labels_of = labels_of_rows(given["y_train"], given["y_test"])
    verified = station.verifier.verify(evidence, held_out=held_out, labels_of=labels_of).translated(draws.relabelling)
    return Run(
        identity=submission.identity,
        evidence=evidence,
        verified=verified,
        draws=draws,
        trials=job.trials,
        source=station.source,
        tier=station.tier,
        arguments=job.arguments,
        test_labels=given["y_test"],
    )


def require_writable(folder: Path) -> None:
    """Make the folder for reports.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}", slug="out-unwritable") from error


def _require_run(submission: Submission, evidence: Evidence) -> None:
    if evidence.ending == "rejected":
        raise unreadable(submission, evidence.ending_detail)
    if evidence.run.get("unreadable") is True:
        raise unreadable(submission, "reading it takes more time or memory than any lab needs")
    if evidence.ending != "done" and evidence.run.get("began") is not True:
        reason = f"{evidence.ending} {evidence.ending_detail}".strip()
        raise MachineError(f"the worker ended before it ran anything ({reason})", slug="worker-failed")


def case_of(request: Request, run: Run, expected: Expectations) -> Case:
    """Return what the judge looks at."""
    return Case(
        lab=request.terms.lab,
        evidence=run.evidence,
        verified=run.verified,
        expected=expected,
        effort=request.terms.effort,
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
    from grader.judge import shortened  # noqa: PLC0415 - see `preload`

    recorded = run.evidence.run
    versions = recorded.get("versions")
    capped = recorded.get("capped")
    return RunFacts(
        effort=request.terms.effort.value,
        data=run.source.name,
        seed=request.terms.seed,
        tier=run.tier.value,
        versions=tuple((str(k), str(v)) for k, v in versions.items()) if isinstance(versions, dict) else (),
        caps=tuple(shortened.told(str(cap)) for cap in capped) if isinstance(capped, list) else (),
        notes=tuple(_notes(request)),
    )


def _notes(request: Request) -> Iterator[str]:
    if request.terms.lab.late is not None and request.handed_in is None:
        deadline = request.terms.lab.late.deadline.isoformat(sep=" ")
        unknown = _(
            "When this was handed in was not said, so nothing is taken off for lateness. The deadline: {deadline}."
        )
        yield unknown.format(deadline=deadline)
