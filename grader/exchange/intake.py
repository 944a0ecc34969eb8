"""Read what was downloaded from an LMS, or lies in plain folders: who handed in what, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from grader.errors import UsageError
from grader.exchange import names
from grader.exchange.download import Download, Found, is_gradable
from grader.exchange.layouts import canvas, gradescope, moodle, nbgrader, plain
from grader.exchange.roster import Intake, Layout
from grader.exchange.source import Source, listed
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


def read(
    source: Path,
    *,
    into: Path,
    layout: str = AUTO,
    assignment: str = "",
    skip: Path | None = None,
    files: Mapping[str, str] | None = None,
) -> Intake:
    """Return what each student handed in: `opened` and `Download.take` in one.

    Raises:
        UsageError: as both.
        MachineError: `into` cannot be written.
    """
    with opened(source, layout=layout, assignment=assignment, skip=skip or into) as download:
        return download.take(into, files=files or {})


@contextmanager
def opened(path: Path, *, layout: str = AUTO, assignment: str = "", skip: Path) -> Iterator[Download]:
    """List what each student handed in. Nothing is written, and nothing unpacked but the system's own notes.

    Args:
        path: a folder or a zip archive, as downloaded; an archive is open for as long as the block lasts.
        skip: a folder that is not looked into where it lies in the download.
        layout: the value of a `Layout`, or `auto` to find it by what is there.
        assignment: which one, where a layout (nbgrader's) has several.

    Raises:
        UsageError: there is no such download or layout, or nothing in it can be graded.
    """
    with listed(path, skip=skip) as source:
        taken, view = _layout(source, layout)
        reading = _LAYOUTS[taken].read(view, assignment)
        ids = names.unique_ids([handed.label for handed in reading.handed])
        download = Download(
            path=path,
            source=view,
            layout=taken,
            found={id_: Found.of(handed, id_) for id_, handed in zip(ids, reading.handed, strict=True)},
            left_out=(*view.left_out, *reading.left_out),
            notes=tuple(map(line, reading.notes)),
        )
        if not any(found.gradable for found in download.found.values()):
            raise download.nothing([left for found in download.found.values() for left in found.left_out])
        yield download


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
    gradable = [file for file in download.files if is_gradable(file.path.name)]
    return inside if inside is not None and len(gradable) > 1 else download
