"""A download that was listed, on its way to entries: which file of each student is graded, and where it lies then."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Self

from grader.archives import SIZE_LIMIT
from grader.errors import MachineError, UsageError
from grader.exchange import names
from grader.exchange.layouts import Handed, plain
from grader.exchange.roster import Entry, Intake, Layout, LeftOut, Why
from grader.exchange.source import File, Source, Unreadable, is_by_the_way
from grader.files import write_atomically
from grader.text import line, nearest

_SHOWN = 5
"""Names of files in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one student handed in: the files that can be graded, under the student's own names, and all others."""

    handed: Handed
    gradable: tuple[tuple[str, File], ...]
    left_out: tuple[LeftOut, ...]

    @classmethod
    def of(cls, handed: Handed, id_: str) -> Self:
        """Sort the files of one student."""
        wanted = [(name, file) for name, file in handed.files if is_gradable(name)]
        left = [
            LeftOut(name=str(file.path), why=Why.TOO_LARGE, entry=id_) for _, file in wanted if file.size > SIZE_LIMIT
        ]
        if wanted:
            others = (file for name, file in handed.files if not is_gradable(name))
            left += [LeftOut(name=str(file.path), why=Why.NO_CODE, entry=id_) for file in others]
        elif handed.files or handed.original:
            listed_as = handed.original or (handed.files[0][1].path.name if handed.files else handed.label)
            left.append(LeftOut(name=listed_as, why=Why.NOTHING_GRADABLE, entry=id_))
        small = tuple((name, file) for name, file in wanted if file.size <= SIZE_LIMIT)
        return cls(handed=handed, gradable=small, left_out=tuple(left))


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A download that was listed: who handed in what, by the ids of the entries."""

    path: Path
    source: Source
    layout: Layout
    found: Mapping[str, Found]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    @property
    def offered(self) -> dict[str, tuple[str, ...]]:
        """The files of each entry that can be graded, under the names that the student gave them."""
        return {id_: tuple(name for name, _ in found.gradable) for id_, found in self.found.items() if found.gradable}

    def take(self, into: Path, *, files: Mapping[str, str] | None = None) -> Intake:
        """Return what each student handed in, with the files in places of their own.

        Args:
            into: a folder for what is taken out of an archive, each entry in a folder of its own; made if missing.
            files: by the ids of entries, which of their files is graded where a rule would choose another or none.

        Raises:
            UsageError: an id or a file of `files` is not there, or nothing can be read that could be graded.
            MachineError: `into` cannot be written.
        """
        chosen = {id_: self.named(id_, name) for id_, name in (files or {}).items()}
        taking = _Taking(download=self, into=into, chosen=chosen)
        entries = sorted(filter(None, map(taking.entry, self.found)), key=lambda entry: entry.id)
        by_label = {found.handed.label: id_ for id_, found in self.found.items()}
        left_out = [replace(left, entry=by_label.get(left.entry, left.entry)) for left in self.left_out]
        left_out += taking.left_out
        if not entries:
            raise self.nothing(taking.left_out)
        return Intake(
            layout=self.layout,
            entries=tuple(entries),
            empty=tuple(taking.empty),
            left_out=tuple(replace(left, name=line(left.name), entry=line(left.entry)) for left in left_out),
            notes=self.notes,
        )

    def named(self, id_: str, name: str) -> tuple[str, File]:
        """Return the file of an entry that a person names: as the student did, by its path in the download, or shortly.

        Raises:
            UsageError: there is no such entry, or it has no such file that can be graded, or several.
        """
        if id_ not in self.offered:
            raise UsageError(f"there is no submission {id_!r}{nearest(id_, self.offered)}", slug="unknown-submission")
        wanted = _composed(name)
        gradable = self.found[id_].gradable
        for shown in (_own_name, _whole_path, _last_name):
            found = [pair for pair in gradable if _composed(shown(pair)) == wanted]
            if len(found) == 1:
                return found[0]
        near = nearest(name, self.offered[id_])
        raise UsageError(
            f"{id_!r} has handed in no file {name!r} that can be graded{near}; there is {_listed(self.offered[id_])}",
            slug="unknown-file",
        )

    def nothing(self, left: Sequence[LeftOut]) -> UsageError:
        """Return the error that there is nothing to grade."""
        reasons = sorted({each.why.value for each in (*self.left_out, *left)}) or ["it is empty"]
        told = f"{self.path}: nothing to grade was found, read as {self.layout.value} ({'; '.join(reasons)})"
        return UsageError(f"{told}; another layout can be named", slug="no-submissions")


def _own_name(pair: tuple[str, File]) -> str:
    return pair[0]


def _whole_path(pair: tuple[str, File]) -> str:
    return str(pair[1].path)


def _last_name(pair: tuple[str, File]) -> str:
    return PurePosixPath(pair[0]).name


def _composed(name: str) -> str:
    """Return a name as most keyboards write it: archives made on a Mac have letters and accents apart."""
    return unicodedata.normalize("NFC", name)


def _listed(found: Sequence[str]) -> str:
    shown = ", ".join(repr(line(name, 80)) for name in found[:_SHOWN])
    return f"{shown}, …" if len(found) > _SHOWN else shown


@dataclass(slots=True, kw_only=True)
class _Taking:
    """The files of a download on their way to entries."""

    download: Download
    into: Path
    chosen: Mapping[str, tuple[str, File]]
    left_out: list[LeftOut] = field(default_factory=list)
    empty: list[Entry] = field(default_factory=list)

    def entry(self, id_: str) -> Entry | None:
        """Return the entry with an id; `None` where nothing of it can be graded."""
        found = self.download.found[id_]
        handed, gradable = found.handed, found.gradable
        self.left_out += found.left_out
        if not gradable:
            if self.download.layout is not Layout.PLAIN:
                self.empty.append(self._made(id_, handed, Path(handed.original or id_), handed.original))
            return None
        chosen = self.chosen.get(id_) or _chosen(gradable)
        try:
            path = self._place(id_, [chosen] if chosen else gradable)
        except Unreadable as problem:
            self.left_out.append(LeftOut(name=handed.original or gradable[0][0], why=problem.why, entry=id_))
            return None
        why = Why.NOT_CHOSEN if chosen else Why.SEVERAL
        self.left_out += [LeftOut(name=str(pair[1].path), why=why, entry=id_) for pair in gradable if pair != chosen]
        return self._made(id_, handed, path, handed.original or (chosen or gradable[0])[1].path.name)

    def _made(self, id_: str, handed: Handed, path: Path, original: str) -> Entry:
        return Entry(
            id=id_,
            path=path,
            name=line(handed.name),
            email=line(handed.email),
            members=handed.members,
            layout=self.download.layout,
            user_id=handed.user_id,
            submitted_at=handed.submitted_at,
            is_late=handed.is_late,
            original=original,
        )

    def _place(self, id_: str, files: Sequence[tuple[str, File]]) -> Path:
        """Return where a file lies, or the folder of the entry in which copies of several were put side by side.

        Raises:
            Unreadable: a file is damaged or too large.
        """
        source = self.download.source
        path = source.on_disk(files[0][1]) if len(files) == 1 else None
        if path is not None:
            return path
        contents = [source.read(file) for _, file in files]
        wanted = names.unique_files([PurePosixPath(name).name for name, _ in files])
        folder = self.into / id_
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.iterdir():
                if old.name not in wanted:
                    old.unlink()
            for name, content in zip(wanted, contents, strict=True):
                write_atomically(folder / name, content)
        except OSError as error:
            raise MachineError(f"cannot write {folder}: {error.strerror}", slug="out-unwritable") from error
        return folder / wanted[0] if len(wanted) == 1 else folder


def is_gradable(name: str) -> bool:
    """Tell whether a file is of a kind that is graded, by its name."""
    path = PurePosixPath(name)
    return path.suffix.lower() in plain.GRADABLE and not is_by_the_way(path.name)


def _chosen(files: Sequence[tuple[str, File]]) -> tuple[str, File] | None:
    """Return the file to grade, by the rules for a student's own folder; `None` where several have the same right.

    A file called `lab.ipynb` or `lab.py` wins over others, a notebook over a script, and both over an archive.
    """
    for wanted in ("lab.ipynb", "lab.py"):
        named = [pair for pair in files if PurePosixPath(pair[0]).name.lower() == wanted]
        if named:
            return min(named, key=lambda pair: pair[0].count("/"))
    for suffix in plain.GRADABLE:
        found = [pair for pair in files if PurePosixPath(pair[0]).suffix.lower() == suffix]
        if found:
            return found[0] if len(found) == 1 else None
    return None
