"""Workers as the parent sees them: requests in, frames out, every limit watched, and an end that is told from others.

A worker gets its requests on standard input and answers with frames on standard output. Its first request says what to
confine itself to; that it did is looked at from outside before it gets anything else. What it prints is kept up to a
cap and never parsed.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from grader import process, scratch, wire
from grader.errors import MachineError
from grader.inbox import Inbox
from grader.process import Child
from grader.procfs import (
    Starvation,
    cpu_seconds,
    family,
    out_of_memory_kills,
    process_status,
    resident_bytes,
)
from grader.sandbox.contract import Confine, Confinement, Layer

ADDRESS_FACTOR = 3
"""Address space per byte of resident memory that is allowed: TensorFlow reserves far more than it touches."""

POLL_S = 0.05
"""How often limits are looked at: a gigabyte a second overshoots a memory limit by some 50 MB."""

LOG_KEPT = 64 * 1024
"""Bytes of a worker's raw output that are kept (its end); what a student sees is recorded per cell."""

MESSAGE_S = 60.0
"""Seconds from the first byte of a frame to its last; a hundred megabytes take a tenth of one on a quiet machine."""

SWITCH_S = 0.0005
"""Seconds that another thread of the parent keeps the interpreter while one watches a worker.

To look at a limit takes up to thousands of system calls, and after each the interpreter is asked for again: at Python's
own five milliseconds a judge in another thread puts the end of a full scratch folder off by seconds.
"""

DISK_POLL_S = 0.5
STARVATION_POLL_S = 0.5

STARVED = 4
"""How many times its time on the clock a worker gets on top if it waits for a processor all the while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one worker may use, owned by the parent. `turn_cpu_s` is processor time since the clock was restarted."""

    wall_s: float
    cpu_s: float
    memory_bytes: int = 3 * 1024**3
    output_bytes: int = 5 * 1024**2
    file_bytes: int = 256 * 1024**2
    scratch_bytes: int = 512 * 1024**2
    turn_cpu_s: float = math.inf

    def of_kernel(self) -> dict[str, int | float]:
        """Return those that a worker sets on itself and cannot raise."""
        return {
            "cpu_s": self.cpu_s,
            "address_bytes": self.memory_bytes * ADDRESS_FACTOR,
            "file_bytes": self.file_bytes,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a worker ended: `reason` is `done` only when the worker said so itself.

    `cpu_s` is the processor time that it had used when it was killed, 0 where that is not known.
    """

    reason: str
    detail: str = ""
    peak_bytes: int = 0
    cpu_s: float = 0.0


class WorkerLost(Exception):  # noqa: N818 - named for what happened, as in the standard library's BrokenPipe
    """The worker is gone or was killed; `ending` says why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason)
        self.ending = ending


class Worker:
    """One child process that runs a module of this package, confined, and speaks frames.

    Use as a context manager: on leaving, the child and everything it started are dead. `holds` names the arrays that it
    has without being sent them.
    """

    def __init__(
        self,
        child: Child,
        *,
        folder: Path,
        limits: Limits,
        confinement: Confinement,
        holds: frozenset[str] = frozenset(),
    ) -> None:
        sys.setswitchinterval(min(SWITCH_S, sys.getswitchinterval()))
        self.holds = holds
        self._limits = limits
        self._folder = folder
        self._confinement = confinement
        self._ending: Ending | None = None
        self._is_confined = False
        self._is_abandoned = False
        self._innermost = 0
        self._peak = 0
        self._disk_seen = 0.0
        self._log = bytearray()
        self._log_bytes = 0
        self._inbox: Inbox[Ending] = Inbox()
        self._message_since: float | None = None
        self._kills_before = out_of_memory_kills()
        self._turn_cpu_s = 0.0
        self._child = child
        self._starvation = Starvation(child.pid)
        self._starvation_seen = 0.0
        self._started = time.monotonic()
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._read_frames, self._read_log)]
        self._writer = threading.Thread()
        for thread in self._threads:
            thread.start()
        with contextlib.suppress(WorkerLost):  # then it is told to whoever asks first
            self._write(wire.Frame(kind="confine", fields=confinement.orders(folder, self._limits.of_kernel())))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()

    @property
    def log(self) -> str:
        """The end of what the worker printed past its own capture, for staff."""
        return self._log.decode("utf-8", "replace")

    @property
    def peak_bytes(self) -> int:
        """The largest resident size seen so far, in bytes; 0 where the platform does not tell."""
        return self._peak

    @property
    def resident_bytes(self) -> int:
        """Its resident size now, in bytes; 0 where the platform does not tell."""
        return resident_bytes(self._innermost or self._child.pid)

    @property
    def innermost(self) -> int:
        """The number of the process that runs the module itself, behind any wrapper."""
        return self._innermost

    def restart_clock(self) -> None:
        """Let the wall-clock limit count from now: a worker that waited for its job has not used it."""
        self._started = time.monotonic()
        self._turn_cpu_s = self.cpu_s
        self._starvation = Starvation(self._innermost or self._child.pid)
        self._starvation_seen = self._started

    @property
    def cpu_s(self) -> float:
        """Processor time used so far, in seconds; 0 where the platform does not tell."""
        return cpu_seconds(self._innermost or self._child.pid)

    def send(self, frame: wire.Frame) -> None:
        """Send one request, once the worker is confined.

        Raises:
            WireError: it is too large to travel; the worker has not heard of it.
            WorkerLost: the worker is gone.
            MachineError: the worker is not confined as it was ordered to be.
        """
        self._confirm()
        self._write(frame)

    def receive(self) -> wire.Frame:
        """Return the next frame, watching every limit while waiting.

        Raises:
            WorkerLost: the worker ended, or broke a limit or the protocol and was killed.
            MachineError: the worker is not confined as it was ordered to be.
        """
        self._confirm()
        return self._next()

    def is_alive(self) -> bool:
        """Tell whether it can still say something."""
        return self._threads[0].is_alive()

    def abandon(self) -> None:
        """Say, from any thread, that it is not wanted any more: whoever waits for it is told, and it is killed."""
        self._is_abandoned = True

    def kill(self) -> None:
        """Kill the worker with its whole process group, and wait until it is gone."""
        self._child.kill()
        self._child.wait()
        self._inbox.close()
        # Each thread closes its own pipe. One that still waits is left to: something that the worker started lives on
        # with the other end.
        for thread in self._threads:
            thread.join(0.5)
        if not self._writer.is_alive():
            _close(self._child.stdin)

    def _confirm(self) -> None:
        """Wait for the worker's word that it is confined, and look from outside whether that is so."""
        if self._is_confined:
            return
        try:
            answer = self._next()
            *_, self._innermost = family(self._child.pid)
        except WorkerLost as lost:
            if lost.ending.reason == "abandoned":
                raise
            why = self.log.strip().splitlines()[-1:] or [lost.ending.detail or lost.ending.reason]
            raise MachineError(
                f"a worker could not be confined: {why[0]} (`grade doctor` says more; GRADER_TIER=D does without)",
                slug="not-confined",
            ) from lost
        breach = "it speaks out of turn" if answer.kind != "confined" else self._breach()
        if breach:
            self._end("protocol", breach)
            raise MachineError(f"a worker is not confined as it should be: {breach}", slug="not-confined")
        self._is_confined = True

    def _breach(self) -> str:
        """Say which layer is missing by the kernel's own account, empty if none is."""
        status = process_status(self._innermost)
        layers, uid = self._confinement.layers, self._confinement.uid
        facts = {
            Layer.CALLS: status.get("Seccomp") == "2",
            Layer.PRIVILEGES: status.get("NoNewPrivs") == "1" and not int(status.get("CapEff", "1"), 16),
            Layer.USER: Layer.NAMESPACES in layers or status.get("Uid", "").split() == [str(uid)] * 4,
        }
        return ", ".join(f"no {layer.value}" for layer, holds in facts.items() if layer in layers and not holds)

    def _write(self, frame: wire.Frame) -> None:
        stdin = self._child.stdin
        failures: list[OSError] = []
        parts = wire.encode(frame)

        def write() -> None:
            try:
                for part in parts:
                    stdin.write(part)
                stdin.flush()
            except OSError as error:
                failures.append(error)
                _close(stdin)

        # A worker that does not read must not hold up its parent, which owns the clock.
        self._writer = threading.Thread(target=write, daemon=True)
        self._writer.start()
        while self._writer.is_alive():
            self._writer.join(POLL_S)
            self._check_limits()
        if failures:
            raise WorkerLost(self._end("died", "closed its input")) from failures[0]

    def _next(self) -> wire.Frame:
        while True:
            self._check_limits()
            item = self._inbox.take(POLL_S)
            if isinstance(item, Ending):
                raise WorkerLost(self._end(item.reason, item.detail))
            if item is not None:
                return item

    def _end(self, reason: str, detail: str = "") -> Ending:
        if self._ending is None:
            cpu_s = self.cpu_s
            self._child.kill()
            code = self._child.wait()
            if reason == "died":
                detail = detail or process.describe_exit(code)
                if code in (-signal.SIGABRT, -signal.SIGSEGV) and self._peak > self._limits.memory_bytes // 2:
                    reason = "memory"
                elif code == -getattr(signal, "SIGXCPU", 24):
                    reason = "cpu"
                elif code == -getattr(signal, "SIGKILL", 9) and out_of_memory_kills() > self._kills_before:
                    reason = "machine_memory"
            self._ending = Ending(reason=reason, detail=detail, peak_bytes=self._peak, cpu_s=cpu_s)
        return self._ending

    def _check_limits(self) -> None:
        self._peak = max(self._peak, sum(resident_bytes(pid) for pid in family(self._child.pid)))
        now = time.monotonic()
        since = self._message_since
        broken = (
            ("abandoned", self._is_abandoned),
            ("wall", self._is_out_of_time(now)),
            ("memory", self._peak > self._limits.memory_bytes),
            ("cpu", math.isfinite(self._limits.turn_cpu_s) and self._used_in_turn() > self._limits.turn_cpu_s),
            ("output", self._log_bytes > self._limits.output_bytes),
            ("protocol", since is not None and now - since > MESSAGE_S),
            ("disk", self._is_disk_due(now) and self._used_bytes() > self._limits.scratch_bytes),
        )
        for reason, is_broken in broken:
            if is_broken:
                raise WorkerLost(self._end(reason))

    def _is_out_of_time(self, now: float) -> bool:
        """Tell whether the time on the clock is used up, without what the worker spent waiting for a busy machine."""
        if now - self._starvation_seen > STARVATION_POLL_S:
            self._starvation.look()
            self._starvation_seen = now
        over_s = now - self._started - self._limits.wall_s
        if over_s <= 0:
            return False
        # Whoever used a processor all the while has not been starved by others, however many of its threads waited.
        idle_s = max(now - self._started - self._used_in_turn(), 0.0)
        return over_s > min(self._starvation.seconds, idle_s, STARVED * self._limits.wall_s)

    def _used_in_turn(self) -> float:
        return self.cpu_s - self._turn_cpu_s

    def _used_bytes(self) -> int:
        return scratch.used_bytes(self._folder) + sum(scratch.removed_bytes(pid) for pid in family(self._child.pid))

    def _is_disk_due(self, now: float) -> bool:
        is_due = now - self._disk_seen > DISK_POLL_S
        if is_due:
            self._disk_seen = now
        return is_due

    def _read_frames(self) -> None:
        stdout = self._child.stdout

        def read(size: int) -> bytes:
            first = b""
            if self._message_since is None and size:
                first = wire.read_exactly(stdout, 1)
                self._message_since = time.monotonic()
            return first + wire.read_exactly(stdout, size - len(first))

        ending = Ending(reason="died")
        try:
            is_wanted = True
            while is_wanted:
                frame = wire.decode(read)
                self._message_since = None
                is_wanted = self._inbox.put(frame)
        except wire.WireError as error:
            ending = Ending(reason="protocol", detail=str(error))
        except (EOFError, OSError, ValueError):
            pass
        self._message_since = None
        self._inbox.put(ending)
        stdout.close()

    def _read_log(self) -> None:
        with contextlib.suppress(OSError), self._child.stderr as stderr:
            while chunk := os.read(stderr.fileno(), 65536):
                self._log_bytes += len(chunk)
                self._log += chunk
                del self._log[:-LOG_KEPT]


def _close(pipe: BinaryIO) -> None:
    """Close a pipe into a worker that may be gone, with what it never read."""
    with contextlib.suppress(OSError):
        pipe.close()


Launch = Callable[[str, Limits], AbstractContextManager[Worker]]
"""Starts a worker that runs a module of this package within limits, in a scratch folder of its own."""


def fresh(confine: Confine) -> Launch:
    """Return what starts each worker as a new process."""

    @contextmanager
    def launch(module: str, limits: Limits) -> Iterator[Worker]:
        confinement = confine()
        with scratch.folder() as folder:
            child = process.spawn(module, folder, confinement)
            with Worker(child, folder=folder, limits=limits, confinement=confinement) as worker:
                yield worker

    return launch
