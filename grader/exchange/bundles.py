"""Feedback to upload back: one archive with the report of each student, under the name that the LMS asks for."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from grader.errors import UsageError
from grader.exchange.layouts import canvas as canvas_names
from grader.exchange.layouts import moodle as moodle_names
from grader.exchange.results import Note, Result
from grader.exchange.roster import Entry, Layout
from grader.files import atomically

_WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The date of all members: the same reports make the same archive."""


def canvas(results: Sequence[Result], path: Path) -> tuple[Note, ...]:
    """Write an archive for *Upload submissions*, and return notes on reports that are not in it.

    Canvas finds the student by `_<user>_<attachment>_` in a name; source: `lib/content_zipper.rb`.

    Raises:
        UsageError: the archive cannot be written.
    """
    return _write(results, path, Layout.CANVAS, _for_canvas)


def moodle(results: Sequence[Result], path: Path) -> tuple[Note, ...]:
    """Write an archive for *Upload multiple feedback files in a zip*, and return notes on reports that are not in it.

    Moodle wants the names of the download, of folders or of files; source: `mod/assign/feedback/file/importziplib.php`.

    Raises:
        UsageError: the archive cannot be written.
    """
    return _write(results, path, Layout.MOODLE, _for_moodle)


def _for_canvas(entry: Entry) -> str | None:
    found = canvas_names.upload(entry.original)
    return f"{found.head}_report.html" if found else None


def _for_moodle(entry: Entry) -> str | None:
    found = moodle_names.place(entry.original)
    if found is None:
        return None
    return f"{found.head}_report.html" if found.file else f"{entry.original}/report.html"


def _write(
    results: Sequence[Result], path: Path, layout: Layout, named: Callable[[Entry], str | None]
) -> tuple[Note, ...]:
    notes = []
    try:
        with atomically(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for result in results:
                name = named(result.entry) if result.entry.layout is layout else None
                if name is None:
                    text = f"it was not downloaded from {layout.value}; its report has no place to go"
                    notes.append(Note(about=result.entry.id, text=text))
                elif (report := _report(result)) is None:
                    notes.append(Note(about=result.entry.id, text="there is no report that can be read"))
                else:
                    member = zipfile.ZipInfo(_plain(name), date_time=_WRITTEN)
                    member.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(member, report)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", slug="out-unwritable") from error
    return tuple(notes)


def _report(result: Result) -> bytes | None:
    try:
        return None if result.report is None else result.report.read_bytes()
    except OSError:
        return None


def _plain(name: str) -> str:
    """Return a name that any archive can hold, and that does not lead out of the folder it is unpacked to."""
    shown = "".join("_" if unicodedata.category(char) in ("Cc", "Cs") or char == "\\" else char for char in name)
    return re.sub(r"\A\.+", "_", shown)
