"""The worker's side: put this process under the layers it is told, and say so.

Called before anything of a student's is read. The order matters: a change of user, which the parent made when it
started this process, clears the signal at the parent's death; Landlock and the filter need `no_new_privs`; and the
filter comes last, since it forbids what the others are made with.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from grader import wire
from grader.process import claim_pipes
from grader.procfs import process_status
from grader.sandbox.contract import Layer

DEVICES = ("/dev/null", "/dev/full", "/dev/random", "/dev/urandom")
_OWN = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/sys/devices/system/cpu")
_GPU = ("/dev", "/proc/driver/nvidia", "/proc/devices", "/proc/modules", "/sys")


class NotConfined(Exception):  # noqa: N818 - a fact, not an error of ours
    """A layer did not hold when it was tried."""


def begin() -> tuple[BinaryIO, BinaryIO]:
    """Claim the pipes, obey the first request, answer it, and return (requests, answers).

    Raises:
        NotConfined: what should be impossible now is possible.
        OSError: the kernel refuses a layer.
    """
    requests, answers = claim_pipes()
    order = wire.read(requests)
    obey(order.fields)
    _die_without(requests)
    for part in wire.encode(wire.Frame(kind="confined", fields={"pid": os.getpid()})):
        answers.write(part)
    answers.flush()
    return requests, answers


def obey(orders: Mapping[str, Any]) -> None:
    """Put this process under the ordered layers, and try the doors."""
    layers = {Layer(name) for name in orders["layers"]}
    if sys.platform == "linux":
        _confine_linux(layers, orders)
    elif os.name == "posix":
        _limit(orders)


def _confine_linux(layers: set[Layer], orders: Mapping[str, Any]) -> None:
    from grader.sandbox import linux  # noqa: PLC0415 - Linux only

    limits = orders["limits"]
    if orders["device"]:
        # The driver reserves address space by the hundred gigabytes.
        limits = {**limits, "address_bytes": 1 << 62}
    if Layer.LIMITS in layers:
        linux.limit(**limits)
    linux.die_with_parent()
    if layers & {Layer.FILES, Layer.CALLS} and linux.threads() != 1:
        raise NotConfined("other threads run already, and would not be confined")
    if Layer.PRIVILEGES in layers:
        linux.give_up_privileges()
    if Layer.FILES in layers:
        _close_files(orders)
    if Layer.CALLS in layers:
        from grader.sandbox import seccomp  # noqa: PLC0415

        seccomp.install(device=orders["device"])
    if Layer.FILES in layers and any(_can_read_lab(path) for path in orders["hidden"]):
        raise NotConfined("a lab can be read")
    for layer, is_open in _DOORS.items():
        if layer in layers and is_open():
            raise NotConfined(f"the layer {layer.value!r} does not hold")


def _close_files(orders: Mapping[str, Any]) -> None:
    from grader.sandbox import landlock, view  # noqa: PLC0415

    landlock.restrict(
        readable=[
            *view.of_interpreter(sys.path),
            *view.of_package(),
            *map(Path, (*_OWN, *_GPU * orders["device"])),
        ],
        hidden=[view.PACKAGE, *map(Path, orders["hidden"])],
        writable=[Path(path) for path in (*orders["writable"], *DEVICES, *("/dev",) * orders["device"])],
    )


def _limit(orders: Mapping[str, Any]) -> None:
    from grader.sandbox import linux  # noqa: PLC0415

    try:
        linux.limit(**orders["limits"])
    except (OSError, ValueError):
        return  # Some systems know these limits by name only; the parent watches time and memory all the same.


def _die_without(requests: BinaryIO) -> None:
    """End this process if the parent died before it could ask to die with it: the pipe's other end is closed."""
    if sys.platform != "linux":
        return
    import select  # noqa: PLC0415 - Linux only

    poll = select.poll()
    poll.register(requests, select.POLLHUP)
    if any(event & select.POLLHUP for _, event in poll.poll(0)):
        os._exit(1)


def _can_read_the_judge() -> bool:
    try:
        Path(__file__).parent.parent.joinpath("rubric.py").read_bytes()
    except OSError:
        return False
    return True


def _can_read_lab(folder: str) -> bool:
    """Tell whether a lab's files can be read; their names can, where the folder lies among packages."""
    try:
        Path(folder, "lab.toml").read_bytes()
    except OSError:
        return False
    return True


def _can_reach_out() -> bool:
    import socket  # noqa: PLC0415

    try:
        socket.socket().close()
    except OSError:
        return False
    return True


def _is_privileged() -> bool:
    return int(process_status(os.getpid()).get("CapEff", "0"), 16) != 0


_DOORS: Mapping[Layer, Callable[[], bool]] = {
    Layer.PRIVILEGES: _is_privileged,
    Layer.FILES: _can_read_the_judge,
    Layer.CALLS: _can_reach_out,
}
"""What is tried at once, in place; `grade doctor` and the attack suite try everything else."""
