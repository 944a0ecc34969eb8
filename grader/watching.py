"""Grade a file again each time it is saved, with workers that stay warm (docs/design/watch.md).

One thread hears that the file was saved, one runs what was saved last, and whoever iterates over `watch` reads, judges
and writes reports: what is shown and what pytest does never meet.
"""

from __future__ import annotations

import difflib
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from grader import datasets, labs, observation, pipeline, record
from grader import submission as intake
from grader.collect import host
from grader.datasets import DataSource
from grader.errors import GraderError, MachineError, StudentError
from grader.judge.code import Code
from grader.model import Grade
from grader.pipeline import Request
from grader.sandbox.choose import choose
from grader.sandbox.contract import Confine, Tier
from grader.saving import Bell
from grader.stations import Ahead, Station, Stations
from grader.submission import Submission
from grader.wire import Frame
from grader.workers import Launch, Limits, Worker, fresh

WORKER = "grader.collect.worker"

SETTLE_S = 1.0
"""Seconds that a file may be missing, empty or half-written before anybody is told of it."""

TICK_S = 1.0
"""Seconds after which a waiting main thread wakes up: on Windows nothing else lets Ctrl-C through."""

KEPT = 4
"""Versions of a file whose evidence is kept, some 20 MB each: who takes a change back need not wait."""


_SHOWN = frozenset({"started", "call", "end"})
"""Records of a run by which one sees how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What is written in a file that was saved; `changed` are the cells that are new or other than before.

    `is_same` says that the code is what was run last, so nothing is run.
    """

    code: Code
    changed: tuple[int, ...]
    is_first: bool
    is_same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """A grade whose reports are written, and the one before it."""

    grade: Grade
    before: Grade | None
    is_same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why there is no grade of what was saved, in words."""

    text: str


Told = Saved | Frame | Graded | Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Observed:
    """Evidence of a submission lies in a folder."""

    submission: Submission
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    """A submission could not be run."""

    submission: Submission
    why: str


_Event = Frame | _Observed | _Failed | None
"""None says that the file may have been saved."""


def watch(request: Request) -> Generator[Told]:
    """Grade a file now and each time it is saved, until nobody asks for more; yields what there is to show.

    Raises:
        UsageError: the request makes no sense.
        AuthorError: the lab is not in order.
        MachineError: no worker can be started.
    """
    pipeline.require_writable(request.out)
    file = intake.find_in(request.file) if request.file.is_dir() else request.file
    with _Watch(replace(request, file=file)) as watching:
        yield from watching.told()


class _Watch:
    """One file that is watched. Use as a context manager."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._tier = choose(request.terms.tier)
        self._source = datasets.resolve(request.terms.data)
        self._expected = labs.expectations(request.terms.lab, data=self._source.name, effort=request.terms.effort)
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._open = ExitStack()
        self._seen: Submission | None = None
        self._cells: tuple[str, ...] = ()
        self._grade: Grade | None = None
        self._graded: Submission | None = None
        self._trouble = self._told_trouble = ""

    def __enter__(self) -> Self:
        confine = pipeline.confine(self._tier, self._request.terms.lab)
        limits = self._request.terms.plan.limits
        self._readers = self._open.enter_context(Ahead(fresh(confine), WORKER, limits, is_warm=False))
        self._runner = self._open.enter_context(_Runner(self._request, self._source, self._tier, confine, self._events))
        self._open.enter_context(Bell(self._request.file, lambda: self._events.put(None)))
        threading.Thread(target=pipeline.preload, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.close()

    def told(self) -> Iterator[Told]:
        """Yield what there is to show, for ever."""
        yield from self._look(is_settled=True)
        while True:
            self._readers.prepare()
            try:
                event = self._events.get(timeout=SETTLE_S if self._trouble else TICK_S)
            except queue.Empty:
                if self._trouble:
                    yield from self._look(is_settled=True)
                continue
            match event:
                case None:
                    yield from self._look(is_settled=False)
                case Frame():
                    yield event
                case _Failed():
                    yield Problem(text=event.why)
                case _Observed():
                    yield from self._judge(event)

    def _look(self, *, is_settled: bool) -> Iterator[Saved | Problem]:
        """Read the file if it is another one than before, and have it run; a file in between two states is let be."""
        try:
            submission = intake.take(self._request.file)
            if self._seen is not None and submission.sha256 == self._seen.sha256:
                self._trouble = self._told_trouble = ""
                return
            code = self._read(submission)
        except StudentError as error:
            self._trouble = "" if is_settled else str(error)
            if is_settled and str(error) != self._told_trouble:
                self._told_trouble = str(error)
                yield Problem(text=str(error))
            return
        self._trouble = self._told_trouble = ""
        yield self._saved(submission, code)
        self._runner.run(submission)

    def _read(self, submission: Submission) -> Code:
        """Have a worker read what is written in a submission; one over which it is lost has no cells to show.

        Raises:
            StudentError: it is neither a notebook nor Python.
        """
        terms = self._request.terms
        with host.reading(submission, terms, self._readers.launch, pipeline.silent) as reading:
            if reading.ending is not None and reading.ending.reason == "rejected":
                raise pipeline.unreadable(submission, reading.ending.detail)
            return Code(lab=terms.lab, cells=record.written(reading.frames))

    def _saved(self, submission: Submission, code: Code) -> Saved:
        sources = tuple(cell.source for cell in code.cells)
        saved = Saved(
            code=code,
            changed=_changed(self._cells, sources),
            is_first=self._seen is None,
            is_same=self._seen is not None and submission.content == self._seen.content,
        )
        self._seen, self._cells = submission, sources
        return saved

    def _judge(self, observed: _Observed) -> Iterator[Graded | Problem]:
        """Judge what lies in a folder by the same rules as any grade, and write the reports."""
        request, submission, started = self._request, observed.submission, time.monotonic()
        if self._seen is not submission:
            return  # Something newer is on its way.
        try:
            run = observation.recall(observed.folder, submission.identity, request.terms.lab, self._source)
            _show_evidence(observed.folder, request.out / pipeline.EVIDENCE)
            grade = pipeline.report_on(request, run, self._expected, started - run.seconds)
        except (GraderError, OSError) as error:
            yield Problem(text=str(error))
            return
        is_same = self._graded is not None and self._graded.content == submission.content
        before, self._grade, self._graded = self._grade, grade, submission
        yield Graded(grade=grade, before=before, is_same=is_same)


def _changed(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[int, ...]:
    """Return the cells, counted from 1, that are not as they were; one that moved because of others is."""
    steps = difflib.SequenceMatcher(None, before, now, autojunk=False).get_opcodes()
    return tuple(index + 1 for kind, _, _, first, end in steps if kind != "equal" for index in range(first, end))


def _show_evidence(kept: Path, folder: Path) -> None:
    """Put the record of a run where reports have it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in kept.iterdir():
        if path.name != observation.FILE:
            shutil.copyfile(path, folder / path.name)


class _Runner:
    """Runs what was saved last, in a thread of its own; what is overtaken by something newer is given up.

    Evidence is filed under all that it depends on, so the same code is not run twice. Use as a context manager.
    """

    def __init__(
        self,
        request: Request,
        source: DataSource,
        tier: Tier,
        confine: Confine,
        events: queue.SimpleQueue[_Event],
    ) -> None:
        self._request, self._source, self._tier, self._confine = request, source, tier, confine
        self._events = events
        self._asked: queue.SimpleQueue[Submission | None] = queue.SimpleQueue()
        self._newest: Submission | None = None
        self._worker: Worker | None = None
        self._lock = threading.Lock()
        self._stations = Stations(source, tier, confine)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._folder = tempfile.TemporaryDirectory(prefix="epochmark-watch-")
        self._known: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._give_up(None)
        self._asked.put(None)
        # Whatever still runs ends with its station.
        self._stations.__exit__()
        self._thread.join()
        # Also what the thread began while it was told to stop.
        self._stations.__exit__()
        self._folder.cleanup()

    def run(self, submission: Submission) -> None:
        """Run a submission in place of whatever runs now."""
        self._give_up(submission)
        self._asked.put(submission)

    def _give_up(self, newest: Submission | None) -> None:
        with self._lock:
            overtaken = self._newest is None or newest is None or newest.content != self._newest.content
            self._newest = newest
            if self._worker is not None and overtaken:
                self._worker.abandon()

    def _work(self) -> None:
        limits = self._request.terms.plan.limits
        with ExitStack() as stack:
            ahead: Ahead | None = None
            while (submission := self._asked.get()) is not None:
                try:
                    station = self._stations.mine()
                    if station.is_cold and ahead is None:
                        ahead = stack.enter_context(Ahead(station.launch, WORKER, limits, is_warm=True))
                    launch = ahead.launch if ahead is not None else station.launch
                    self._observe(submission, replace(station, launch=self._noted(submission, launch)))
                except Exception as error:  # noqa: BLE001 - the thread lives on; whoever watches is told
                    if self._is_newest(submission):
                        self._events.put(_Failed(submission=submission, why=_why(error)))
                if ahead is not None:
                    ahead.prepare()

    def _observe(self, submission: Submission, station: Station) -> None:
        """See to it that evidence of a submission is there, and tell of it."""
        if not self._is_newest(submission):
            return
        folder = self._folder_of(submission)
        if not (folder / observation.FILE).exists():
            try:
                self._run(submission, station, folder)
            except MachineError as error:
                if error.slug == "stopped" or not self._is_newest(submission):
                    return
                self._run(submission, station, folder)
        self._events.put(_Observed(submission=submission, folder=folder))

    def _run(self, submission: Submission, station: Station, folder: Path) -> None:
        started = time.monotonic()
        run = pipeline.gather(self._request.terms, submission, station, folder, listener=self._tell)
        if run.verified.fault:
            raise MachineError(f"the networks could not be recomputed: {run.verified.fault}", slug="verifier")
        observation.save(replace(run, seconds=round(time.monotonic() - started, 2)), folder)

    def _tell(self, frame: Frame) -> None:
        if frame.kind in _SHOWN:
            self._events.put(frame)

    def _folder_of(self, submission: Submission) -> Path:
        """Return the folder for the evidence of a submission; those that were used longest ago are removed."""
        request = self._request
        key = observation.key(submission, request.terms, self._source, self._tier)
        self._known = [*(known for known in self._known if known != key), key]
        while len(self._known) > KEPT:
            shutil.rmtree(Path(self._folder.name, self._known.pop(0)), ignore_errors=True)
        return Path(self._folder.name, key)

    def _is_newest(self, submission: Submission) -> bool:
        """Tell whether a submission is still wanted: it, or one with the same code."""
        newest = self._newest
        return newest is not None and newest.content == submission.content

    def _noted(self, submission: Submission, launch: Launch) -> Launch:
        """Return what starts workers that are abandoned once something newer is saved."""

        @contextmanager
        def noted(module: str, limits: Limits) -> Iterator[Worker]:
            with launch(module, limits) as worker:
                with self._lock:
                    self._worker = worker
                    if not self._is_newest(submission):
                        worker.abandon()
                try:
                    yield worker
                finally:
                    with self._lock:
                        self._worker = None

        return noted


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, GraderError) else f"{type(error).__name__}: {error}"
