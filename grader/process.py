"""Child processes: the only module that starts, watches and kills them.

A worker gets its requests on standard input and answers with frames on standard output; before it runs anything
untrusted it moves both to private descriptors and sends what Python prints to standard error (`claim_pipes`), which
the parent keeps up to a cap and never parses. Its first request says what to confine itself to; that it did is looked
at from outside before it gets anything else.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Self, cast

from grader import wire
from grader.errors import MachineError
from grader.inbox import Inbox
from grader.procfs import cpu_seconds, family, out_of_memory_kills, process_status, resident_bytes
from grader.sandbox.contract import Confinement, Layer
from grader.scratch import removed_bytes, used_bytes

ADDRESS_FACTOR = 3
"""Address space per byte of resident memory that is allowed: TensorFlow reserves far more than it touches."""

POLL_S = 0.05
"""How often limits are looked at: a gigabyte a second overshoots a memory limit by some 50 MB."""

LOG_KEPT = 64 * 1024
"""Bytes of a worker's raw output that are kept (its end); what a student sees is recorded per cell."""

MESSAGE_S = 20.0
"""Seconds from the first byte of a frame to its last; a hundred megabytes take a tenth of one."""

DISK_POLL_S = 0.5

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH")


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
    """How a worker ended: `reason` is `done` only when the worker said so itself."""

    reason: str
    detail: str = ""
    peak_bytes: int = 0


class WorkerLost(Exception):  # noqa: N818 - named for what happened, as in the standard library's BrokenPipe
    """The worker is gone or was killed; `ending` says why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason)
        self.ending = ending


def clean_environment(scratch: Path) -> dict[str, str]:
    """Return the environment of a worker: an allow-list, with every cache and home in `scratch`."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    for folder in ("home", "tmp", "matplotlib"):
        (scratch / folder).mkdir(parents=True, exist_ok=True)
    _lend_font_list(scratch / "matplotlib")
    return environment | {
        "HOME": str(scratch / "home"),
        "USER": "student",
        "LOGNAME": "student",
        "KERAS_HOME": str(scratch / "home" / ".keras"),
        "TMPDIR": str(scratch / "tmp"),
        "TEMP": str(scratch / "tmp"),
        "MPLCONFIGDIR": str(scratch / "matplotlib"),
        "MPLBACKEND": "Agg",
        "MATPLOTLIBRC": os.devnull,
        "CUDA_VISIBLE_DEVICES": os.environ.get("GRADER_CUDA_DEVICES", "-1"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "GRPC_VERBOSITY": "NONE",
        # One BLAS thread: load and core count must not change a grade, and numpy's pool only adds threads.
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def _lend_font_list(target: Path) -> None:
    """Copy matplotlib's font list: building it anew costs every submission about a second."""
    home = os.environ.get("MPLCONFIGDIR") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "matplotlib"
    )
    with contextlib.suppress(OSError, RuntimeError):
        for fonts in Path(home).glob("fontlist-*.json"):
            shutil.copyfile(fonts, target / fonts.name)


class Worker:
    """One child process that runs a module of this package, confined, and speaks frames.

    Use as a context manager: on leaving, the child and everything it started are dead.
    """

    def __init__(self, module: str, *, scratch: Path, limits: Limits, confinement: Confinement) -> None:
        self._limits = limits
        self._scratch = scratch
        self._confinement = confinement
        self._ending: Ending | None = None
        self._is_confined = False
        self._innermost = 0
        self._peak = 0
        self._disk_seen = 0.0
        self._log = bytearray()
        self._log_bytes = 0
        self._inbox: Inbox[Ending] = Inbox()
        self._message_since: float | None = None
        self._kills_before = out_of_memory_kills()
        self._turn_cpu_s = 0.0
        self._child = self._start(module)
        self._started = time.monotonic()
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._read_frames, self._read_log)]
        self._writer = threading.Thread()
        for thread in self._threads:
            thread.start()
        with contextlib.suppress(WorkerLost):  # then it is told to whoever asks first
            self._write(wire.Frame(kind="confine", fields=confinement.orders(scratch, self._limits.of_kernel())))

    def _start(self, module: str) -> subprocess.Popen[bytes]:
        work = self._scratch / "work"
        work.mkdir(exist_ok=True)
        environment = clean_environment(self._scratch)
        command = self._confinement.command([sys.executable, "-I", "-B", "-m", module], self._scratch)
        try:
            _hand_over(self._scratch, self._confinement.uid)
            return subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=work,
                env=environment,
                start_new_session=True,
                **_user(self._confinement.uid),
            )
        except OSError as error:
            raise MachineError(f"cannot start a worker process: {error}", slug="worker-start") from error

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
    def innermost(self) -> int:
        """The number of the process that runs the module itself, behind any wrapper."""
        return self._innermost

    def restart_clock(self) -> None:
        """Let the wall-clock limit count from now: a worker that waited for its job has not used it."""
        self._started = time.monotonic()
        self._turn_cpu_s = self.cpu_s

    @property
    def cpu_s(self) -> float:
        """Processor time used so far, in seconds; 0 where the platform does not tell."""
        return cpu_seconds(self._innermost or self._child.pid)

    def send(self, frame: wire.Frame) -> None:
        """Send one request, once the worker is confined.

        Raises:
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

    def kill(self) -> None:
        """Kill the worker with its whole process group, and wait until it is gone."""
        _kill_group(self._child)
        self._child.wait()
        self._inbox.close()
        # Each thread closes its own pipe. One that still waits is left to: something that the worker started lives on
        # with the other end.
        for thread in self._threads:
            thread.join(0.5)
        if not self._writer.is_alive():
            _close(_present(self._child.stdin))

    def _confirm(self) -> None:
        """Wait for the worker's word that it is confined, and look from outside whether that is so."""
        if self._is_confined:
            return
        try:
            answer = self._next()
            *_, self._innermost = family(self._child.pid)
        except WorkerLost as lost:
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
        stdin = _present(self._child.stdin)
        failures: list[OSError] = []

        def write() -> None:
            try:
                for part in wire.encode(frame):
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
            _kill_group(self._child)
            code = _plain_exit(self._child.wait(), is_wrapped=bool(self._confinement.wrapper))
            if reason == "died":
                detail = detail or _describe_exit(code)
                if code in (-signal.SIGABRT, -signal.SIGSEGV) and self._peak > self._limits.memory_bytes // 2:
                    reason = "memory"
                elif code == -getattr(signal, "SIGXCPU", 24):
                    reason = "cpu"
                elif code == -getattr(signal, "SIGKILL", 9) and out_of_memory_kills() > self._kills_before:
                    reason = "machine_memory"
            self._ending = Ending(reason=reason, detail=detail, peak_bytes=self._peak)
        return self._ending

    def _check_limits(self) -> None:
        self._peak = max(self._peak, sum(resident_bytes(pid) for pid in family(self._child.pid)))
        now = time.monotonic()
        since = self._message_since
        broken = (
            ("wall", now - self._started > self._limits.wall_s),
            ("memory", self._peak > self._limits.memory_bytes),
            ("cpu", math.isfinite(self._limits.turn_cpu_s) and self._used_in_turn() > self._limits.turn_cpu_s),
            ("output", self._log_bytes > self._limits.output_bytes),
            ("protocol", since is not None and now - since > MESSAGE_S),
            ("disk", self._is_disk_due(now) and self._used_bytes() > self._limits.scratch_bytes),
        )
        for reason, is_broken in broken:
            if is_broken:
                raise WorkerLost(self._end(reason))

    def _used_in_turn(self) -> float:
        return self.cpu_s - self._turn_cpu_s

    def _used_bytes(self) -> int:
        return used_bytes(self._scratch) + sum(removed_bytes(pid) for pid in family(self._child.pid))

    def _is_disk_due(self, now: float) -> bool:
        is_due = now - self._disk_seen > DISK_POLL_S
        if is_due:
            self._disk_seen = now
        return is_due

    def _read_frames(self) -> None:
        stdout = _present(self._child.stdout)

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
        with contextlib.suppress(OSError), _present(self._child.stderr) as stderr:
            while chunk := os.read(stderr.fileno(), 65536):
                self._log_bytes += len(chunk)
                self._log += chunk
                del self._log[:-LOG_KEPT]


def _hand_over(folder: Path, uid: int | None) -> None:
    """Give a folder and what is in it to the worker's user."""
    if uid is None:
        return
    for parent, _, files in os.walk(folder):
        os.chown(parent, uid, uid)
        for name in files:
            os.chown(Path(parent, name), uid, uid)


def _user(uid: int | None) -> dict[str, Any]:
    return {} if uid is None else {"user": uid, "group": uid, "extra_groups": ()}


def try_command(command: Sequence[str], *, uid: int | None, owned: Path) -> str:
    """Run a command that should do nothing; return what it complained of, empty if it ended well."""
    (owned / "work").mkdir(exist_ok=True)
    try:
        _hand_over(owned, uid)
        done = subprocess.run(  # noqa: S603 - our own command
            command, capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL, **_user(uid)
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return "" if done.returncode == 0 else (lines or [_describe_exit(done.returncode)])[-1]


def _present(pipe: IO[bytes] | None) -> BinaryIO:
    if pipe is None:
        raise AssertionError("every worker is started with three pipes")
    return cast("BinaryIO", pipe)


def _close(pipe: BinaryIO) -> None:
    """Close a pipe into a worker that may be gone, with what it never read."""
    with contextlib.suppress(OSError):
        pipe.close()


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"


def _plain_exit(code: int, *, is_wrapped: bool) -> int:
    """Return an exit status as `subprocess` has it; bubblewrap passes a signal on as 128 and its number."""
    return 128 - code if is_wrapped and code > 128 else code  # noqa: PLR2004 - the convention of shells


class Bystander:
    """A process that does nothing but note whether somebody signals it; its environment holds a secret."""

    _CODE = (
        "import signal, time\n"
        "signal.signal(signal.SIGUSR1, lambda *_: print('touched', flush=True))\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(60)\n"
    )

    def __init__(self, secret: str) -> None:
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
            [sys.executable, "-I", "-S", "-c", self._CODE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "GRADER_BYSTANDER": secret},
        )
        _present(self._child.stdout).readline()

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._child.pid

    def is_untouched(self) -> bool:
        """Tell whether it lives and was not signalled."""
        told: list[Any] = []
        if os.name == "posix":
            import select  # noqa: PLC0415 - of pipes on POSIX only

            told = select.select([_present(self._child.stdout)], [], [], 0.2)[0]
        return not told and self._child.poll() is None

    def end(self) -> None:
        """Kill it."""
        self._child.kill()
        self._child.wait()
        _present(self._child.stdout).close()


# The worker's side: called first thing by the modules that `Worker` starts.


def claim_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the protocol off the standard streams; return (requests, answers).

    Afterwards standard input is empty, and standard output goes where standard error goes.
    """
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")
