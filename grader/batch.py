"""Grade a class: several submissions at a time, each result written when it is there, nothing done twice.

Threads run submissions, each at a station of its own; this thread judges, as pytest is not made for several, and
writes. What was run once is filed under a key of all that it depends on: the same code, by whomever, is not run again.
"""

from __future__ import annotations

import enum
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from grader import observation, scratch, slurm
from grader import submission as intake
from grader.classroom import PART, Assignment, Classroom, as_json
from grader.cluster import ClusterRunner
from grader.errors import AuthorError, GraderError, MachineError, StudentError, UsageError
from grader.exchange.roster import Entry, Why
from grader.observation import Draws
from grader.procfs import available_bytes
from grader.runners import LocalRunner, Runner, Task
from grader.standings import Standing, State
from grader.submission import Identity

STATION_BYTES = 2 * 1024**3
"""Memory that one station takes with TensorFlow in three processes, much of it shared."""

AHEAD = 2
"""Submissions that wait their turn beside those that run, so that no station is idle while another one's is judged."""


class Rerun(enum.Enum):
    """What is graded again although there is a result: only what changed; also what is no whole grade; or all."""

    CHANGED = "changed"
    FAILED = "failed"
    ALL = "all"


class How(enum.Enum):
    """How a result came about."""

    RUN = "run"
    KNOWN = "known"
    """Its code had been run before, for this student or another."""
    UNCHANGED = "unchanged"
    """Nothing had changed since it was judged."""
    ASIDE = "aside"
    """There is no grade: it could not be run, or not be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One result, as it arrives."""

    standing: Standing
    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How to go about a class: how many run at a time, what is graded again, and which ids if not all.

    `scheduler` is the address of a cluster that runs submissions in place of this machine; `slurm` says which jobs make
    one.
    """

    jobs: int
    rerun: Rerun = Rerun.CHANGED
    only: frozenset[str] = frozenset()
    scheduler: str = ""
    slurm: slurm.Options | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A submission that has to be judged, under the key of its evidence."""

    entry: Entry
    identity: Identity
    key: str


def default_jobs() -> int:
    """Return how many submissions this machine runs at a time: one for each core, as far as the memory goes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = available_bytes()
    return max(1, min(cores, memory // STATION_BYTES if memory else cores))


def grade_class(
    assignment: Assignment, entries: Sequence[Entry], scope: Scope, *, empty: Sequence[Entry] = ()
) -> Iterator[Done]:
    """Grade the submissions of a class into a folder, as `grade_in`.

    Raises:
        UsageError: the request makes no sense, or the folder holds another lab.
        MachineError: the machine cannot grade at all.
    """
    with Classroom(assignment) as classroom:
        yield from grade_in(classroom, entries, scope, empty=empty)


def grade_in(
    classroom: Classroom, entries: Sequence[Entry], scope: Scope, *, empty: Sequence[Entry] = ()
) -> Iterator[Done]:
    """Grade the submissions of a class whose folder is open, and yield each result once it is written.

    A submission that cannot be graded, or over which the machine failed, is a result like the others, and so is that of
    a student who handed in nothing that could be graded (`empty`). Who is in neither list is marked as absent, unless
    only some are graded.

    Raises:
        UsageError: the request makes no sense.
        MachineError: the machine cannot grade at all.
    """
    # Also where nothing has to be run, what killed graders left is removed.
    scratch.sweep()
    classroom.note()
    yield from _Pass(classroom, scope).grade(entries, empty)


class _Pass:
    """One pass over a class."""

    def __init__(self, classroom: Classroom, scope: Scope) -> None:
        self._classroom, self._scope = classroom, scope

    def grade(self, entries: Sequence[Entry], empty: Sequence[Entry]) -> Iterator[Done]:
        """Grade what has to be graded: first what was run before, then the rest as it comes in."""
        if not self._scope.only:
            self._mark_absent({entry.id for entry in (*entries, *empty)})
            for entry in empty:
                nothing = StudentError(Why.NOTHING_GRADABLE.value, slug="nothing-gradable")
                yield self._put_aside(entry, State.NOT_GRADABLE, nothing)
        waiting: dict[str, list[_Work]] = {}
        for entry in entries:
            if self._scope.only and entry.id not in self._scope.only:
                continue
            found = self._look(entry)
            if isinstance(found, Done):
                yield found
            else:
                waiting.setdefault(found.key, []).append(found)
        for key in [key for key in waiting if self._is_known(key)]:
            yield from (self._settle(work, How.KNOWN) for work in waiting.pop(key))
        if waiting:
            yield from self._run(waiting)

    def _mark_absent(self, present: set[str]) -> None:
        store = self._classroom.store
        for row in list(store.rows()):
            if row.standing.id not in present and row.standing.state is not State.ABSENT:
                gone = replace(row.standing, state=State.ABSENT, note="not in the last download")
                store.put(replace(row, standing=gone))

    def _look(self, entry: Entry) -> Done | _Work:
        """Return the result of an entry where nothing has to be done for it, or else the work."""
        try:
            submission = replace(intake.take(entry.path), id=entry.id)
        except (StudentError, UsageError) as error:
            return self._put_aside(entry, State.NOT_GRADABLE, error)
        classroom, assignment = self._classroom, self._classroom.assignment
        key = observation.key(submission, assignment.terms, classroom.source, classroom.tier)
        before = classroom.store.get(entry.id)
        if before is not None and self._is_to_keep(before.standing):
            now = (key, classroom.judged(submission.identity, entry))
            if (before.key, before.judged) == now:
                # Who it is may be told better than before.
                standing = replace(before.standing, name=entry.name, email=entry.email, is_late=entry.is_late)
                if (standing, as_json(entry)) != (before.standing, before.entry):
                    classroom.keep(entry, key, standing, submission.identity)
                return Done(standing=standing, how=How.UNCHANGED)
        return _Work(entry=entry, identity=submission.identity, key=key)

    def _is_to_keep(self, standing: Standing) -> bool:
        if self._scope.rerun is Rerun.ALL or standing.state in (State.FAULT, State.ABSENT):
            return False
        is_written = (self._classroom.assignment.out / standing.id / "report.html").exists()
        is_there = is_written or standing.state is State.NOT_GRADABLE
        return is_there and not (self._scope.rerun is Rerun.FAILED and standing.is_broken)

    def _is_known(self, key: str) -> bool:
        return self._scope.rerun is Rerun.CHANGED and self._classroom.is_known(key)

    def _run(self, waiting: dict[str, list[_Work]]) -> Iterator[Done]:
        """Run one submission for each key, some at a time, and judge in the order of arrival."""
        with self._runner() as runner:
            running: dict[Future[None], tuple[str, Path]] = {}
            todo = list(reversed(waiting))
            while todo or running:
                while todo and len(running) < runner.jobs + AHEAD:
                    key = todo.pop()
                    future, part = self._submit(runner, waiting[key][0])
                    running[future] = (key, part)
                future = next(iter(wait(running, return_when=FIRST_COMPLETED).done))
                key, part = running.pop(future)
                yield from self._arrived(future, part, waiting.pop(key))

    def _submit(self, runner: Runner, work: _Work) -> tuple[Future[None], Path]:
        """Have a submission run, and return where its evidence will be."""
        part = Path(tempfile.mkdtemp(prefix=PART, dir=self._classroom.evidence))
        try:
            return runner.submit(self._task(work), part), part
        except GraderError as error:
            failed: Future[None] = Future()
            failed.set_exception(error)
            return failed, part

    def _runner(self) -> AbstractContextManager[Runner]:
        classroom, scope = self._classroom, self._scope
        if scope.scheduler:
            return ClusterRunner(scope.scheduler)
        if scope.slurm is not None:
            return slurm.runner(scope.slurm, classroom.assignment.out)
        return LocalRunner(scope.jobs, classroom.assignment.terms.lab, classroom.source, classroom.tier)

    def _task(self, work: _Work) -> Task:
        terms = self._classroom.assignment.terms
        submission = intake.take(work.entry.path)
        if submission.sha256 != work.identity.sha256:
            raise MachineError(f"{work.entry.path} was changed meanwhile; run the command again", slug="changed")
        return Task(
            submission=submission,
            terms=terms,
            sha256=self._classroom.source.sha256,
            tier=self._classroom.tier,
            draws=Draws.of(submission, terms.seed),
            software=observation.environment(),
        )

    def _arrived(self, future: Future[None], part: Path, works: Sequence[_Work]) -> Iterator[Done]:
        try:
            future.result()
            self._classroom.file(part, works[0].key)
        except AuthorError:
            raise  # The lab itself is not in order: nobody's work has anything to do with it.
        except StudentError as error:
            yield from (self._put_aside(work.entry, State.NOT_GRADABLE, error, work) for work in works)
        except Exception as error:  # noqa: BLE001 - one bad submission does not stop the others
            yield from (self._put_aside(work.entry, State.FAULT, error, work) for work in works)
        else:
            for number, work in enumerate(works):
                yield self._settle(work, How.KNOWN if number else How.RUN)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _settle(self, work: _Work, how: How) -> Done:
        """Judge what was observed, write the reports, and then the row."""
        try:
            identity, classroom = work.identity, self._classroom
            grade = classroom.judge(work.entry, work.key, identity)
            standing = classroom.write(work.entry, work.key, grade, identity)
        except AuthorError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the others are graded
            if isinstance(error, MachineError) and error.slug == "evidence":
                # It is damaged: the next command runs the submission again.
                shutil.rmtree(self._classroom.folder(work.key), ignore_errors=True)
            return self._put_aside(work.entry, State.FAULT, error, work)
        return Done(standing=standing, how=how)

    def _put_aside(self, entry: Entry, state: State, error: Exception, work: _Work | None = None) -> Done:
        note = str(error) if isinstance(error, GraderError) else f"{type(error).__name__}: {error}"
        identity, key = (work.identity, work.key) if work else (None, "")
        return Done(standing=self._classroom.put_aside(entry, state, note, identity, key), how=How.ASIDE)
