"""Child processes: the only module that starts, limits, watches and kills them.

What is particular to POSIX stays here. A worker gets its requests on standard input and answers with frames on
standard output; before it runs anything untrusted it moves both to private descriptors and sends what Python
prints to standard error (`claim_pipes`), which the parent keeps up to a cap and never parses.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Self

from grader import wire
from grader.errors import MachineError

POLL_S = 0.05
"""How often limits are looked at: a gigabyte a second overshoots a memory limit by some 50 MB."""

LOG_KEPT = 64 * 1024
"""Bytes of a worker's raw output that are kept (its end); what a student sees is recorded per cell."""

SCRATCH_PREFIX = "epochmark-"

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one worker may use, owned by the parent; `None` where the platform has no such limit."""

    wall_s: float
    cpu_s: float
    memory_bytes: int = 3 * 1024**3
    output_bytes: int = 5 * 1024**2
    file_bytes: int = 256 * 1024**2
    scratch_bytes: int = 512 * 1024**2


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


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A private folder that is gone afterwards, whatever was left in it.

    Raises:
        MachineError: no temporary folder can be made.
    """
    try:
        path = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX))
    except OSError as error:
        raise MachineError(f"cannot create a scratch folder: {error.strerror}", slug="scratch") from error
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def clean_environment(scratch: Path) -> dict[str, str]:
    """Return the environment of a worker: an allow-list, with every cache and home in `scratch`."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    for folder in ("home", "tmp", "matplotlib"):
        (scratch / folder).mkdir(parents=True, exist_ok=True)
    _lend_font_list(scratch / "matplotlib")
    return environment | {
        "HOME": str(scratch / "home"),
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
    """One child process that runs a module of this package and speaks frames.

    Use as a context manager: on leaving, the child and everything it started are dead.
    """

    def __init__(self, module: str, *, scratch: Path, limits: Limits) -> None:
        self._limits = limits
        self._scratch = scratch
        self._ending: Ending | None = None
        self._peak = 0
        self._log = bytearray()
        self._log_bytes = 0
        self._frames: queue.Queue[wire.Frame | Ending] = queue.Queue(maxsize=256)
        self._child = self._start(module)
        self._started = time.monotonic()
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._read_frames, self._read_log)]
        for thread in self._threads:
            thread.start()

    def _start(self, module: str) -> subprocess.Popen[bytes]:
        work = self._scratch / "work"
        work.mkdir(exist_ok=True)
        try:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
                [sys.executable, "-I", "-B", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=work,
                env=clean_environment(self._scratch),
                start_new_session=True,
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

    def restart_clock(self) -> None:
        """Let the wall-clock limit count from now: a worker that waited for its job has not used it."""
        self._started = time.monotonic()

    def send(self, frame: wire.Frame) -> None:
        """Send one request.

        Raises:
            WorkerLost: the worker is gone.
        """
        stdin = _present(self._child.stdin)
        try:
            for part in wire.encode(frame):
                stdin.write(part)
            stdin.flush()
        except OSError as error:
            raise WorkerLost(self._end("died", "closed its input")) from error

    def receive(self) -> wire.Frame:
        """Return the next frame, watching every limit while waiting.

        Raises:
            WorkerLost: the worker ended, or broke a limit or the protocol and was killed.
        """
        while True:
            self._check_limits()
            try:
                item = self._frames.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if isinstance(item, Ending):
                raise WorkerLost(self._end(item.reason, item.detail))
            return item

    def kill(self) -> None:
        """Kill the worker with its whole process group, and wait until it is gone."""
        _kill_group(self._child)
        self._child.wait()
        for thread in self._threads:
            thread.join(0.5)
        # A reader that still waits holds its pipe: something that the worker started lives on with the other end.
        if not any(thread.is_alive() for thread in self._threads):
            for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
                with contextlib.suppress(OSError):
                    _present(pipe).close()

    def _end(self, reason: str, detail: str = "") -> Ending:
        if self._ending is None:
            _kill_group(self._child)
            code = self._child.wait()
            if reason == "died":
                detail = detail or _describe_exit(code)
                if code in (-signal.SIGABRT, -signal.SIGSEGV) and self._peak > self._limits.memory_bytes // 2:
                    reason = "memory"
                elif code == -getattr(signal, "SIGXCPU", 24):
                    reason = "cpu"
            self._ending = Ending(reason=reason, detail=detail, peak_bytes=self._peak)
        return self._ending

    def _check_limits(self) -> None:
        self._peak = max(self._peak, resident_bytes(self._child.pid))
        elapsed = time.monotonic() - self._started
        broken = (
            ("wall", elapsed > self._limits.wall_s),
            ("memory", self._peak > self._limits.memory_bytes),
            ("output", self._log_bytes > self._limits.output_bytes),
        )
        for reason, is_broken in broken:
            if is_broken:
                raise WorkerLost(self._end(reason))

    def _read_frames(self) -> None:
        stdout = _present(self._child.stdout)
        try:
            while True:
                self._frames.put(wire.decode(lambda size: _read_exactly(stdout, size)))
        except (EOFError, OSError, ValueError):
            self._frames.put(Ending(reason="died"))
        except wire.WireError as error:
            self._frames.put(Ending(reason="protocol", detail=str(error)))

    def _read_log(self) -> None:
        stderr = _present(self._child.stderr)
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(stderr.fileno(), 65536):
                self._log_bytes += len(chunk)
                self._log += chunk
                del self._log[:-LOG_KEPT]


def _present(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("every worker is started with three pipes")
    return pipe


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


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


def resident_bytes(pid: int | str) -> int:
    """Return the resident size of a process in bytes, or 0 where the platform does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


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


def apply_limits(*, cpu_s: float, memory_bytes: int, file_bytes: int) -> None:
    """Set the kernel's limits on the calling process, where it has such limits."""
    if os.name != "posix":
        return
    import resource  # noqa: PLC0415 - POSIX only

    wanted = {
        "RLIMIT_CPU": int(cpu_s) + 1,
        "RLIMIT_AS": memory_bytes,
        "RLIMIT_FSIZE": file_bytes,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 512,
    }
    for name, value in wanted.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            with contextlib.suppress(ValueError, OSError):
                # The processor's limit warns first: a kill alone could not be told from a lack of memory.
                resource.setrlimit(kind, (value, value + 5 if name == "RLIMIT_CPU" else value))


def die_with_parent(requests: BinaryIO) -> None:
    """Ask Linux to kill this process when its parent dies, even by SIGKILL; end it if the parent is dead already.

    A parent that died before this was asked for is known by the pipe for requests, whose other end is closed.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 - Linux only
    import select  # noqa: PLC0415 - Linux only

    parent_death_signal = 1
    ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)
    poll = select.poll()
    poll.register(requests, select.POLLHUP)
    if any(event & select.POLLHUP for _, event in poll.poll(0)):
        os._exit(1)
