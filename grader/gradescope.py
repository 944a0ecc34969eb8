"""A grade on Gradescope: from `/autograder/submission` to `/autograder/results/results.json`.

Where the grader or the machine fails, or a part could not be judged, there are no results: Gradescope then shows that
the autograder failed, and keeps no score. Source of the layout and of `submission_metadata.json`: Gradescope's
`autograder_samples`, `docs/specs.md`; that extensions of a student stand beside the student was not verified.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import pipeline
from grader import submission as intake
from grader.errors import MachineError, StudentError, UsageError
from grader.files import write_atomically
from grader.language import gettext as _
from grader.language import use
from grader.late import HandedIn, Policy
from grader.model import Grade, Outcome
from grader.report import gradescope as results
from grader.report.gradescope import HiddenTests
from grader.terms import Terms
from grader.text import clean

METADATA_LIMIT = 64 * 1024**2
"""Bytes; earlier submissions come with their results."""

_DEPTH = 5
"""Folders that may lie around what was handed in: an archive often holds a single one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where Gradescope's folders are, and how to grade what is in them."""

    root: Path
    terms: Terms
    hidden: HiddenTests
    language: str = ""

    @property
    def spoken(self) -> str:
        """The language that the student reads."""
        return self.language or self.terms.lab.language


def run(settings: Settings) -> Grade | None:
    """Grade what was handed in and write the results; return the grade, or None where there was nothing to grade.

    Raises:
        MachineError: the grader or the machine failed; there are no results.
        UsageError: the results cannot be written, or what Gradescope says about the submission cannot be read.
    """
    place = settings.root / "results" / "results.json"
    _forget(place)
    moment = handed_in(settings.root / "submission_metadata.json", settings.terms.lab.late)
    with use(settings.spoken):
        try:
            grade = _grade(settings, moment)
        except StudentError as error:
            _write(place, results.refused(str(error)))
            return None
    _require_judged(grade)
    _write(place, results.render(grade, hidden=settings.hidden))
    return grade


def rehearse(settings: Settings) -> None:
    """Grade a line of code, to see that everything works: the packages, the images, the checks, and the isolation.

    Raises:
        MachineError: something does not.
    """
    with tempfile.TemporaryDirectory(prefix="epochmark-ready-") as folder:
        file = Path(folder, "lab.py")
        file.write_text("ready = 1\n")
        _require_judged(pipeline.grade(_request(settings, file, Path(folder, "report"), None)))


def _grade(settings: Settings, moment: HandedIn | None) -> Grade:
    file = find(settings.root / "submission")
    intake.take(file)  # before anything else: what cannot be read is the student's to mend
    with tempfile.TemporaryDirectory(prefix="epochmark-report-") as folder:
        return pipeline.grade(_request(settings, file, Path(folder), moment))


def _request(settings: Settings, file: Path, out: Path, moment: HandedIn | None) -> pipeline.Request:
    return pipeline.Request(
        file=file,
        terms=settings.terms,
        out=out,
        handed_in=moment,
        language=settings.language,
    )


def find(folder: Path) -> Path:
    """Return the one lab file in what was handed in, also where a single folder was.

    Raises:
        StudentError: there is none, or there are several.
        MachineError: the folder is not there.
    """
    if not folder.is_dir():
        raise MachineError(f"there is no folder {folder}", slug="no-submission")
    for _level in range(_DEPTH):
        try:
            return intake.find_in(folder)
        except UsageError as error:
            inner = [path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"]
            if error.slug == "several-files":
                raise StudentError(
                    _("There are several files that could be the lab. Hand in one, or call it lab.ipynb."),
                    slug=error.slug,
                ) from error
            if len(inner) != 1 or inner[0].is_symlink():
                break
            folder = inner[0]
    raise StudentError(
        _("There is no notebook (.ipynb) and no Python file (.py) in what you handed in."), slug="no-lab-file"
    )


def handed_in(path: Path, policy: Policy | None) -> HandedIn | None:
    """Return when a submission was handed in, and until when it could be where Gradescope gives more time than the lab.

    A due date on Gradescope that is earlier than the lab's deadline changes nothing.

    Args:
        path: `submission_metadata.json`.
        policy: the lab's, or None where it takes nothing off; then nothing is read.

    Raises:
        MachineError: the file is missing or says no time, while lateness costs points.
    """
    if policy is None:
        return None
    fields = _metadata(path)
    at = _instant(fields.get("created_at"))
    if at is None:
        raise MachineError(f"{path} does not say when it was handed in", slug="no-instant")
    later = [due for due in _due_dates(fields) if due > policy.deadline]
    return HandedIn(at=at, extended_until=max(later, default=None))


def _metadata(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as stream:
            fields = json.loads(stream.read(METADATA_LIMIT))
    except (OSError, ValueError, RecursionError) as error:
        raise MachineError(f"{path}: {error}", slug="metadata") from error
    if not isinstance(fields, dict):
        raise MachineError(f"{path} holds no object", slug="metadata")
    return fields


def _due_dates(fields: Mapping[str, Any]) -> Iterator[dt.datetime]:
    """Yield the due date of the assignment, and those of its students where they have their own."""
    users = fields.get("users")
    for holder in (fields, *(users if isinstance(users, list) else ())):
        assignment = holder.get("assignment") if isinstance(holder, dict) else None
        due = _instant(assignment.get("due_date")) if isinstance(assignment, dict) else None
        if due is not None:
            yield due


def _instant(text: object) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _require_judged(grade: Grade) -> None:
    """Refuse a grade with a part that could not be judged.

    Raises:
        MachineError: there is such a part.
    """
    unjudged = [part.id for part in grade.parts if part.status in (Outcome.GRADER_ERROR, Outcome.NOT_RUN)]
    if unjudged:
        raise MachineError(f"could not judge {', '.join(unjudged)}; there is no score", slug="not-judged")


def _forget(place: Path) -> None:
    try:
        place.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {place}: {error.strerror}", slug="out-unwritable") from error


def _write(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, text)
    except OSError as error:
        raise UsageError(f"cannot write {place}: {clean(str(error), 300)}", slug="out-unwritable") from error
