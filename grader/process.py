"""Child processes: the only module that starts and kills them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol, cast

from grader.errors import MachineError
from grader.sandbox.contract import Confinement

TIDY_S = 15.0
"""Seconds that an interrupted command has to end its workers and remove its folders."""

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH")


class Child(Protocol):
    """A process with three pipes to it. `wait` returns its exit status, negative for the signal that ended it."""

    @property
    def pid(self) -> int:
        """Its number as this process sees it; of its wrapper, where there is one."""

    @property
    def stdin(self) -> BinaryIO:
        """Where its requests go."""

    @property
    def stdout(self) -> BinaryIO:
        """Where its answers come from."""

    @property
    def stderr(self) -> BinaryIO:
        """Where what it prints comes from."""

    def kill(self) -> None:
        """Kill it with its whole process group, if it lives."""

    def wait(self) -> int:
        """Return its exit status once it is gone."""


@dataclass(frozen=True, slots=True)
class Spawned:
    """A process of its own from the start."""

    popen: subprocess.Popen[bytes]
    is_wrapped: bool

    @property
    def pid(self) -> int:
        """Its number, or that of its wrapper."""
        return self.popen.pid

    @property
    def stdin(self) -> BinaryIO:
        """Where its requests go."""
        return _present(self.popen.stdin)

    @property
    def stdout(self) -> BinaryIO:
        """Where its answers come from."""
        return _present(self.popen.stdout)

    @property
    def stderr(self) -> BinaryIO:
        """Where what it prints comes from."""
        return _present(self.popen.stderr)

    def kill(self) -> None:
        """Kill it with its whole process group, if it lives."""
        if self.popen.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self.popen.pid, signal.SIGKILL)
            else:
                self.popen.kill()

    def wait(self) -> int:
        """Return its exit status; bubblewrap passes a signal on as 128 and its number."""
        code = self.popen.wait()
        return 128 - code if self.is_wrapped and code > 128 else code  # noqa: PLR2004 - the convention of shells


def spawn(module: str, folder: Path, confinement: Confinement, *, stdin: int = subprocess.PIPE) -> Spawned:
    """Start a module of this package in a process of its own, whose only writable folder is to be `folder`.

    Raises:
        MachineError: that is not possible.
    """
    try:
        environment = furnish(folder, confinement)
        popen = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            confinement.command([sys.executable, "-I", "-B", "-m", module], folder),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder / "work",
            env=environment,
            start_new_session=True,
            **_user(confinement.uid),
        )
    except OSError as error:
        raise MachineError(f"cannot start a worker process: {error}", slug="worker-start") from error
    return Spawned(popen, is_wrapped=bool(confinement.wrapper))


def furnish(folder: Path, confinement: Confinement) -> dict[str, str]:
    """Make what a worker needs in its folder, which becomes the worker's own, and return its environment."""
    (folder / "work").mkdir(exist_ok=True)
    environment = clean_environment(folder)
    _hand_over(folder, confinement.uid)
    return environment


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
        # Large pages for what the GNU C library allocates: TensorFlow's buffers take a third of the page faults then.
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    }


def make_font_list() -> None:
    """Have matplotlib write its font list where this user has none yet; takes a second or more, once."""
    with contextlib.suppress(OSError, RuntimeError):
        if not _font_lists():
            import matplotlib.font_manager  # noqa: F401, PLC0415 - nothing else here needs matplotlib


def _lend_font_list(target: Path) -> None:
    """Copy matplotlib's font list: building it anew costs every submission about a second."""
    with contextlib.suppress(OSError, RuntimeError):
        for fonts in _font_lists():
            shutil.copyfile(fonts, target / fonts.name)


def _font_lists() -> list[Path]:
    home = os.environ.get("MPLCONFIGDIR") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "matplotlib"
    )
    return list(Path(home).glob("fontlist-*.json"))


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
    return "" if done.returncode == 0 else (lines or [describe_exit(done.returncode)])[-1]


def converse(arguments: Sequence[str], folder: Path, hear: Callable[[str], None]) -> tuple[int, str]:
    """Run the command `grade` in a folder as a process of its own; return its exit status and what it said last.

    Args:
        arguments: those of the command.
        folder: where it runs. Nothing that lies there is imported.
        hear: is given each line that it says on standard error as it comes. If it raises, or this thread is
            interrupted, the command is, too, and gets the time to tidy up.
    """
    command = [sys.executable, "-P", "-m", "grader", *arguments]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
        command,
        cwd=folder,
        env=_plain_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # An interrupt is passed on below, once.
        start_new_session=True,
    ) as child:
        said = ""
        try:
            for raw in _present(cast("IO[bytes]", child.stderr)):
                said = raw.decode("utf-8", "replace").rstrip()
                hear(said)
            return child.wait(), said
        except BaseException:
            _interrupt(child)
            raise


def _plain_environment() -> dict[str, str]:
    """Return this process' environment without what a notebook's kernel sets for itself: colours, and how to draw."""
    colours = ("FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
    kept = {name: value for name, value in os.environ.items() if name not in colours}
    return {**kept, "MPLBACKEND": "Agg", "NO_COLOR": "1", "TERM": "dumb"}


def _interrupt(child: subprocess.Popen[bytes]) -> None:
    """Let a command end as by Ctrl-C, and kill it where it does not."""
    with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):
        child.send_signal(signal.SIGINT)
    try:
        child.wait(TIDY_S)
    except subprocess.TimeoutExpired:
        child.kill()


def _present(pipe: IO[bytes] | None) -> BinaryIO:
    if pipe is None:
        raise AssertionError("every worker is started with three pipes")
    return cast("BinaryIO", pipe)


def describe_exit(code: int) -> str:
    """Say in words how a process ended, by its exit status; a negative one is a signal."""
    if code >= 0:
        return f"exit status {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"


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
