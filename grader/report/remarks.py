"""What is wrong at which line, for tools that show it beside the code: GitHub's annotations, GitLab's code quality.

Sources of the formats: GitHub, *Workflow commands for GitHub Actions*, and `ActionCommand.cs` of its runner, which
says what is escaped; GitLab, *Code Quality report format*. Nothing of a hidden check is in an annotation.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.language import gettext as _
from grader.language import use
from grader.model import CheckResult, Grade, Outcome, PartResult
from grader.report import audience, words
from grader.report.rawlines import RawLines
from grader.report.view import place_of
from grader.text import PARAGRAPH, annotation, annotation_property, clean, line

PER_KIND = 10
"""Annotations of one kind that GitHub shows for a step; the others would be dropped in silence."""

_KINDS = {
    Outcome.FAILED: "error",
    Outcome.TIMED_OUT: "error",
    Outcome.PARTIAL: "warning",
    Outcome.NOT_ATTEMPTED: "notice",
    Outcome.GRADER_ERROR: "warning",
    Outcome.NOT_RUN: "warning",
}
_SEVERITIES = {"error": "major", "warning": "minor", "notice": "info"}

_MOST = 800
"""Characters of a message: an annotation is a remark at the margin, and the report has all of it."""

_PATH = 4_096
"""Characters of a path, as Linux counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A remark at a line of a file.

    `kind` is `error`, `warning` or `notice`. `file` is relative to the root of the repository, empty where the file is
    not in it; `line` counts from 1 in that file. `key` tells remarks apart from run to run. Texts are cleaned.
    """

    kind: str
    file: str
    line: int | None
    title: str
    message: str
    key: str


def remarks(grade: Grade, *, file: str, lines: RawLines | None) -> tuple[Remark, ...]:
    """Return a remark for each reason why checks did not pass, in the order of the lab, for students to read.

    Args:
        grade: what to tell.
        file: the submission as the repository has it, with slashes; empty where it has none.
        lines: where its cells stand in that file; None where that is not known.
    """
    with use(grade.language):
        seen: dict[tuple[str, str], Remark] = {}
        for part in audience.for_students(grade).parts:
            for check in part.checks:
                if not check.spec.hidden and check.outcome in _KINDS:
                    seen.setdefault((part.id, words.explain(check)), _remark(part, check, file, lines))
        return tuple(seen.values())


def _remark(part: PartResult, check: CheckResult, file: str, lines: RawLines | None) -> Remark:
    feedback = check.feedback
    found = lines.find(feedback.cell, feedback.line) if lines is not None and feedback.cell is not None else None
    said = [clean(words.explain(check), _MOST)]
    if feedback.hint:
        said.append(_("Try: {hint}").format(hint=clean(feedback.hint, _MOST)))
    if feedback.cell is not None:
        said.append(f"({place_of(feedback)})")
    return Remark(
        kind=_KINDS[check.outcome],
        file=line(file, _PATH),
        line=found,
        title=line(f"{part.title}: {words.WORDS[check.outcome].small}"),
        message="\n".join(said),
        key=f"{line(part.id)}.{line(check.spec.id)}",
    )


def capped(found: Sequence[Remark]) -> tuple[Remark, ...]:
    """Return the remarks that GitHub would show: the first ten of each kind."""
    told: Counter[str] = Counter()
    kept = []
    for remark in found:
        told[remark.kind] += 1
        if told[remark.kind] <= PER_KIND:
            kept.append(remark)
    return tuple(kept)


def commands(found: Sequence[Remark]) -> Iterator[str]:
    """Yield a workflow command of GitHub for each remark, each of them a single line."""
    for remark in capped(found):
        yield command(remark.kind, remark.message, file=remark.file, line=remark.line, title=remark.title)


def command(kind: str, message: str, *, file: str = "", line: int | None = None, title: str = "") -> str:
    """Return one workflow command: `::error file=…,line=…,title=…::message`."""
    values = {"file": file, "line": str(line) if file and line else "", "title": title}
    properties = ",".join(f"{name}={annotation_property(value, _PATH)}" for name, value in values.items() if value)
    return f"::{kind}{' ' * bool(properties)}{properties}::{annotation(message)}"


def code_quality(found: Sequence[Remark]) -> str:
    """Return GitLab's code quality report; what has no place in the repository is left out, as it needs one."""
    issues = [
        {
            "description": clean(remark.message, PARAGRAPH),
            "check_name": remark.key,
            "fingerprint": hashlib.sha256(f"{remark.file}\0{remark.key}".encode()).hexdigest(),
            "severity": _SEVERITIES[remark.kind],
            "location": {"path": remark.file, "lines": {"begin": remark.line or 1}},
        }
        for remark in found
        if remark.file
    ]
    return json.dumps(issues, indent=2, ensure_ascii=True) + "\n"
