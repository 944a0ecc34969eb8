"""What Gradescope exports: `assignment_<id>_export/` with a folder for each submission, and notes on who made it.

The notes, `submission_metadata.yml`, are a Ruby program's YAML: keys begin with a colon, and the number of a student
may look like a whole or an octal number. They are read as texts only, so that `0123` stays what it is and no tag means
anything. Source of the format: the metadata of exports, as the parsers of otter-grader and others read it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

import yaml

from grader.errors import UsageError
from grader.exchange.layouts import Handed, Reading, by_folder, in_folder
from grader.exchange.roster import LeftOut, Person, Why
from grader.exchange.source import Source, Unreadable
from grader.text import line

METADATA = "submission_metadata.yml"

METADATA_LIMIT = 256 * 1024**2
"""Bytes; the notes of a thousand submissions hold the results of an autograder, too."""

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""The one written in C is ten times as fast. Base loaders make texts, lists and mappings, and nothing else."""

_NESTED = 100
"""Levels; notes have five, and results that a grader adds some more."""

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[ Tt]+(\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?\s*(Z|UTC|[+-]\d\d:?\d\d)")


def fits(source: Source) -> bool:
    """Tell whether Gradescope's notes are there."""
    return any(file.path.parts == (METADATA,) for file in source.files)


def read(source: Source, _assignment: str = "") -> Reading:
    """Take each folder as a submission, by the people whom the notes name."""
    reading = Reading()
    notes = _metadata(source, reading)
    folders = by_folder(source)
    for name, files in folders.items():
        if len(files[0].path.parts) == 1:
            if name != METADATA:
                reading.left_out.append(LeftOut(name=name, why=Why.UNKNOWN_NAME))
            continue
        if name not in notes:
            reading.notes.append(f"{METADATA} says nothing of {name}: whose it is is not known")
        known = _mapping(notes.get(name))
        people = tuple(_people(known.get(":submitters")))
        alone = people[0] if len(people) == 1 else Person(name="; ".join(person.name for person in people))
        reading.handed.append(
            Handed(
                label=name,
                files=in_folder(files),
                name=alone.name,
                email=alone.email,
                members=people,
                user_id=name.removeprefix("submission_"),
                submitted_at=_instant(known.get(":created_at")),
                original=name,
            )
        )
    reading.left_out += [LeftOut(name=line(name), why=Why.NO_FILES) for name in notes if name not in folders]
    return reading


def _metadata(source: Source, reading: Reading) -> Mapping[str, object]:
    file = next((file for file in source.files if file.path.parts == (METADATA,)), None)
    if file is None:
        reading.notes.append(f"there is no {METADATA}: whose the submissions are is not known")
        return {}
    try:
        data = source.read(file, METADATA_LIMIT)
        _require_shallow(data)
        # A base loader calls no constructor that a tag names.
        return _mapping(yaml.load(data, Loader=_LOADER))  # noqa: S506
    except (Unreadable, yaml.YAMLError, ValueError) as error:
        why = line(str(error))
        raise UsageError(f"{source.root}: {METADATA} cannot be read ({why})", slug="bad-metadata") from error


def _require_shallow(data: bytes) -> None:
    """Refuse what is nested deeply: the loader that is written in C would overflow its stack, and end the process.

    Raises:
        ValueError: it is nested too deeply.
    """
    depth = 0
    for event in yaml.parse(data, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _NESTED:
            raise ValueError("it is nested too deeply")


def _people(submitters: object) -> list[Person]:
    found = submitters if isinstance(submitters, list) else []
    return [
        Person(id=_text(one.get(":sid")), name=_text(one.get(":name")), email=_text(one.get(":email")))
        for one in found
        if isinstance(one, dict)
    ]


def _mapping(value: object) -> Mapping[str, object]:
    return {key: item for key, item in value.items() if isinstance(key, str)} if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return line(value) if isinstance(value, str) and value not in ("~", "null") else ""


def _instant(value: object) -> dt.datetime | None:
    found = _INSTANT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    date, time, fraction, zone = found.groups()
    zone = "+00:00" if zone in ("Z", "UTC") else zone
    try:
        return dt.datetime.fromisoformat(f"{date}T{time}.{(fraction or '0'):0<6}{zone}")
    except ValueError:
        return None
