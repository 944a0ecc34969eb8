"""The small kernel interfaces that a confined worker is made of: limits, privileges, and dying with one's parent."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)

_SET_PARENT_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES, _AMBIENT, _CLEAR_ALL = 1, 38, 47, 4
_CAPABILITY_VERSION = 0x20080522


def check(result: int, what: str) -> int:
    """Return the result of a call into the kernel.

    Raises:
        OSError: it is negative.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def limit(*, cpu_s: float, address_bytes: int, file_bytes: int) -> None:
    """Set the kernel's limits on this process: seconds of processor, address space, and size of one file, in bytes.

    Raises:
        OSError, ValueError: a limit is above what this process may set.
    """
    # The processor's limit warns first: a kill alone could not be told from a lack of memory.
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s) + 1, int(cpu_s) + 6))
    for kind, most in (
        (resource.RLIMIT_AS, address_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 512),
    ):
        _, hard = resource.getrlimit(kind)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (value, value))


def die_with_parent() -> None:
    """Ask to be killed when the parent dies, even by SIGKILL. A change of user clears this: ask afterwards."""
    check(LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0), "parent death signal")


def give_up_privileges() -> None:
    """Drop every capability, and let no program regain one."""
    check(LIBC.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
    LIBC.prctl(_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    header, nothing = struct.pack("<Ii", _CAPABILITY_VERSION, 0), bytes(24)
    check(LIBC.capset(header, nothing), "capset")


def threads() -> int:
    """Return how many threads this process has."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())
