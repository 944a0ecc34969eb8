"""Where a download lies: a folder or a zip archive, seen as a list of files that nothing has touched yet.

No link is followed, and nothing is unpacked but what is asked for, under a name of ours. Sizes that an archive tells
are claims; what comes out is counted (attacks B01, B03, B04).
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from grader.archives import SIZE_LIMIT
from grader.errors import UsageError
from grader.exchange.roster import LeftOut, Why

FILES_LIMIT = 200_000
"""Files of a download: a thousand students with two hundred files each."""

DEPTH_LIMIT = 40
"""Folders within folders; deeper ones are made by programs, not by students."""

UNPACKED_LIMIT = 20 * 1024**3
"""Bytes that are taken out of one archive: a thousand students with the largest file that is graded."""

_MADE_BY_PROGRAMS = ("__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini")

_UTF8_NAME = 0x800
_IS_ENCRYPTED = 1


class Unreadable(Exception):  # noqa: N818 - a reason, not a failure of the download
    """A file that cannot be taken, and why."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a download: where it lies, its path below the class's folder, and its size in bytes as it is told."""

    place: PurePosixPath
    path: PurePosixPath
    size: int
    member: zipfile.ZipInfo | None = None


@dataclass(slots=True, kw_only=True)
class Source:
    """A folder or an archive, with its files in the order of their names, and those that are not looked at."""

    root: Path
    files: tuple[File, ...]
    left_out: tuple[LeftOut, ...]
    archive: zipfile.ZipFile | None = None
    _unpacked: int = field(default=0)

    def inside(self) -> Source | None:
        """Return what is in the only folder at the top; `None` where there are several, or files beside it."""
        folders = {file.path.parts[0] for file in self.files}
        if len(folders) != 1 or any(len(file.path.parts) == 1 for file in self.files):
            return None
        (folder,) = folders
        files = (replace(file, path=file.path.relative_to(folder)) for file in self.files)
        return replace(self, files=tuple(files))

    def on_disk(self, file: File) -> Path | None:
        """Return where a file lies already; `None` for one that has to be taken out of an archive."""
        return None if file.member is not None else self.root / file.place

    def read(self, file: File, limit: int = SIZE_LIMIT) -> bytes:
        """Return the bytes of a file.

        Raises:
            Unreadable: it is damaged, or has more bytes than `limit`.
            UsageError: all that was taken out of the archive together is too much.
        """
        if file.size > limit:
            raise Unreadable(Why.TOO_LARGE)
        if file.member is None:
            data = _from_disk(self.root / file.place, limit)
        else:
            data = self._from_archive(file.member, limit)
        if len(data) > limit:
            raise Unreadable(Why.TOO_LARGE)
        return data

    def _from_archive(self, member: zipfile.ZipInfo, limit: int) -> bytes:
        if self.archive is None:  # pragma: no cover - members come from an archive
            raise Unreadable(Why.DAMAGED)
        try:
            with self.archive.open(member) as stream:
                data = stream.read(limit + 1)
        except Exception as error:  # each way to pack has errors of its own
            raise Unreadable(Why.DAMAGED) from error
        self._unpacked += len(data)
        if self._unpacked > UNPACKED_LIMIT:
            raise UsageError(
                f"{self.root}: more than {UNPACKED_LIMIT / 1e9:.0f} GB would be unpacked", slug="download-too-large"
            )
        return data


@contextmanager
def listed(path: Path, *, skip: Path) -> Iterator[Source]:
    """List the files of a folder, but for one in it, or of a zip archive, which is open for as long as the block lasts.

    Raises:
        UsageError: there is neither, or it has too many files.
    """
    if path.is_dir():
        left_out: list[LeftOut] = []
        files = list(_walk(path, PurePosixPath(), left_out, skip.resolve()))
        yield Source(root=path, files=_in_order(path, files), left_out=tuple(left_out))
        return
    if not path.is_file():
        raise UsageError(f"there is no folder and no .zip archive at {path}", slug="no-download")
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # an archive may be damaged in any way
        why = f"{path}: not a folder, and no .zip archive that can be read ({error})"
        raise UsageError(why, slug="no-download") from error
    with archive:
        files, left_out = _members(archive)
        yield Source(root=path, files=_in_order(path, files), left_out=tuple(left_out), archive=archive)


def is_by_the_way(name: str) -> bool:
    """Tell whether a file or a folder was made by a program, not by a student."""
    return name.startswith((".", "~$")) or name in _MADE_BY_PROGRAMS


def _in_order(path: Path, files: list[File]) -> tuple[File, ...]:
    if len(files) > FILES_LIMIT:
        raise UsageError(f"{path}: more than {FILES_LIMIT:,} files are too many", slug="download-too-large")
    return tuple(sorted(files, key=lambda file: file.path.parts))


def _walk(folder: Path, below: PurePosixPath, left_out: list[LeftOut], skip: Path) -> Iterator[File]:
    if len(below.parts) > DEPTH_LIMIT:
        left_out.append(LeftOut(name=str(below), why=Why.TOO_DEEP))
        return
    try:
        with os.scandir(folder) as found:
            children = sorted(found, key=lambda child: child.name)
    except OSError:
        left_out.append(LeftOut(name=str(below), why=Why.DAMAGED))
        return
    for child in children:
        path = below / child.name
        if is_by_the_way(child.name):
            continue
        if child.is_symlink():
            left_out.append(LeftOut(name=str(path), why=Why.SYMLINK))
        elif child.is_dir(follow_symlinks=False):
            if (folder / child.name).resolve() != skip:
                yield from _walk(folder / child.name, path, left_out, skip)
        elif child.is_file(follow_symlinks=False):
            yield File(place=path, path=path, size=child.stat(follow_symlinks=False).st_size)
        else:
            left_out.append(LeftOut(name=str(path), why=Why.SPECIAL))


def _members(archive: zipfile.ZipFile) -> tuple[list[File], list[LeftOut]]:
    files: dict[PurePosixPath, File] = {}
    left_out = []
    for member in archive.infolist():
        name = _name(member)
        path = PurePosixPath(name)
        if name.endswith("/") or (any(map(is_by_the_way, path.parts)) and ".." not in path.parts):
            continue
        why = _obstacle(member, name) or (Why.TWICE if path in files else None)
        if why is None:
            files[path] = File(place=path, path=path, size=member.file_size, member=member)
        else:
            left_out.append(LeftOut(name=name, why=why))
    return list(files.values()), left_out


def _name(member: zipfile.ZipInfo) -> str:
    """Return the name of a member; UTF-8 that is not declared as such is common, and read as an old code page."""
    if member.flag_bits & _UTF8_NAME:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def _obstacle(member: zipfile.ZipInfo, name: str) -> Why | None:
    parts = PurePosixPath(name).parts
    leads_away = (
        name.startswith("/") or "\\" in name or ".." in parts or name[1:2] == ":" or "\0" in member.orig_filename
    )
    if leads_away or not parts:
        return Why.UNSAFE_NAME
    if len(parts) > DEPTH_LIMIT:
        return Why.TOO_DEEP
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        return Why.SYMLINK if stat.S_ISLNK(member.external_attr >> 16) else Why.SPECIAL
    return Why.ENCRYPTED if member.flag_bits & _IS_ENCRYPTED else None


def _from_disk(path: Path, limit: int) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise Unreadable(Why.SPECIAL)
            return stream.read(limit + 1)
    except OSError as error:
        raise Unreadable(Why.DAMAGED) from error
