"""nbgrader's course folder: `submitted/{student}/{assignment}/`, with the time of handing in beside the notebook.

Source of the format: nbgrader's `docs/source/user_guide/philosophy.rst` and its `zip_collect`; what an LMS's download
unpacks to below `downloaded/` is read with the layout of that LMS.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo

from grader.errors import UsageError
from grader.exchange.layouts import Handed, Reading, by_folder, in_folder
from grader.exchange.roster import LeftOut, Why
from grader.exchange.source import File, Source, Unreadable

TIMESTAMP = "timestamp.txt"

_FOLDER = "submitted"
_DEPTH = 3
"""Parts of a path in `submitted`: student, assignment, file; in a course, `submitted` comes first."""

_TIME_LIMIT = 1_000
"""Bytes of a time stamp: one line."""

_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,6})?)\s*(\S*)")
_OFFSET = re.compile(r"[+-]\d\d:?\d\d")


def fits(source: Source) -> bool:
    """Tell whether there is a folder of submitted assignments, or this is one."""
    deep = [file.path.parts for file in source.files if len(file.path.parts) >= _DEPTH]
    stamped = {parts[0] for parts in deep if len(parts) == _DEPTH and parts[-1] == TIMESTAMP}
    # Most, not any: one student who hands in such a file must not decide how all others are read.
    most_are = 2 * len(stamped) > len(by_folder(source))
    return most_are or any(parts[0] == _FOLDER and len(parts) > _DEPTH for parts in deep)


def read(source: Source, assignment: str = "") -> Reading:
    """Take what each student submitted for an assignment, which has to be named where there are several.

    Raises:
        UsageError: there are several assignments and none is named, or the one that is named is not there.
    """
    top = by_folder(source)
    start = 1 if any(len(file.path.parts) > _DEPTH for file in top.get(_FOLDER, ())) else 0
    files = top[_FOLDER] if start else list(source.files)
    reading = Reading()
    submitted: dict[str, dict[str, list[File]]] = {}
    for file in files:
        parts = file.path.parts[start:]
        if len(parts) >= _DEPTH:
            submitted.setdefault(parts[1], {}).setdefault(parts[0], []).append(file)
        else:
            reading.left_out.append(LeftOut(name=str(file.path), why=Why.UNKNOWN_NAME))
    for student, found in submitted.get(_chosen(source, sorted(submitted), assignment), {}).items():
        reading.handed.append(
            Handed(
                label=student,
                files=in_folder([file for file in found if file.path.name != TIMESTAMP], start + 2),
                user_id=student,
                submitted_at=_submitted_at(source, student, found, reading.notes),
                original=student,
            )
        )
    return reading


def _chosen(source: Source, known: list[str], assignment: str) -> str:
    if assignment in known or (not assignment and len(known) <= 1):
        return assignment or "".join(known)
    listed = ", ".join(map(repr, known)) or "none"
    wanted = f"no assignment {assignment!r} was submitted" if assignment else "several assignments were submitted"
    raise UsageError(f"{source.root}: {wanted} (there is {listed}); name one of them", slug="which-assignment")


def _submitted_at(source: Source, student: str, files: list[File], notes: list[str]) -> dt.datetime | None:
    stamp = next((file for file in files if file.path.name == TIMESTAMP), None)
    if stamp is None:
        return None
    try:
        return instant(source.read(stamp, _TIME_LIMIT).decode("utf-8", "replace"))
    except (Unreadable, ValueError, zoneinfo.ZoneInfoNotFoundError) as error:
        notes.append(f"{student}: the time in {TIMESTAMP} cannot be read ({error})")
        return None


def instant(text: str) -> dt.datetime:
    """Return the instant of a time stamp such as `2015-02-02 14:58:23.948203 America/Los_Angeles`; without zone: UTC.

    Raises:
        ValueError: it is none.
        zoneinfo.ZoneInfoNotFoundError: its zone is not known here.
    """
    found = _STAMP.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text.strip()[:40]!r} is no time")
    date, time, zone = found.groups()
    if _OFFSET.fullmatch(zone):
        return dt.datetime.fromisoformat(f"{date}T{time}{zone}")
    moment = dt.datetime.fromisoformat(f"{date}T{time}")
    return moment.replace(tzinfo=dt.UTC if zone in ("", "UTC", "Z") else zoneinfo.ZoneInfo(zone))
