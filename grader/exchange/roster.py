"""Who handed in what: frozen values that pass between a download, the batch, and the gradebooks."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from pathlib import Path


class Layout(enum.Enum):
    """How a download is laid out; the value is what `--layout` calls it."""

    PLAIN = "plain"
    CANVAS = "canvas"
    MOODLE = "moodle"
    GRADESCOPE = "gradescope"
    NBGRADER = "nbgrader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A student as a system knows them; what it does not tell is empty."""

    id: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one student or one group handed in.

    Attributes:
        id: unique among the entries, also where case does not count, and the name of a folder on every system.
        path: the file to grade, or a folder with several of which none stands out.
        name: the student or the group, as the system shows it.
        members: of a group, as far as the download names them.
        layout: where the entry comes from.
        user_id: the system's own id: Canvas' user, Moodle's participant or team, Gradescope's submission, nbgrader's
            student; of plain files and folders the name before it was made safe.
        submitted_at: when it was handed in, with its zone; `None` where neither the download nor a table tells.
        extended_until: until when this student was given time; `None` where that is the lab's deadline.
        is_late: what the system says of it; `None` where it says nothing.
        original: the name in the download, of the file or else of the entry's folder; feedback goes back under it.
    """

    id: str
    path: Path
    name: str = ""
    email: str = ""
    members: tuple[Person, ...] = ()
    layout: Layout = Layout.PLAIN
    user_id: str = ""
    submitted_at: dt.datetime | None = None
    extended_until: dt.datetime | None = None
    is_late: bool | None = None
    original: str = ""

    @property
    def people(self) -> tuple[Person, ...]:
        """The students who get the grade, as far as they are known outside of the system: members, or one student."""
        if self.members:
            return self.members
        id_ = self.user_id if self.layout in (Layout.PLAIN, Layout.NBGRADER) else ""
        name = self.name or (id_ if self.layout is Layout.PLAIN else "")
        return (Person(id=id_, name=name, email=self.email),) if id_ or name or self.email else ()


class Why(enum.Enum):
    """Why something in a download is not graded: the name is for programs, the value says it in words."""

    SUPERSEDED = "a newer file by the same student counts"
    TEXT_ENTRY = "text that was typed into the system, not a file"
    LINK = "the address of a page, not a file"
    NOTHING_GRADABLE = "no notebook (.ipynb), no Python file (.py) and no .zip archive"
    NO_FILES = "listed by the system, but without files"
    NOT_CHOSEN = "another file of the same student is graded (--file names one)"
    SEVERAL = "several files have the same right, so none is graded (--file names one)"
    NO_CODE = "no notebook, no Python file and no archive, beside one that is"
    UNKNOWN_NAME = "not a name that this layout gives"
    SYMLINK = "a link in the file system, which is not followed"
    SPECIAL = "not a regular file"
    UNSAFE_NAME = "its name leads elsewhere"
    TOO_DEEP = "it lies in too many folders within folders"
    TWICE = "the archive has another file of this name"
    ENCRYPTED = "it is encrypted"
    DAMAGED = "it cannot be read"
    TOO_LARGE = "it is too large"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something in a download that is not graded: its name there, why, and whose it is where that is known."""

    name: str
    why: Why
    entry: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What `read` found: which layout, the entries by id, what was left out, and what a person should know.

    `empty` are students who are known to have handed in something, but nothing that can be graded; their paths lead
    nowhere.
    """

    layout: Layout
    entries: tuple[Entry, ...]
    empty: tuple[Entry, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
