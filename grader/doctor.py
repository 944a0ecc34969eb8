"""`grade doctor`: does this machine keep what the tier promises? Tried, not believed.

Every promise is tried twice: without any layer, where the attempt has to succeed, or it would prove nothing, and under
the tier. Victims are looked at from outside: files, a listener, a process. Then the work itself is tried.
"""

from __future__ import annotations

import contextlib
import enum
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from grader import process, procfs, scratch
from grader.errors import GraderError
from grader.forkserver import TRIAL, TRIAL_LIMITS, WarmStart
from grader.sandbox import choose
from grader.sandbox.attempts import ATTEMPTS
from grader.sandbox.contract import Confine, Confinement, Layer, Tier
from grader.verify.host import Verifier
from grader.wire import Frame
from grader.workers import Limits, Worker, WorkerLost, fresh

LIMITS = Limits(wall_s=30.0, cpu_s=30.0)
_BARE = Confinement(tier=Tier.D, layers=frozenset())
"""No layer at all: the control."""


class State(enum.Enum):
    """What came of a promise."""

    PROVEN = "proven"
    BROKEN = "BROKEN"
    NO_CONTROL = "no positive control here"
    NOT_PROMISED = "not promised"

    @property
    def style(self) -> str:
        """How a terminal shows it."""
        return {"proven": "green", "BROKEN": "bold red"}.get(self.value, "dim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor's: a promise or a piece of work, what came of it, and why."""

    title: str
    state: State
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a tier promises, and the attempts that would break it."""

    title: str
    attempts: tuple[str, ...]
    weakest: Tier


PROMISES = (
    Promise(title="Other files cannot be read", attempts=("read_file",), weakest=Tier.B),
    Promise(title="Other files are not even seen", attempts=("see_file",), weakest=Tier.A),
    Promise(title="Other files cannot be changed", attempts=("change_file",), weakest=Tier.C),
    Promise(title="No file is left outside the scratch folder", attempts=("leave_file",), weakest=Tier.B),
    Promise(title="No packet leaves", attempts=("send_packets",), weakest=Tier.C),
    Promise(title="No process is started", attempts=("start_process",), weakest=Tier.C),
    Promise(title="Other processes are out of reach", attempts=("signal_process", "read_process"), weakest=Tier.C),
    Promise(title="Student code ends with the grader", attempts=("outlive_parent",), weakest=Tier.C),
    Promise(title="No memory is taken outside its limits", attempts=("hide_memory",), weakest=Tier.C),
)


class Victims:
    """What the attempts go for, and what became of it."""

    def __init__(self, folder: Path) -> None:
        self._secret = secrets.token_hex(16)
        self._folder = folder
        self._secret_file, self._victim_file = folder / "secret", folder / "victim"
        self._open_folder = folder / "open"
        self._open_folder.mkdir()
        self._open_folder.chmod(0o777)
        self._secret_file.write_text(self._secret, encoding="utf-8")
        self._victim_file.write_text("unchanged", encoding="utf-8")
        self._victim_file.chmod(0o644)
        self._victim_state = self._look_at_file()
        self._received = threading.Event()
        self._tcp, self._udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for door in (self._tcp, self._udp):
            door.bind(("127.0.0.1", 0))
        self._tcp.listen()
        for listen in (self._accept, self._receive):
            threading.Thread(target=listen, daemon=True).start()
        self._process = process.Bystander(self._secret)

    @property
    def targets(self) -> Mapping[str, Any]:
        """Where they are."""
        return {
            "secret_file": str(self._secret_file),
            "victim_file": str(self._victim_file),
            "open_folder": str(self._open_folder),
            "tcp_port": self._tcp.getsockname()[1],
            "udp_port": self._udp.getsockname()[1],
            "victim_process": self._process.pid,
        }

    def was_hit(self, attempt: str, got: str, worker: int) -> bool:
        """Tell whether an attempt succeeded, from what became of its victim or from what it got."""
        seen: Mapping[str, Callable[[], bool]] = {
            "read_file": lambda: self._secret in got,
            "see_file": lambda: got == str(len(self._secret)),
            "change_file": lambda: self._look_at_file() != self._victim_state,
            "leave_file": (self._open_folder / "left").exists,
            "send_packets": lambda: self._received.wait(0.2),
            "start_process": lambda: len(procfs.family(worker)) > 1,
            "signal_process": lambda: not self._process.is_untouched(),
            "read_process": lambda: self._secret in got,
            "outlive_parent": lambda: got == "outlives",
            "hide_memory": lambda: got == "hidden",
        }
        return seen[attempt]()

    def close(self) -> None:
        """End the process and the doors."""
        self._process.end()
        for door in (self._tcp, self._udp):
            door.close()

    def _look_at_file(self) -> tuple[str, int, int]:
        status = self._victim_file.stat()
        return self._victim_file.read_text(encoding="utf-8"), status.st_mode, status.st_mtime_ns

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            link, _ = self._tcp.accept()
            with link:
                if link.recv(100):
                    self._received.set()

    def _receive(self) -> None:
        with contextlib.suppress(OSError):
            if self._udp.recv(100):
                self._received.set()


def examine(confinement: Confinement, *, folder: Path | None = None) -> Iterator[Finding]:
    """Try every promise of a tier, then the work under it; yield what came of each.

    Args:
        confinement: what workers would get.
        folder: a folder with submissions, to see whether reports can be written there.
    """
    with ThreadPoolExecutor(2) as pool:
        work = [pool.submit(task, lambda: confinement) for task in (_train, _verify, _fork)]
        yield from promises(confinement)
        if folder is not None:
            yield _folder(folder)
        for task in work:
            yield task.result()


def promises(confinement: Confinement) -> Iterator[Finding]:
    """Try every promise of a tier, with and without its layers."""
    with ThreadPoolExecutor(2) as pool:
        control, hits = pool.map(_attempt_all, (_BARE, confinement))
    for promise in PROMISES:
        broken = [name for name in promise.attempts if hits[name]]
        tried = [name for name in promise.attempts if control[name]]
        if not confinement.tier.is_at_least(promise.weakest):
            state = State.NOT_PROMISED
        elif broken:
            state = State.BROKEN
        else:
            state = State.PROVEN if tried else State.NO_CONTROL
        yield Finding(title=promise.title, state=state, detail=", ".join(broken) if state is State.BROKEN else "")
    yield _limits(confinement)
    yield _privileges(confinement)


def _attempt_all(confinement: Confinement) -> dict[str, bool]:
    """Return which attempts succeed under a confinement."""
    hits = dict.fromkeys(ATTEMPTS, False)
    with scratch.folder() as outside:
        for part in (outside, outside.parent):
            part.chmod(0o755)
        victims = Victims(outside)
        try:
            with _worker(confinement, list(ATTEMPTS), victims.targets) as worker:
                for name in ATTEMPTS:
                    got = str(worker.receive().fields.get("got"))
                    hits[name] = victims.was_hit(name, got, worker.innermost)
        except WorkerLost:
            pass  # What it did not come to it did not do.
        finally:
            victims.close()
    return hits


@contextlib.contextmanager
def _worker(
    confinement: Confinement, attempts: list[str], targets: Mapping[str, Any] | None = None
) -> Iterator[Worker]:
    module, fields = "grader.sandbox.attempts", {"attempts": attempts, "targets": dict(targets or {})}
    with fresh(lambda: confinement)(module, LIMITS) as worker:
        worker.send(Frame(kind="attempt", fields=fields))
        yield worker


def _limits(confinement: Confinement) -> Finding:
    """Look at the limits of a worker from outside."""
    title = "Memory, processor time and files are limited"
    with _worker(confinement, []) as worker:
        missing = procfs.unlimited(worker.innermost)
    if missing is None:
        return Finding(title=title, state=State.NO_CONTROL)
    return Finding(title=title, state=State.BROKEN if missing else State.PROVEN, detail=", ".join(missing))


def _privileges(confinement: Confinement) -> Finding:
    """Look at the rights of a worker from outside."""
    title = "Student code has no rights of its own"
    if confinement.tier is Tier.D:
        return Finding(title=title, state=State.NOT_PROMISED)
    with _worker(confinement, []) as worker:
        status = procfs.process_status(worker.innermost)
    if status.get("NoNewPrivs") != "1" or int(status.get("CapEff", "1"), 16):
        return Finding(title=title, state=State.BROKEN, detail="it has capabilities, or could get some")
    is_root = os.name == "posix" and os.geteuid() == 0
    closed = choose.closed_folder() if is_root else None
    if is_root and not closed and status.get("Uid", "0").split()[0] == "0":
        return Finding(title=title, state=State.BROKEN, detail="it runs as root, like the grader")
    note = f"it runs as root without root's rights, since other users cannot read {closed}" if closed else ""
    return Finding(title=title, state=State.PROVEN, detail=note)


def _train(confine: Confine) -> Finding:
    title, started = "TensorFlow trains, saves and loads", time.monotonic()
    try:
        with _worker(confine(), ["work"]) as worker:
            got = str(worker.receive().fields.get("got"))
    except (GraderError, WorkerLost) as error:
        got = str(error)
    state = State.PROVEN if got == "works" else State.BROKEN
    return Finding(title=title, state=state, detail=f"{time.monotonic() - started:.1f} s" if got == "works" else got)


def _verify(confine: Confine) -> Finding:
    """Have the clean worker compute a network whose outputs are known."""
    title = "The clean worker recomputes a network"
    images = np.arange(2 * 784, dtype=np.uint8).reshape(2, 28, 28)
    fields = {"spec": [{"class": "Flatten", "config": {}}], "shape": [28, 28, 1], "scale": 1.0, "offset": 0.0}
    try:
        with Verifier(fresh(confine)) as verifier:
            answer = verifier.ask(Frame(kind="network", fields=fields, arrays={"images": images}))
            outputs = answer.arrays.get("outputs")
    except (GraderError, WorkerLost) as error:
        return Finding(title=title, state=State.BROKEN, detail=str(error))
    is_right = outputs is not None and np.array_equal(outputs, images.reshape(2, 784).astype(np.float32))
    return Finding(title=title, state=State.PROVEN if is_right else State.BROKEN)


def _fork(confine: Confine) -> Finding:
    """See whether a class is graded with workers that are forked, which saves each the import of TensorFlow."""
    title = "Workers of a class start at once"
    try:
        with WarmStart(confine().tier, confine) as warm, warm.launch(TRIAL, TRIAL_LIMITS) as worker:
            worker.send(Frame(kind="try"))
            works = worker.receive().kind == "works"
    except (GraderError, WorkerLost) as error:
        return Finding(title=title, state=State.BROKEN, detail=str(error))
    if warm.obstacle:
        return Finding(title=title, state=State.NOT_PROMISED, detail=f"each imports TensorFlow: {warm.obstacle}")
    return Finding(title=title, state=State.PROVEN if works else State.BROKEN)


def _folder(folder: Path) -> Finding:
    """See whether submissions can be read and reports be written where they are."""
    title = f"Reports can be written in {folder}"
    probe = folder / f".grade-doctor-{secrets.token_hex(4)}"
    try:
        names = [path.name for path in folder.iterdir()]
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Finding(title=title, state=State.BROKEN, detail=error.strerror or str(error))
    return Finding(title=title, state=State.PROVEN, detail=f"{len(names)} entries")


def without(confinement: Confinement, layer: Layer) -> Confinement:
    """Return a confinement that says to be of the same tier but lacks a layer."""
    wrapper = () if layer is Layer.NAMESPACES else confinement.wrapper
    uid = None if layer is Layer.USER else confinement.uid
    return replace(confinement, layers=confinement.layers - {layer}, wrapper=wrapper, uid=uid)
