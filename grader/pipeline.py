"""Grade one submission: a short list of verbs."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from grader import datasets, labs, observation, process, report
from grader import submission as intake
from grader.arguments import draw
from grader.collect.host import Job, collect
from grader.datasets import DataSource, HeldOut
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
from grader.observation import Draws, Run
from grader.sandbox.choose import choose, confinement
from grader.sandbox.contract import Confine, Tier
from grader.stations import Station
from grader.submission import Submission
from grader.verify import host as verification
from grader.wire import Frame
from grader.workers import fresh

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
    result = settle(case, judge(case), submission.identity, facts, seconds, handed_in=request.handed_in)
    report.write_reports(result, request.out, staff=request.staff)
    return result


def observe(request: Request, submission: Submission, source: DataSource, listener: Listener) -> Run:
    """Collect and verify: everything up to the judgement. The clean worker starts while the submission runs.

    Raises:
        StudentError: the worker could not read the file as a notebook or as Python.
        MachineError: the worker ended before it ran anything.
    """
    tier = choose(request.tier)
    launch = fresh(confine(tier, request.lab))
    with verification.start(launch) as verifier:
        # The parent waits for the worker now: time to import what the report needs.
        threading.Thread(target=_prepare, daemon=True).start()
        station = Station(source=source, tier=tier, launch=launch, verifier=verifier)
        return gather(request, submission, station, listener=listener)


def _prepare() -> None:
    report.preload()
    process.make_font_list()


def confine(tier: Tier, lab: Lab) -> Confine:
    """Return what gives workers their confinement while a lab is graded."""
    return functools.partial(confinement, tier, hidden=labs.secret_folders(lab))


def gather(
    request: Request,
    submission: Submission,
    station: Station,
    *,
    folder: Path | None = None,
    draws: Draws | None = None,
    held_out: HeldOut | None = None,
    listener: Listener = silent,
) -> Run:
    """Do the same where everything is set up.

    The record goes into `folder`, or else beside the reports. `draws` were drawn before, by whoever has the key to
    draw by; `held_out` are other images than those.

    The submission learns from labels that stand for one another in a secret way: what it knows about the images from
    elsewhere, as weights or as a table of answers, is worth nothing. What its networks say is translated back.
    """
    draws = draws or Draws.of(submission, request.seed)
    held_out = held_out or observation.held_out(station.source, draws)
    job = Job(
        submission=submission,
        lab=request.lab,
        plan=request.lab.plans[request.effort],
        seed=request.seed,
        data_path=station.source.path,
        relabelling=draws.relabelling,
        launch=station.launch,
        held_out=held_out.images,
        trials=observation.trials(draws.trials),
        arguments=draw(request.lab.functions, draws.arguments),
        early_stop=request.early_stop,
    )
    evidence = collect(job, folder or request.out / "evidence", listener)
    _require_run(submission, evidence)
    given = observation.labels(station.source, draws)
    labels_of = verification.labels_of_rows(given["y_train"], given["y_test"])
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
