"""Run cells one by one, statement by statement, as a notebook would; one that fails does not sink the others."""

from __future__ import annotations

import ast
import ctypes
import io
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

from grader.collect.cells import PARSE_ERRORS, Statement
from grader.collect.governor import BudgetReached
from grader.collect.story import cell_file, place_of

OUTPUT_KEPT = 8_000
"""Characters of a cell's printed output that are kept: its end."""

OUTPUT_LIMIT = 1_000_000
"""Characters one cell may print before it is ended; the parent's own cap on raw bytes is the second line."""

TICK_S = 0.25

MESSAGE_KEPT = 500


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLimits:
    """Time of one cell: of its main thread on the processor, and on the clock (which a sleeping loop runs into)."""

    cpu_s: float
    wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of one cell; the JSON of a `ran` record without its index."""

    state: str
    failure: dict[str, Any] | None
    seconds: float


def run_cell(
    index: int,
    parts: Sequence[Statement],
    namespace: dict[str, Any],
    limits: CellLimits,
    after: Callable[[], None] = lambda: None,
) -> Ran:
    """Run the statements of one cell in order, calling `after` when each has ended.

    The first that raises ends the cell, as in a notebook. A loop that was ended because it had shown enough does not:
    the statements after it run.
    """
    started = time.monotonic()
    state, failure = "ok", None
    for part in parts:
        if part.tree is None:
            state, failure = "syntax_error", _syntax_failure(part, index)
            continue
        try:
            with _deadline(limits, time.monotonic() - started):
                _execute(part.tree, index, namespace)
        except BudgetReached:
            state = "budget_reached" if state == "ok" else state
        except CellTimedOut:
            state = "timed_out"
            break
        except OutputFlood:
            state, failure = "output_flood", None
            break
        except ModuleNotFoundError as error:
            # A package that the lab does not need must not take the imports below it along.
            state, failure = "raised", _failure(error)
            if not isinstance(part.tree, ast.Import | ast.ImportFrom):
                break
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of a student end one cell only
            state, failure = "raised", _failure(error)
            break
        finally:
            _observe(after)
    return Ran(state=state, failure=failure, seconds=round(time.monotonic() - started, 3))


def _observe(after: Callable[[], None]) -> None:
    """Look at what a statement left behind; a failure of the observer is for the log, not for the student."""
    try:
        after()
    except Exception:  # noqa: BLE001 - the values are the student's; looking at them may raise anything
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))


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
def _deadline(limits: CellLimits, used_s: float) -> Iterator[None]:
    """Raise `CellTimedOut` in this thread once the time is used up, and again while that is ignored.

    Another thread watches, so that code within its time is never interrupted: native libraries do not expect signals.
    """
    over, me = threading.Event(), threading.get_ident()
    cpu_end = _thread_cpu_s(me) + limits.cpu_s
    wall_end = time.monotonic() + max(limits.wall_s - used_s, TICK_S)

    def watch() -> None:
        while not over.wait(TICK_S):
            if time.monotonic() > wall_end or _thread_cpu_s(me) > cpu_end:
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


def _time_out(_number: int, _frame: FrameType | None) -> None:
    raise CellTimedOut


def _thread_cpu_s(thread: int) -> float:
    """Return the processor time of a thread in seconds; 0 where the platform does not tell that of another one."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return 0.0
    return time.clock_gettime(time.pthread_getcpuclockid(thread))


def _interrupt(thread: int) -> None:
    """Raise `CellTimedOut` in the main thread: by a signal, which also wakes it from a sleep, or by Python alone."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread, signal.SIGALRM)
    else:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(CellTimedOut))


def _syntax_failure(part: Statement, index: int) -> dict[str, Any]:
    line = part.line
    try:
        ast.parse(part.source)
    except SyntaxError as error:
        line += max((error.lineno or 1) - 1, 0)
    except PARSE_ERRORS:
        pass
    return {"type": "SyntaxError", "message": part.error[:MESSAGE_KEPT], "cell": index, "line": line}


def _failure(error: BaseException) -> dict[str, Any]:
    try:
        message = str(error)[:MESSAGE_KEPT]
    except BaseException:  # noqa: BLE001 - __str__ is the student's, too
        message = "(the exception cannot be shown)"
    cell, line = _innermost(error.__traceback__)
    return {"type": type(error).__name__[:80], "message": message, "cell": cell, "line": line}


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
