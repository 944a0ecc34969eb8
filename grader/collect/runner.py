"""Run cells one by one, statement by statement; a statement that fails sinks neither the others nor later cells.

A notebook would stop at the first error of a cell. Here the rest of the cell runs, so that a verdict does not depend on
how the code was cut into cells.
"""

from __future__ import annotations

import ast
import ctypes
import errno
import functools
import io
import math
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any

from grader.collect.cells import PARSE_ERRORS, Statement
from grader.collect.governor import BudgetReached
from grader.collect.looking import attempt, message_of
from grader.collect.story import cell_file, place_of
from grader.procfs import waits_for_processor

OUTPUT_KEPT = 8_000
"""Characters of a cell's printed output that are kept: its end."""

OUTPUT_LIMIT = 1_000_000
"""Characters one cell may print before it is ended; the parent's own cap on raw bytes is the second line."""

TICK_S = 0.25
LATE_S = 2 * TICK_S
"""Between two looks at whether a cell does anything, no more than this counts as time in which it did nothing."""

MESSAGE_KEPT = 500
FAILURES_KEPT = 50

STANDSTILL = 0.02
"""Share of one processor below which a process is waiting, not working: its own watchman uses a thousandth."""


class CellTimedOut(BaseException):
    """A cell used up its time; derived from `BaseException` so that `except Exception` lets it pass."""


class OutputFlood(BaseException):
    """A cell printed without end."""


class Capture(io.TextIOBase):
    """Standard output of the cells: passed on, and the end of each cell's part kept."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kept = ""
        self._count = 0

    def writable(self) -> bool:
        """Text may be written."""
        return True

    def write(self, text: str) -> int:
        """Keep and pass on some text.

        Raises:
            OutputFlood: the cell has printed more than `OUTPUT_LIMIT` characters.
        """
        text = str(text)
        self._count += len(text)
        self._kept = (self._kept + text)[-OUTPUT_KEPT:]
        os.write(self._descriptor, text.encode("utf-8", "replace")[:65536])
        if self._count > OUTPUT_LIMIT:
            self._count = 0
            raise OutputFlood
        return len(text)

    def take(self) -> str:
        """Return what was kept since the last call, and start anew."""
        kept, self._kept, self._count = self._kept, "", 0
        return kept


class Stopwatch:
    """Measures the student's own processor time in seconds: that of a thread, less what governed calls used.

    Of each such call, `most_s` are not counted: code of the student's can run for ever inside of one, in a callback.
    """

    def __init__(self, most_s: float = math.inf) -> None:
        self._most_s = most_s
        self._exempt = 0.0
        self._paused_at: float | None = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not count what happens inside; the training governor bounds that in its own way."""
        thread = threading.get_ident()
        self._paused_at = thread_cpu_s(thread)
        try:
            yield
        finally:
            self._exempt += min(thread_cpu_s(thread) - self._paused_at, self._most_s)
            self._paused_at = None

    def own_s(self, thread: int) -> float:
        """Return the own time of a thread so far."""
        now, paused_at = thread_cpu_s(thread), self._paused_at
        return now - self._exempt - (0.0 if paused_at is None else min(now - paused_at, self._most_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLimits:
    """Time of one statement.

    `own_s` is that of its thread on the processor, governed calls apart. `idle_s` is time on the clock in which the
    whole process gets nothing done: so one that waits for something is told from a slow one.
    """

    own_s: float
    idle_s: float

    def shortened(self) -> CellLimits:
        """Return half the own time, one second at the least: a program that hangs everywhere still ends in time."""
        return CellLimits(own_s=max(self.own_s / 2, min(self.own_s, 1.0)), idle_s=self.idle_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of one cell; the JSON of a `ran` record without its index.

    `failures` tell of every statement that did not end well, in order: `{kind, type, message, cell, line, first, last}`
    with the innermost line of the student's and the lines of the statement. A `kind` is raised, syntax_error,
    timed_out, output_flood, or noise for an `assert` that did not hold. `state` is the first kind that counts,
    budget_reached where a loop was ended because it had shown enough, or ok.
    """

    state: str
    failures: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


def run_cell(
    index: int,
    parts: Sequence[Statement],
    namespace: dict[str, Any],
    limits: CellLimits,
    after: Callable[[Statement], None] = lambda _: None,
    stopwatch: Stopwatch | None = None,
    provide: Callable[[str], bool] = lambda _: False,
) -> Ran:
    """Run the statements of one cell in order, calling `after` when each has ended.

    Where a name is missing, `provide` may give it a value, and the statement is run again.
    """
    started = time.monotonic()
    failures: list[dict[str, Any]] = []
    budget_reached = False
    for part in parts:
        if part.tree is None:
            failures.append(_syntax_failure(part, index))
            continue
        try:
            with _deadline(limits, stopwatch or Stopwatch()):
                _execute_provided(part.tree, index, namespace, provide)
        except BudgetReached:
            budget_reached = True
        except CellTimedOut as error:
            failures.append(_failure(error, part, "timed_out"))
            limits = limits.shortened()
        except OutputFlood as error:
            failures.append(_failure(error, part, "output_flood"))
        except BaseException as error:  # noqa: BLE001 - whatever a student's statement raises ends that statement
            # What a notebook asserts of its surroundings, or exits for, such as a GPU or a key, is none of its work.
            is_noise = isinstance(part.tree, ast.Assert) or isinstance(error, SystemExit) or _is_refused(error)
            failures.append(_failure(error, part, "noise" if is_noise else "raised"))
        finally:
            attempt(functools.partial(after, part))
    grave = [failure["kind"] for failure in failures if failure["kind"] != "noise"]
    state = grave[0] if grave else "budget_reached" if budget_reached else "ok"
    return Ran(state=state, failures=failures[:FAILURES_KEPT], seconds=round(time.monotonic() - started, 3))


def _is_refused(error: BaseException) -> bool:
    """Tell whether an error says that the sandbox does not let student code start programs or reach out."""
    return isinstance(error, PermissionError) and error.errno in (errno.EPERM, errno.EACCES)


PROVIDED = 3
"""Names that are given to one statement at most."""


def _execute_provided(tree: ast.stmt, index: int, namespace: dict[str, Any], provide: Callable[[str], bool]) -> None:
    for _ in range(PROVIDED):
        try:
            _execute(tree, index, namespace)
        except (NameError, AttributeError) as error:
            if not any(provide(name) for name in _missing(error, tree, namespace)):
                raise
        else:
            return
    _execute(tree, index, namespace)


def _missing(error: NameError | AttributeError, tree: ast.stmt, namespace: dict[str, Any]) -> list[str]:
    """Return the names without a value that an error is about: one that is not known, or those that hold None."""
    if isinstance(error, NameError):
        return [str(error.name)]
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if error.obj is None else set()
    return sorted(name for name in names if namespace.get(name, ...) is None)


def _execute(tree: ast.stmt, index: int, namespace: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = ast.Module(body=[tree], type_ignores=[])
        try:
            code = compile(module, cell_file(index), "exec")
        except PARSE_ERRORS as error:
            raise SyntaxError(str(error)) from None
        exec(code, namespace)  # noqa: S102 - running the student's code is what this process is for


@contextmanager
def _deadline(limits: CellLimits, stopwatch: Stopwatch) -> Iterator[None]:
    """Raise `CellTimedOut` in this thread once the time is used up, and again while that is ignored.

    Another thread watches, so that code within its time is never interrupted: native libraries do not expect signals.
    """
    over, me = threading.Event(), threading.get_ident()
    own_end = stopwatch.own_s(me) + limits.own_s

    def watch() -> None:
        lively = Liveliness()
        seen_at, busy_s, idle_s = time.monotonic(), lively.seconds(), 0.0
        while not over.wait(TICK_S):
            now, used_s = time.monotonic(), lively.seconds()
            # A look that comes late shows that the watchman had no processor either, and what the other threads wait
            # for is told only once they have got one.
            idle_s, seen_at = idle_s + min(now - seen_at, LATE_S), now
            if used_s - busy_s > STANDSTILL * idle_s:
                idle_s, busy_s = 0.0, used_s
            if idle_s > limits.idle_s or stopwatch.own_s(me) > own_end:
                _interrupt(me)

    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _time_out)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        # After this no signal can arrive late, outside of the block that expects it.
        watcher.join()


class Liveliness:
    """How long this process has computed, or waited for a processor to compute on, in seconds; it never falls.

    So one that gets no processor on a busy machine is not taken for one that does nothing. What the calling thread
    itself waits for does not count: it is the one that looks.
    """

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}
        self._waited = 0.0

    def seconds(self) -> float:
        """Return it, since the first call."""
        waits = waits_for_processor("self")
        waits.pop(threading.get_native_id(), None)
        self._waited += sum(max(wait - self._seen.get(thread, 0.0), 0.0) for thread, wait in waits.items())
        self._seen = waits
        return time.process_time() + self._waited


def _time_out(_number: int, _frame: FrameType | None) -> None:
    raise CellTimedOut


def thread_cpu_s(thread: int) -> float:
    """Return the processor time of a thread in seconds; the clock's where the platform does not tell that of others."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic()
    return time.clock_gettime(time.pthread_getcpuclockid(thread))


def _interrupt(thread: int) -> None:
    """Raise `CellTimedOut` in the main thread: by a signal, which also wakes it from a sleep, or by Python alone."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread, signal.SIGALRM)
    else:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(CellTimedOut))


def _syntax_failure(part: Statement, index: int) -> dict[str, Any]:
    last = part.line + part.source.count("\n")
    where = {"cell": index, "line": part.broken_line, "first": part.line, "last": last}
    return {"kind": "syntax_error", "type": "SyntaxError", "message": part.error[:MESSAGE_KEPT], **where}


def _failure(error: BaseException, part: Statement, kind: str) -> dict[str, Any]:
    try:
        message = message_of(error, most=MESSAGE_KEPT)
    except BaseException:  # noqa: BLE001 - __str__ is the student's, too
        message = "(the exception cannot be shown)"
    cell, line = _innermost(error.__traceback__)
    where = {"cell": cell, "line": line, "first": part.line, "last": part.line + part.source.count("\n")}
    return {"kind": kind, "type": type(error).__name__[:80], "message": message, **where}


def _innermost(trace: TracebackType | None) -> tuple[int | None, int | None]:
    place: tuple[int | None, int | None] = (None, None)
    for frame, line in traceback.walk_tb(trace):
        cell = place_of(frame.f_code.co_filename)
        if cell is not None:
            place = cell, line
    return place


def capture_output() -> Capture:
    """Put a `Capture` in place of standard output and standard error."""
    capture = Capture(2)
    sys.stdout = sys.stderr = capture
    return capture
