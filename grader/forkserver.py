"""Workers that need not import TensorFlow: forked off a process that did so once, and did nothing else.

Importing takes two to three seconds of a processor, forking a hundredth of one. TensorFlow does not survive a fork once
it has computed anything (docs/design/forkserver.md), so a fork server is tried out before it is used, refuses to fork
when it is not as it was, and is replaced by new processes for each worker where it is not to be trusted.

A fork server has one child at a time, which has the folder, the user and the namespaces of the server to itself; the
next child finds nothing of the one before.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from grader import process, scratch
from grader.errors import MachineError
from grader.sandbox.contract import PRIVATE_WHERE_NAMESPACED, Confine, Confinement, Layer, Tier
from grader.wire import Array, Frame, encode
from grader.workers import Limits, Worker, WorkerLost, fresh

MODULE = "grader.collect.forkserver"
TRIAL = "grader.collect.trial"

START_S = 120.0
"""Seconds for the import of TensorFlow, on a machine that does much else."""

ANSWER_S = 20.0
"""Seconds for a fork."""

STATUS_S = 60.0
"""Seconds until a server has said how a child ended that was killed, and has tidied up after it."""

RESTARTS = 3
"""Times that a station tries another server after it lost one, before it does without."""

TRIAL_LIMITS = Limits(wall_s=30.0, cpu_s=30.0)
"""What a child of a spoilt server hangs in is a lock, so it uses no processor; a good one takes half a second."""

STATUS_LOST = -int(getattr(signal, "SIGKILL", 9))
"""What counts as the exit status of a child whose server is gone: they die together."""

Pipe = tuple[int, int]
Arrays = Mapping[str, Array]


class ForkServerLost(Exception):  # noqa: N818 - named for what happened
    """A fork server is gone, or cannot be trusted any more."""


@dataclass(slots=True)
class Forked:
    """A child of a fork server; `handle` is a file descriptor that stands for it, whatever becomes of its number."""

    handle: int
    pid: int
    stdin: BinaryIO
    stdout: BinaryIO
    stderr: BinaryIO
    server: socket.socket
    status: int | None = field(default=None)

    def kill(self) -> None:
        """Kill it, if it lives; where fork servers are used a worker cannot start other processes."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def wait(self) -> int:
        """Return its exit status, which the server tells."""
        if self.status is None:
            try:
                self.server.settimeout(STATUS_S)
                self.status = int(_message(self.server)["status"])
            except (ForkServerLost, KeyError, OSError):
                self.status = STATUS_LOST
            os.close(self.handle)
        return self.status


class ForkServer:
    """One fork server, which serves one worker at a time. Use as a context manager."""

    def __init__(self, folder: Path, confinement: Confinement, given: Arrays) -> None:
        self._folder = folder
        self._given = frozenset(given)
        self._confinement = confinement
        self._problem = ""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._server = process.spawn(MODULE, folder, confinement, stdin=theirs.fileno())
        except MachineError:
            self._control.close()
            raise
        finally:
            theirs.close()
        private = PRIVATE_WHERE_NAMESPACED if Layer.NAMESPACES in confinement.layers else ()
        try:
            with _in_memory(Frame(kind="given", arrays=given)) as file:
                self._send({"private": list(private)}, (file.fileno(),))
        except ForkServerLost:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._control.close()
        self._server.kill()
        self._server.wait()
        for pipe in (self._server.stdout, self._server.stderr):
            pipe.close()

    def require_usable(self) -> None:
        """Wait until TensorFlow is there, and try in a child whether it works.

        Raises:
            ForkServerLost: it does not.
        """
        self._control.settimeout(START_S)
        _message(self._control)
        try:
            with self.worker(TRIAL, TRIAL_LIMITS) as worker:
                worker.send(Frame(kind="try"))
                answer = worker.receive()
        except (WorkerLost, MachineError) as error:
            raise ForkServerLost(f"nothing can be computed after a fork: {error}") from error
        if answer.kind != "works":
            raise ForkServerLost("nothing can be computed after a fork")

    @contextmanager
    def worker(self, module: str, limits: Limits) -> Iterator[Worker]:
        """Start a worker that runs a module of this package within limits.

        Raises:
            ForkServerLost: the server is gone, or refuses.
        """
        process.furnish(self._folder, self._confinement)
        try:
            child = self._fork(module)
            with Worker(
                child, folder=self._folder, limits=limits, confinement=self._confinement, holds=self._given
            ) as worker:
                yield worker
        finally:
            try:
                scratch.empty(self._folder)
            except MachineError as error:
                self._problem = str(error)  # Nobody else may find what is left.

    def _fork(self, module: str) -> Forked:
        if self._problem:
            raise ForkServerLost(self._problem)
        theirs, ours = zip(_pipe(reads=True), _pipe(), _pipe(), strict=True)
        try:
            self._send({"module": module}, theirs)
            self._control.settimeout(ANSWER_S)
            handle = self._receive_handle()
            pid = _number_or_close(handle)
        except ForkServerLost:
            for descriptor in ours:
                os.close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        return Forked(
            handle=handle,
            pid=pid,
            stdin=os.fdopen(ours[0], "wb"),
            stdout=os.fdopen(ours[1], "rb"),
            stderr=os.fdopen(ours[2], "rb"),
            server=self._control,
        )

    def _send(self, message: dict[str, object], descriptors: tuple[int, ...] = ()) -> None:
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)
        except OSError as error:
            raise ForkServerLost(f"it does not listen: {error}") from error

    def _receive_handle(self) -> int:
        try:
            data, handles, _, _ = socket.recv_fds(self._control, 4096, 1)
        except OSError as error:
            raise ForkServerLost(f"it does not answer: {error}") from error
        if not handles:
            raise ForkServerLost(data.decode() or "it is gone")
        return handles[0]


@contextmanager
def _in_memory(frame: Frame) -> Iterator[BinaryIO]:
    """Write a frame into a file that has no name, and that whoever gets it reads from its beginning."""
    with os.fdopen(os.memfd_create("frame"), "w+b") as file:
        for part in encode(frame):
            file.write(part)
        file.seek(0)
        yield file


def _pipe(*, reads: bool = False) -> Pipe:
    """Return the child's end of a new pipe and the parent's; the child `reads` from one, and writes into others."""
    reader, writer = os.pipe()
    return (reader, writer) if reads else (writer, reader)


def _message(control: socket.socket) -> dict[str, int]:
    try:
        data = control.recv(4096)
        found: dict[str, int] = json.loads(data)
    except (OSError, ValueError) as error:
        raise ForkServerLost(f"it does not answer: {error}") from error
    return found


def _number_or_close(handle: int) -> int:
    try:
        return _number(handle)
    except (OSError, ForkServerLost) as error:
        os.close(handle)
        raise ForkServerLost(f"a child cannot be found: {error}") from error


def _number(handle: int) -> int:
    """Return the number of a process as it is here, by a handle that may come from another namespace of numbers."""
    for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise ForkServerLost("the kernel does not tell the number of a child")


class WarmStart:
    """Starts workers from a fork server of its own where that is safe, and as new processes where it is not.

    Serves one worker at a time; use as a context manager. `obstacle` says why it does not fork, empty if it does.
    `load` returns arrays that every worker would be sent: those that are forked have them.
    """

    def __init__(self, tier: Tier, confine: Confine, load: Callable[[], Arrays] = dict) -> None:
        self._confine = confine
        self._load = load
        self._fresh = fresh(confine)
        self._server: ForkServer | None = None
        self._open = ExitStack()
        self._losses = 0
        self.obstacle = obstacle(tier)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.close()

    @contextmanager
    def launch(self, module: str, limits: Limits) -> Iterator[Worker]:
        """Start a worker.

        Raises:
            MachineError: no worker can be started.
        """
        with ExitStack() as stack:
            try:
                worker = stack.enter_context(self._ready().worker(module, limits))
            except ForkServerLost as lost:
                self._give_up(str(lost))
                worker = stack.enter_context(self._fresh(module, limits))
            yield worker

    def _ready(self) -> ForkServer:
        if self.obstacle:
            raise ForkServerLost(self.obstacle)
        if self._server is None:
            confinement = self._confine()
            folder = self._open.enter_context(scratch.folder())
            server = self._open.enter_context(ForkServer(folder, confinement, self._load()))
            try:
                server.require_usable()
            except ForkServerLost as lost:
                self.obstacle = str(lost)
                raise
            self._server = server
        return self._server

    def _give_up(self, why: str) -> None:
        """Do without this server; the next worker has another one, unless that has happened too often."""
        self._losses += 1
        if self._losses > RESTARTS:
            self.obstacle = self.obstacle or why
        self._server = None
        self._open.close()


def obstacle(tier: Tier) -> str:
    """Say why workers of a tier must be new processes; empty where they may be forked."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return "only Linux has what it takes"
    if not tier.is_at_least(Tier.B):
        return f"on tier {tier} nothing keeps a worker from changing the process that it was forked from"
    if os.environ.get("GRADER_CUDA_DEVICES", "-1") != "-1":
        return "nobody has tried whether graphics processors survive a fork"
    return ""
