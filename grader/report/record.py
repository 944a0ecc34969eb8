"""The whole grade as JSON, kept among the evidence: what a report is made from, so that it can be made again.

`report.json` says what others may rely on, and leaves out what only the page shows. This file is for the grader alone,
and follows the values of `grader.model` field by field: fractions as text, bytes in base64, enumerations by value. It
holds what students are not told (rubrics, hidden checks), as the folder of the evidence does in general.
"""

from __future__ import annotations

import binascii
import json
from pathlib import Path
from typing import Any

from grader.errors import MachineError
from grader.files import write_atomically
from grader.jsonvalues import built, plain
from grader.model import Grade

FORMAT = 2
"""Version of the record. History: 1, the first one; 2, further fields for what the report shows."""

READABLE = (1, 2)
"""Versions that are read: what the first one has no field for is shown as missing."""

PLACE = Path("evidence") / "grade.json"
"""Where it lies in the folder of a report."""

BYTES_LIMIT = 256 * 1024**2
"""A record beyond this was not written here: the largest submission makes one of some 50 MB."""


def render(grade: Grade) -> str:
    """Return the grade as JSON."""
    return json.dumps({"format": FORMAT, "grade": plain(grade)}, ensure_ascii=True, allow_nan=False) + "\n"


def keep(text: str | None, folder: Path) -> None:
    """Write a record into the folder of a report, or remove one that is there where there is none to write.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / PLACE
    if text is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, text)


def load(folder: Path) -> Grade | None:
    """Return the grade that is kept in the folder of a report, or None where none is.

    Raises:
        MachineError: `record-unreadable`, there is one that cannot be read.
    """
    path = folder / PLACE
    try:
        with path.open("rb") as stream:
            text = stream.read(BYTES_LIMIT)
        return read(text.decode("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise MachineError(f"{path}: {error}; grade again", slug="record-unreadable") from error
    except MachineError as error:
        raise MachineError(f"{path}: {error}", slug=error.slug) from error


def read(text: str) -> Grade:
    """Return the grade that `render` wrote.

    Raises:
        MachineError: `record-unreadable`, the text is no such record or has another version.
    """
    try:
        grade = _grade(json.loads(text))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, binascii.Error) as error:
        raise MachineError(f"no record of a grade ({error}); grade again", slug="record-unreadable") from error
    return grade


def _grade(document: Any) -> Grade:  # noqa: ANN401 - JSON is any of six types
    # `True == 1`: the type is compared too.
    if type(document["format"]) is not int or document["format"] not in READABLE:
        raise ValueError(f"format {document['format']!r}; this version reads {READABLE}")
    grade: Grade = built(Grade, document["grade"])
    return grade
