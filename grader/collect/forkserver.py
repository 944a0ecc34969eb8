"""The process that workers are forked off: it imports what they need, and does nothing else ever.

Started as `python -I -B -m grader.collect.forkserver`, without a submission, a label or a secret: what is in memory
here is in the memory of every child. TensorFlow computes nothing in it: a single operation would start threads that a
child does not have, and children would wait for them for ever. That is looked at before every fork.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from grader import scratch, wire
from grader.errors import MachineError
from grader.lasting import lasting
from grader.sandbox import linux

SCRATCH = Path.cwd().parent


def main() -> None:
    """Fork one child after another, as the parent asks, until it is gone."""
    control = _claim_control()
    linux.die_with_parent()
    order, given, _, _ = socket.recv_fds(control, 4096, 1)
    private = json.loads(order)["private"]
    with lasting():
        _import_all()
    _keep(given[0])
    control.send(b'{"ready": 1}')
    while True:
        data, pipes, _, _ = socket.recv_fds(control, 4096, 3)
        if not data:
            return
        if spoilt := _spoilt():
            control.send(spoilt.encode())
            return
        pid = os.fork()
        if not pid:
            _become(json.loads(data)["module"], pipes)
        _tell(control, pid, pipes)
        _, status = os.waitpid(pid, 0)
        is_clean = _clean(private)
        control.send(json.dumps({"status": os.waitstatus_to_exitcode(status)}).encode())
        if not is_clean:
            return


def _claim_control() -> socket.socket:
    """Take the connection to the parent off standard input."""
    control = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return control


def _import_all() -> None:
    """Import what workers need, and what they would import at their first call of this or that."""
    for name in (
        "grader.collect.worker",
        "grader.collect.execution",
        "grader.collect.trial",
        "matplotlib.pyplot",
    ):
        importlib.import_module(name)


def _keep(descriptor: int) -> None:
    """Read the arrays that every worker needs; a child has them without their being sent, or copied."""
    from grader.collect import execution  # noqa: PLC0415 - imports TensorFlow

    with os.fdopen(descriptor, "rb") as file:
        execution.GIVEN.update(wire.read(file).arrays)


def _spoilt() -> str:
    """Say why a fork would not be safe; empty where it is."""
    from tensorflow.python.eager import context  # noqa: PLC0415 - there is no public way to ask without starting it

    if linux.threads() != 1:
        return "other threads run in the fork server"
    if context._context is not None:  # noqa: SLF001
        return "TensorFlow has been used in the fork server"
    return ""


def _become(module: str, pipes: Sequence[int]) -> None:
    """Be a worker: as if the module had been started in a process of its own, with these pipes."""
    status = 1
    try:
        os.setsid()
        for standard, pipe in enumerate(pipes):
            os.dup2(pipe, standard)
        for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
            if descriptor > 2:  # noqa: PLR2004 - the three standard streams
                _close(descriptor)
        os.chdir(SCRATCH / "work")
        importlib.import_module(module).main()
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may get out into the loop of the server
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
    finally:
        os._exit(status)


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return  # That was the folder that lists them.


def _tell(control: socket.socket, pid: int, pipes: Sequence[int]) -> None:
    handle = os.pidfd_open(pid)
    socket.send_fds(control, [b"{}"], [handle])
    for descriptor in (handle, *pipes):
        os.close(descriptor)


def _clean(folders: Sequence[str]) -> bool:
    """Remove what a child left in folders that only this server and its children see; tell whether that worked."""
    try:
        for folder in folders:
            # Where the folder for everything lies below, it is mounted there; the parent empties it.
            scratch.empty(Path(folder), but=SCRATCH)
    except MachineError:
        return False
    return True


if __name__ == "__main__":
    try:
        main()
    finally:
        sys.stdout.flush()
