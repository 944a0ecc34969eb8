"""What Canvas lets an instructor download as submissions: all files in one flat folder, told apart by their names.

Source of the format: Canvas' `lib/content_zipper.rb`. A name is made of the student's or the group's name (lower case,
nothing but word characters), `LATE` where it was, the id of the user, the id of the attachment, and the student's own
name for the file: `doejane_LATE_50_1234_lab1.ipynb`. Text that was typed in, and addresses, have no attachment:
`doejane_50_text.html`, `doejane_50_link.html`. Where students are anonymous: `LATE_anon_x7Qz2_1234_lab1.ipynb`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.exchange.layouts import Handed, Reading
from grader.exchange.roster import LeftOut, Why
from grader.exchange.source import File, Source

_WHO = r"(?:(?P<name>(?!LATE_|anon_).+?)_)?(?:(?P<late>LATE)_)?(?P<user>[0-9]{1,20}|anon_[A-Za-z0-9]+)"
_UPLOAD = re.compile(rf"(?P<head>{_WHO}_(?P<attachment>[0-9]{{1,20}}))_(?P<file>.+)", re.DOTALL)
_TYPED = re.compile(rf"{_WHO}_(?P<kind>text|link)\.html")

_VERSION = re.compile(r"-\d+(?=\.[^.]*\Z|\Z)")
"""What Canvas puts before the suffix when a student hands in a file of the same name once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A name of the download, taken apart; `head` is all of it before the student's own name for the file."""

    head: str
    name: str
    user: str
    attachment: int
    file: str
    is_late: bool


def upload(name: str) -> Upload | None:
    """Take the name of a file apart; `None` for a name that Canvas does not give to one."""
    found = _UPLOAD.fullmatch(name)
    if found is None:
        return None
    return Upload(
        head=found["head"],
        name=found["name"] or "",
        user=found["user"],
        attachment=int(found["attachment"]),
        file=found["file"],
        is_late=found["late"] is not None,
    )


def fits(source: Source) -> bool:
    """Tell whether most files at the top have names that Canvas gives; a list of marks may lie beside them."""
    names = [file.path.name for file in source.files if len(file.path.parts) == 1]
    known = [name for name in names if upload(name) or _TYPED.fullmatch(name)]
    return 2 * len(known) > len(names)


def read(source: Source, _assignment: str = "") -> Reading:
    """Put together what each user handed in; of files that differ in Canvas' numbering only, the newest counts."""
    reading = Reading()
    users: dict[str, list[tuple[Upload, File]]] = {}
    typed: dict[str, Handed] = {}
    for file in source.files:
        found = upload(file.path.name) if len(file.path.parts) == 1 else None
        if found is not None:
            users.setdefault(found.user, []).append((found, file))
        elif text := _TYPED.fullmatch(str(file.path)):
            why = Why.LINK if text["kind"] == "link" else Why.TEXT_ENTRY
            typed[text["user"]] = who = _typed(text)
            reading.left_out.append(LeftOut(name=str(file.path), why=why, entry=who.label))
        else:
            reading.left_out.append(LeftOut(name=str(file.path), why=Why.UNKNOWN_NAME))
    for uploads in users.values():
        reading.handed.append(_handed(uploads, reading.left_out))
    # Who has typed something, or given an address, is somebody to look at, even without a file.
    reading.handed += [who for user, who in typed.items() if user not in users]
    return reading


def _typed(text: re.Match[str]) -> Handed:
    name, user = text["name"] or "", text["user"]
    label = "_".join(filter(None, (name, user)))
    return Handed(label=label, files=(), name=name, user_id=user, is_late=text["late"] is not None)


def _handed(uploads: list[tuple[Upload, File]], left_out: list[LeftOut]) -> Handed:
    # Attachments are numbered by Canvas as they arrive; the number in the file's name may be the student's own.
    in_time = sorted(uploads, key=lambda pair: pair[0].attachment)
    newest: dict[str, tuple[Upload, File]] = {}
    first = in_time[-1][0]
    label = "_".join(filter(None, (first.name, first.user)))
    for pair in in_time:
        older = newest.get(_unnumbered(pair[0].file))
        if older is not None:
            left_out.append(LeftOut(name=str(older[1].path), why=Why.SUPERSEDED, entry=label))
        newest[_unnumbered(pair[0].file)] = pair
    return Handed(
        label=label,
        files=tuple((found.file, file) for found, file in newest.values()),
        name=first.name,
        user_id=first.user,
        is_late=any(found.is_late for found, _ in newest.values()),
    )


def _unnumbered(name: str) -> str:
    return str(PurePosixPath(_VERSION.sub("", name, count=1))).casefold()
