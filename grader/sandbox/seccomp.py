"""The filter on system calls: what a confined worker may ask of the kernel (`man 2 seccomp`).

Everything not allowed by name is refused, so that a call that the kernel learns next year is refused, too. New
processes are the best barrier of all: `clone` passes for threads only, and with it go shells, daemons and fork bombs.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from grader.sandbox import syscalls
from grader.sandbox.linux import LIBC, check

_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in `struct seccomp_data`."""

_X32 = 0x40000000
_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_SECCOMP = {"x86_64": 317, "aarch64": 277}

_CLONE_THREAD = 0x00010000
_SET_ID_BITS = 0o6000
_UNNAMED_FILE = 0o20000000
_ACCESS_MODE, _TRUNCATE = 0o3, 0o1000
_AF_UNIX, _SOCK_STREAM, _SOCK_TYPES = 1, 1, 0xF
_FCNTL = (*range(8), 36, 37, 38, 1030, 1032, 1033, 1034)
"""Flags, locks and duplicates; not the ones that make the kernel signal another process."""
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Is it a terminal, its size, bytes waiting, blocking or not, close on exec."""
_MADVISE = (*range(5), 8, 10, 11, *range(14, 18))
"""How memory will be used, and that it is not; not to swap it out, where no limit on resident memory counts it."""
_SHARED, _ANONYMOUS = 0x01, 0x20
_PRCTL = (3, 15, 16, 21, 23, 39, 41, 42, 0x53564D41)
"""Names of threads and of memory, and questions; not who dies with whom, nor another filter."""

Instruction = tuple[int, int, int, int]
"""`struct sock_filter`: code, jump if true, jump if false, operand."""


def is_supported() -> bool:
    """Tell whether this machine has such filters and a table of calls."""
    return platform.machine() in syscalls.ARCHITECTURES and hasattr(os, "uname") and _kernel_has_filters()


def install(*, device: bool = False) -> None:
    """Put the filter on all threads of this process; it cannot be taken off. Needs `no_new_privs`.

    Args:
        device: whether the driver of a GPU may be spoken to, which is done by `ioctl` and through shared memory.

    Raises:
        OSError: the kernel refuses.
    """
    code = b"".join(struct.pack("<HBBI", *step) for step in program(platform.machine(), os.getpid(), device=device))
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    number = _SECCOMP[platform.machine()]
    check(LIBC.syscall(number, _SET_MODE_FILTER, _ALL_THREADS, header), "seccomp")


def program(machine: str, pid: int, *, device: bool = False) -> list[Instruction]:
    """Return the filter for a machine of `syscalls.ARCHITECTURES` and a process of this number."""
    number = syscalls.numbers(machine)
    checked = _checked(pid)
    if device:
        checked["ioctl"] = checked["mmap"] = [_answer(_ALLOW)]
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, syscalls.ARCHITECTURES[machine]),
        _answer(_KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        steps += [(_AT_LEAST, 0, 1, _X32), _answer(_KILL)]
    for name in syscalls.ALLOWED:
        steps += _when(number.get(name), [_answer(_ALLOW)])
    for name, block in checked.items():
        steps += _when(number.get(name), block)
    for name in syscalls.PRETENDED:
        steps += _when(number.get(name), [_answer(_ERRNO)])
    for name in syscalls.REFUSED:
        steps += _when(number.get(name), [_answer(_ERRNO | errno.EPERM)])
    for name in syscalls.UNSUPPORTED:
        steps += _when(number.get(name), [_answer(_ERRNO | errno.ENOTSUP)])
    # Also for clone3, so that the C library falls back to clone, whose flags can be looked at.
    return [*steps, _answer(_ERRNO | errno.ENOSYS)]


def _checked(pid: int) -> dict[str, list[Instruction]]:
    """Return what to do for the calls that depend on their arguments."""
    return {
        "clone": _if_bits(0, _CLONE_THREAD),
        # With a mode, space is taken that no limit on a file's size counts.
        "fallocate": _if_one_of(1, (0,)),
        "open": [*_refuse_bits(2, _SET_ID_BITS), *_refuse_flags(1), _answer(_ALLOW)],
        "openat": [*_refuse_bits(3, _SET_ID_BITS), *_refuse_flags(2), _answer(_ALLOW)],
        "creat": [*_refuse_bits(1, _SET_ID_BITS), _answer(_ALLOW)],
        "mkdir": [*_refuse_bits(1, _SET_ID_BITS), _answer(_ALLOW)],
        "mkdirat": [*_refuse_bits(2, _SET_ID_BITS), _answer(_ALLOW)],
        "kill": _if_one_of(0, (pid,)),
        "tgkill": _if_one_of(0, (pid,)),
        "prlimit64": _if_one_of(0, (0, pid)),
        "prctl": _if_one_of(0, _PRCTL),
        "fcntl": _if_one_of(1, _FCNTL),
        "ioctl": _if_one_of(1, _IOCTL),
        "madvise": _if_one_of(2, _MADVISE),
        # Memory that is shared with nobody outlives `madvise`: it can be had without being counted.
        "mmap": [
            (_LOAD, 0, 0, _argument(3)),
            (_ANY_BIT, 0, 2, _ANONYMOUS),
            (_ANY_BIT, 0, 1, _SHARED),
            _answer(_ERRNO | errno.EPERM),
            _answer(_ALLOW),
        ],
        # Event loops wake themselves through one; a stream has no addressee other than its twin.
        "socketpair": [
            *_refuse_unless(0, _AF_UNIX),
            (_LOAD, 0, 0, _argument(1)),
            (_AND, 0, 0, _SOCK_TYPES),
            (_EQUAL, 1, 0, _SOCK_STREAM),
            _answer(_ERRNO | errno.EPERM),
            _answer(_ALLOW),
        ],
    }


def _answer(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)


def _argument(index: int) -> int:
    """Return the offset of the low half of an argument; those that are looked at are ints of C."""
    return _ARGUMENTS + 8 * index


def _when(number: int | None, block: list[Instruction]) -> list[Instruction]:
    """Return a step that runs `block`, which always answers, for one call and skips it for all others."""
    return [] if number is None else [(_EQUAL, 0, len(block), number), *block]


def _if_bits(index: int, mask: int) -> list[Instruction]:
    return [
        (_LOAD, 0, 0, _argument(index)),
        (_ANY_BIT, 0, 1, mask),
        _answer(_ALLOW),
        _answer(_ERRNO | errno.EPERM),
    ]


def _if_one_of(index: int, values: tuple[int, ...]) -> list[Instruction]:
    steps: list[Instruction] = [(_LOAD, 0, 0, _argument(index))]
    for value in values:
        steps += [(_EQUAL, 0, 1, value), _answer(_ALLOW)]
    return [*steps, _answer(_ERRNO | errno.EPERM)]


def _refuse_bits(index: int, mask: int) -> list[Instruction]:
    return [(_LOAD, 0, 0, _argument(index)), (_ANY_BIT, 0, 1, mask), _answer(_ERRNO | errno.EPERM)]


def _refuse_unless(index: int, value: int) -> list[Instruction]:
    return [(_LOAD, 0, 0, _argument(index)), (_EQUAL, 1, 0, value), _answer(_ERRNO | errno.EPERM)]


def _refuse_flags(index: int) -> list[Instruction]:
    """Refuse files without a name, which no look at the scratch folder finds, and to empty a file by reading it.

    Landlock before ABI 3 lets the latter pass.
    """
    return [
        *_refuse_bits(index, _UNNAMED_FILE),
        (_ANY_BIT, 0, 2, _TRUNCATE),
        (_ANY_BIT, 1, 0, _ACCESS_MODE),
        _answer(_ERRNO | errno.EPERM),
    ]


def _kernel_has_filters() -> bool:
    """Ask for the mode of this process: EINVAL says that the kernel was built without."""
    get_seccomp = 21
    return bool(LIBC.prctl(get_seccomp, 0, 0, 0, 0) >= 0)
