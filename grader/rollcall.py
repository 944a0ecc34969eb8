"""Who is in a class this time: a download becomes the entries that are graded, in the folder of the class.

What a person said once stays said: which of several files is graded, and when who handed in, are kept in the folder
and count for later commands, so that one that is typed without them changes nobody's grade.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from grader.classroom import Classroom
from grader.errors import MachineError, UsageError
from grader.exchange import Download, Intake, times
from grader.exchange.gradebooks import plain
from grader.files import read_table, write_atomically

SUBMISSIONS = "submissions"
"""Where files lie that were taken out of an archive."""

TIMES = "times.csv"
"""The last table of `--times`; it may be edited."""

LEFT_OUT = "left-out.csv"

_FILES = "files"
"""The fact about a class that says which file of whom a person chose, as JSON."""

TIMES_LIMIT = 64 * 1024**2
"""Bytes of a table of times; one of a thousand students has a hundred kilobytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a command says about a download: which files are graded by the ids of entries, and the table of times.

    An empty name of a file forgets what was said before.
    """

    files: Mapping[str, str]
    times: Path | None = None


def wished(texts: Iterable[str], download: Download) -> dict[str, str]:
    """Return what `--file ID=NAME` says, several times; an id or a name may have an equals sign in it.

    Raises:
        UsageError: there is no such id or file, or one text contradicts another.
    """
    found: dict[str, str] = {}
    for text in texts:
        splits = [(text[:place], text[place + 1 :]) for place, sign in enumerate(text) if sign == "="]
        if not splits:
            raise UsageError(f"--file: {text!r} is not ID=NAME", slug="file-option")
        id_, name = next((split for split in reversed(splits) if split[0] in download.offered), splits[0])
        if found.setdefault(id_, name) != name:
            raise UsageError(f"--file: two files are named for {id_!r}", slug="file-option")
        if name or id_ not in download.found:
            download.named(id_, name)
    return found


def call(classroom: Classroom, download: Download, wishes: Wishes) -> Intake:
    """Return who is in a class, with the files in its folder; what is left out is listed there, too.

    Raises:
        UsageError: the table of times is none or contradicts itself, or nothing can be read that could be graded.
        MachineError: the folder cannot be written.
    """
    folder = classroom.assignment.out
    table = _table(wishes.times or folder / TIMES, is_asked_for=wishes.times is not None)
    said = {**json.loads(classroom.store.facts().get(_FILES, "{}")), **wishes.files}
    files, gone = _still_there({id_: name for id_, name in said.items() if name}, download)
    intake = download.take(folder / SUBMISSIONS, files=files)
    intake = replace(intake, notes=(*intake.notes, *gone))
    if table is not None:
        name = str(wishes.times or folder / TIMES)
        intake = _timed(intake, table, classroom, name, is_remembered=wishes.times is None)
    try:
        if wishes.times is not None and table is not None:
            write_atomically(folder / TIMES, table)
        write_atomically(folder / LEFT_OUT, plain.left_out(intake.left_out))
    except OSError as error:
        raise MachineError(f"cannot write into {folder}: {error.strerror}", slug="out-unwritable") from error
    classroom.store.note({_FILES: json.dumps({id_: name for id_, name in said.items() if name}, sort_keys=True)})
    return intake


def _still_there(said: Mapping[str, str], download: Download) -> tuple[dict[str, str], list[str]]:
    """Return the choices that can be kept, and sentences on those whose file is no longer handed in."""
    kept, gone = {}, []
    for id_, name in said.items():
        try:
            download.named(id_, name)
        except UsageError:
            if id_ in download.found:
                gone.append(f"{id_}: {name!r}, which was named for it, is not among its files; chosen as usual")
        else:
            kept[id_] = name
    return kept, gone


def _table(path: Path, *, is_asked_for: bool) -> bytes | None:
    if not path.exists() and not is_asked_for:
        return None
    return read_table(path, "times", TIMES_LIMIT)


def _timed(intake: Intake, table: bytes, classroom: Classroom, name: str, *, is_remembered: bool) -> Intake:
    told = times.timed(table, intake.entries, classroom.assignment.terms.lab.late, what=name)
    notes = [f"{name}: {note.about}: {note.text}" for note in told.notes]
    if is_remembered:
        notes.insert(0, f"times and extensions are those of {name}, as before")
    return replace(intake, entries=told.entries, notes=(*intake.notes, *notes))
