"""Which files a confined worker can reach (`man 7 landlock`): nothing but what is named here.

Rules only grant, and they grant whole folders; so a folder with something hidden in it is granted child by child.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.sandbox.linux import LIBC, check

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FOLDER, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_FOLDER, _MAKE_FILE, _MAKE_FIFO, _MAKE_LINK = 1 << 7, 1 << 8, 1 << 10, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14

READ = _READ_FILE | _READ_FOLDER
WRITE = (
    READ | _WRITE_FILE | _REMOVE_FOLDER | _REMOVE_FILE | _MAKE_FOLDER | _MAKE_FILE | _MAKE_FIFO | _MAKE_LINK | _REFER
) | _TRUNCATE
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
"""Rights that a rule about a file, not a folder, may have."""

_HANDLED = ((1, (1 << 13) - 1), (2, _REFER), (3, _TRUNCATE), (5, 1 << 15))
"""Rights that are denied unless granted, by the version of Landlock that brought them."""

_NETWORK_SINCE, _SCOPES_SINCE = 4, 6
_BIND_AND_CONNECT, _SOCKETS_AND_SIGNALS = 0b11, 0b11


def version() -> int:
    """Return the version of the kernel's Landlock, 0 where it has none or has it switched off."""
    return max(0, int(LIBC.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)))


def restrict(*, readable: Iterable[Path], hidden: Iterable[Path], writable: Iterable[Path]) -> None:
    """Restrict this thread, and those that it starts, to some files; it cannot be undone. Needs `no_new_privs`.

    Raises:
        OSError: the kernel refuses.
    """
    abi = version()
    handled = sum(rights for since, rights in _HANDLED if since <= abi)
    attributes = struct.pack("<Q", handled)
    if abi >= _NETWORK_SINCE:
        attributes += struct.pack("<Q", _BIND_AND_CONNECT)
    if abi >= _SCOPES_SINCE:
        attributes += struct.pack("<Q", _SOCKETS_AND_SIGNALS)
    ruleset = check(LIBC.syscall(_CREATE_RULESET, attributes, len(attributes), 0), "landlock_create_ruleset")
    try:
        for path, rights in _grants(readable, frozenset(hidden)):
            _grant(ruleset, path, rights & handled)
        for path in writable:
            _grant(ruleset, path, WRITE & handled)
        check(LIBC.syscall(_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _grants(readable: Iterable[Path], hidden: frozenset[Path]) -> Iterator[tuple[Path, int]]:
    """Yield what to grant; what is named as readable is granted even within something hidden, a link to that is not."""
    expanded: set[Path] = set()
    waiting = [path for path in readable if path not in hidden]
    while waiting:
        path = waiting.pop()
        if not any(path in secret.parents for secret in hidden):
            yield path, READ
        elif path not in expanded:
            expanded.add(path)
            # Importing lists the folder; the names in it are no secret.
            yield path, _READ_FOLDER
            children = (child.resolve() for child in sorted(path.iterdir()))
            waiting += [child for child in children if hidden.isdisjoint((child, *child.parents))]


def _grant(ruleset: int, path: Path, rights: int) -> None:
    """Grant rights beneath a path; one that is not there, or not to be opened, grants nothing."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_FILES
        rule = struct.pack("<Qi", rights, descriptor)
        buffer = ctypes.create_string_buffer(rule, len(rule))
        check(LIBC.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, buffer, 0), f"landlock_add_rule for {path}")
    finally:
        os.close(descriptor)
