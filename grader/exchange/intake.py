"""Read what was downloaded from an LMS, or lies in plain folders: who handed in what, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from grader.archives import SIZE_LIMIT
from grader.errors import MachineError, UsageError
from grader.exchange import names
from grader.exchange.layouts import Handed, Reading, canvas, gradescope, moodle, nbgrader, plain
from grader.exchange.roster import Entry, Intake, Layout, LeftOut, Why
from grader.exchange.source import File, Source, Unreadable, is_by_the_way, opened
from grader.files import write_atomically
from grader.text import line

AUTO = "auto"

_LAYOUTS = {
    Layout.GRADESCOPE: gradescope,
    Layout.NBGRADER: nbgrader,
    Layout.MOODLE: moodle,
    Layout.CANVAS: canvas,
    Layout.PLAIN: plain,
}
"""In the order in which they are looked for: what leaves the surest signs comes first."""


def read(source: Path, *, into: Path, layout: str = AUTO, assignment: str = "", skip: Path | None = None) -> Intake:
    """Return what each student handed in.

    Args:
        source: a folder or a zip archive, as downloaded.
        into: a folder for what is taken out of an archive, each entry in a folder of its own; made if missing.
        skip: a folder that is not looked into where it lies in the source. [default: `into`]
        layout: the value of a `Layout`, or `auto` to find it by what is there.
        assignment: which one, where a layout (nbgrader's) has several.

    Raises:
        UsageError: there is no such download or layout, or nothing in it can be graded.
        MachineError: `into` cannot be written.
    """
    with opened(source, skip=skip or into) as download:
        taken, view = _layout(download, layout)
        reading = _LAYOUTS[taken].read(view, assignment)
        intake = _Intake(download=view, into=into, layout=taken, left_out=[*view.left_out, *reading.left_out])
        entries = intake.take(reading)
    if not entries:
        reasons = sorted({left.why.value for left in intake.left_out}) or ["it is empty"]
        told = f"{source}: nothing to grade was found, read as {taken.value} ({'; '.join(reasons)})"
        raise UsageError(f"{told}; another layout can be named", slug="no-submissions")
    return Intake(
        layout=taken,
        entries=tuple(entries),
        empty=tuple(intake.empty),
        left_out=tuple(replace(left, name=line(left.name)) for left in intake.left_out),
        notes=tuple(map(line, reading.notes)),
    )


def _layout(download: Source, wanted: str) -> tuple[Layout, Source]:
    """Return the layout, and the download seen from the folder where it begins."""
    known = [layout.value for layout in Layout]
    if wanted not in (AUTO, *known):
        raise UsageError(f"there is no layout {wanted!r}; there are {', '.join((AUTO, *known))}", slug="no-layout")
    views = list(_views(download))
    for layout, module in _LAYOUTS.items():
        if layout is not Layout.PLAIN and wanted in (AUTO, layout.value):
            view = next((view for view in views if module.fits(view)), None)
            if view is not None:
                return layout, view
    if wanted not in (AUTO, Layout.PLAIN.value):
        return Layout(wanted), download
    return Layout.PLAIN, _class_folder(download)


def _views(download: Source) -> Iterator[Source]:
    view: Source | None = download
    while view is not None:
        yield view
        view = view.inside()


def _class_folder(download: Source) -> Source:
    """Return an archive without the folder that it was made from; one with a single file may be a student's."""
    inside = download.inside() if download.archive is not None else None
    gradable = [file for file in download.files if _is_gradable(file.path.name)]
    return inside if inside is not None and len(gradable) > 1 else download


@dataclass(slots=True, kw_only=True)
class _Intake:
    """The files of a download on their way to entries."""

    download: Source
    into: Path
    layout: Layout
    left_out: list[LeftOut]
    empty: list[Entry] = field(default_factory=list)

    def take(self, reading: Reading) -> list[Entry]:
        """Return an entry for everybody who handed in something that can be graded, in the order of the ids."""
        ids = names.unique_ids([handed.label for handed in reading.handed])
        by_label = dict(zip((handed.label for handed in reading.handed), ids, strict=True))
        self.left_out = [_with_id(left, by_label) for left in self.left_out]
        found = (self._entry(id_, handed) for id_, handed in zip(ids, reading.handed, strict=True))
        return sorted((entry for entry in found if entry is not None), key=lambda entry: entry.id)

    def _entry(self, id_: str, handed: Handed) -> Entry | None:
        gradable = self._gradable(id_, handed)
        if not gradable:
            if self.layout is not Layout.PLAIN:
                self.empty.append(self._made(id_, handed, Path(handed.original or id_), handed.original))
            return None
        chosen = _chosen(gradable)
        try:
            path = self._place(id_, [chosen] if chosen else gradable)
        except Unreadable as problem:
            self.left_out.append(LeftOut(name=handed.original or gradable[0][0], why=problem.why, entry=id_))
            return None
        return self._made(id_, handed, path, handed.original or (chosen or gradable[0])[1].path.name)

    def _made(self, id_: str, handed: Handed, path: Path, original: str) -> Entry:
        return Entry(
            id=id_,
            path=path,
            name=line(handed.name),
            email=line(handed.email),
            members=handed.members,
            layout=self.layout,
            user_id=handed.user_id,
            submitted_at=handed.submitted_at,
            is_late=handed.is_late,
            original=original,
        )

    def _gradable(self, id_: str, handed: Handed) -> list[tuple[str, File]]:
        wanted = [(name, file) for name, file in handed.files if _is_gradable(name)]
        small = [(name, file) for name, file in wanted if file.size <= SIZE_LIMIT]
        large = (file for _, file in wanted if file.size > SIZE_LIMIT)
        self.left_out += [LeftOut(name=str(file.path), why=Why.TOO_LARGE, entry=id_) for file in large]
        if not wanted:
            listed = handed.original or (handed.files[0][1].path.name if handed.files else handed.label)
            self.left_out.append(LeftOut(name=listed, why=Why.NOTHING_GRADABLE, entry=id_))
        return small

    def _place(self, id_: str, files: Sequence[tuple[str, File]]) -> Path:
        """Return where a file lies, or the folder of the entry in which copies of several were put side by side.

        Raises:
            Unreadable: a file is damaged or too large.
        """
        path = self.download.on_disk(files[0][1]) if len(files) == 1 else None
        if path is not None:
            return path
        contents = [self.download.read(file) for _, file in files]
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


def _is_gradable(name: str) -> bool:
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


def _with_id(left: LeftOut, ids: Mapping[str, str]) -> LeftOut:
    return replace(left, entry=ids.get(left.entry, left.entry))
