"""How each system lays out what it lets an instructor download.

A module for each layout has two functions: `fits` tells whether a download is laid out so, and `read` sorts its files
to those who handed them in. They look at names, and take nothing out of an archive but the system's own notes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from grader.exchange.roster import LeftOut, Person
from grader.exchange.source import File, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What one student or group handed in: `files` under the names that they gave them.

    `label` is what the id is made of. There are no files where all that was handed in is left out already. `original`
    is the folder's name in the download; where it is empty, the name of the file that is graded stands for it. Other
    fields are those of `Entry`.
    """

    label: str
    files: tuple[tuple[str, File], ...]
    name: str = ""
    email: str = ""
    members: tuple[Person, ...] = ()
    user_id: str = ""
    submitted_at: dt.datetime | None = None
    is_late: bool | None = None
    original: str = ""


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a layout makes of a download."""

    handed: list[Handed] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Fits = Callable[[Source], bool]
Read = Callable[[Source, str], Reading]
"""The second argument is the name of the assignment, for layouts that have several in one place."""


def by_folder(source: Source) -> dict[str, list[File]]:
    """Return the files by the first folder of their path; those in no folder are under their own name."""
    found: dict[str, list[File]] = {}
    for file in source.files:
        found.setdefault(file.path.parts[0], []).append(file)
    return found


def in_folder(files: list[File], depth: int = 1) -> tuple[tuple[str, File], ...]:
    """Return files with their names below a folder that lies `depth` levels down."""
    return tuple(("/".join(file.path.parts[depth:]), file) for file in files)
