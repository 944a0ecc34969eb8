"""Scratch folders: the only place where a worker may write, gone afterwards, whatever was left in them."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from grader.errors import MachineError

PREFIX = "epochmark-run-"

_LOCK = ".lock"
_CAN_LOCK = os.name == "posix"

FILES_LIMIT = 20_000
"""Files in a scratch folder that are counted; a folder with more of them is as good as full."""


DEPTH_LIMIT = 100
"""Levels of folders in a scratch folder; what is deeper is as good as full."""


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Give a private folder for the time being. The first call also removes what killed graders left behind.

    Raises:
        MachineError: no temporary folder can be made.
    """
    sweep()
    try:
        lock, outer = _claim()
    except OSError as error:
        raise _cannot_create(error) from error
    try:
        yield _make(outer)
    finally:
        _remove(outer)
        os.close(lock)


def _make(outer: Path) -> Path:
    try:
        outer.mkdir(mode=0o700)
        inner = outer / "scratch"
        inner.mkdir(mode=0o700)
        # Another user's worker has to pass through; nobody can list what else is here.
        outer.chmod(0o711)
    except OSError as error:
        raise _cannot_create(error) from error
    return inner


def _cannot_create(error: OSError) -> MachineError:
    return MachineError(f"cannot create a scratch folder: {error.strerror}", slug="scratch")


def empty(folder: Path, *, but: Path | None = None) -> None:
    """Remove everything in a folder that workers use one after another, but for one folder below it.

    Raises:
        MachineError: something else stays.
    """
    try:
        for path in folder.iterdir():
            if but is not None and path in but.parents:
                empty(path, but=but)
            elif path.is_symlink() or not path.is_dir():
                path.unlink(missing_ok=True)
            elif path != but:
                _remove_tree(path)
        left = [path for path in folder.iterdir() if but is None or path not in (but, *but.parents)]
    except OSError as error:
        raise MachineError(f"cannot empty {folder}: {error.strerror}", slug="scratch") from error
    if left:
        raise MachineError(f"cannot empty {folder}: {left[0].name!r} stays", slug="scratch")


@functools.cache
def sweep() -> None:
    """Remove the folders of graders that are gone: nobody holds their locks any more."""
    for outer in {path.with_suffix("") for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*")}:
        with contextlib.suppress(OSError):
            if _is_leftover(outer):
                _remove(outer)


def used_bytes(scratch: Path) -> int:
    """Return the bytes on disk below a folder; far more than any limit where that cannot be counted."""
    total, waiting, seen = 0, [scratch], 0
    while waiting:
        folder = waiting.pop()
        if len(folder.parts) > len(scratch.parts) + DEPTH_LIMIT:
            return 1 << 62  # Below some depth no path leads to what is there.
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                seen += 1
                if seen > FILES_LIMIT:
                    return 1 << 62
                status = entry.stat(follow_symlinks=False)
                total += getattr(status, "st_blocks", 0) * 512 or status.st_size
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(Path(entry.path))
    return total


def removed_bytes(pid: int) -> int:
    """Return the bytes of files that a process holds open but that have no name any more; 0 where nobody tells."""
    total = 0
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                status = link.stat()
                if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                    total += status.st_blocks * 512
    return total


def _claim() -> tuple[int, Path]:
    """Return a held lock and the folder that it stands for; the lock is there before the folder and outlasts it."""
    while True:
        descriptor, name = tempfile.mkstemp(prefix=PREFIX, suffix=_LOCK)
        # A sweep may have come between making the file and locking it.
        if not _CAN_LOCK or (_try_lock(descriptor) and Path(name).exists()):
            return descriptor, Path(name).with_suffix("")
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Take the lock if nobody has it; the kernel lets go of it when its holder dies."""
    import fcntl  # noqa: PLC0415 - POSIX only

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_leftover(outer: Path) -> bool:
    if not _CAN_LOCK:
        return False
    try:
        descriptor = os.open(outer.with_suffix(_LOCK), os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        status = outer.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    try:
        return os.fstat(descriptor).st_uid == os.geteuid() and _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _remove(outer: Path) -> None:
    """Remove a scratch folder, and then its lock."""
    _remove_tree(outer)
    with contextlib.suppress(OSError):
        outer.with_suffix(_LOCK).unlink(missing_ok=True)


def _remove_tree(top: Path) -> None:
    """Remove a folder, also where folders in it were closed on purpose, and however deep it is.

    Folders are moved up into the top one and emptied there: no path gets long, and nothing recurs.
    """
    numbers = itertools.count()
    is_progress = True
    while is_progress:
        is_progress = False
        for name in _listed(top):
            is_progress |= _remove_entry(top / name, top, numbers)
    with contextlib.suppress(OSError):
        top.rmdir()


def _remove_entry(path: Path, top: Path, numbers: Iterator[int]) -> bool:
    """Remove a file or a folder with the files in it; folders in it go into `top`. Tell whether it is gone."""
    try:
        if path.is_symlink() or not path.is_dir():
            path.unlink()
            return True
        for name in _listed(path):
            inner = path / name
            if inner.is_symlink() or not inner.is_dir():
                inner.unlink()
            else:
                inner.chmod(0o700)
                inner.rename(top / f"{next(numbers)}-{secrets.token_hex(4)}")
        path.rmdir()
    except OSError:
        return False
    return True


def _listed(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
        return [path.name for path in folder.iterdir()]
    return []
