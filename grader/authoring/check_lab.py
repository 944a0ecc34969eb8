"""What can be said about a lab in seconds, before it is committed: is everything that is generated from it up to date?

`grade verify-lab` says whether a lab judges right; that takes minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from grader import labs, rubric
from grader.authoring import calibrate, skeleton
from grader.errors import AuthorError
from grader.judge.plugin import collect_specs
from grader.labs import Lab
from grader.model import Effort


def problems(lab: Lab, assignment: Path | None = None) -> Iterator[str]:
    """Yield what is wrong with a lab whose definition could be read, each as one line with what to do about it.

    Args:
        lab: the lab.
        assignment: the folder with what students receive, if it is not where `grade skeleton` puts it.
    """
    yield from _of_checks(lab)
    yield from _of_skeleton(lab, assignment or skeleton.target(lab))
    if lab.roles:
        yield from _of_expectations(lab)


def _of_checks(lab: Lab) -> Iterator[str]:
    try:
        specs = collect_specs(lab)
        extra_parts = frozenset(part.id for part in lab.parts if part.extra)
        rubric.validate(specs, {part.id: part.points for part in lab.parts}, extra_parts)
    except AuthorError as error:
        yield f"{lab.checks_file}: {error}"


def _of_skeleton(lab: Lab, folder: Path) -> Iterator[str]:
    try:
        generated = skeleton.generate(lab)
    except AuthorError as error:
        yield str(error)
        return
    for name, text in generated.items():
        path = folder / name
        try:
            found = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            found = None
        if found is None:
            yield f"{path} is missing or cannot be read; run `grade skeleton`"
        elif found != text:
            yield f"{path} is not what the solution says; run `grade skeleton`"


def _of_expectations(lab: Lab) -> Iterator[str]:
    path = lab.folder / "expected.json"
    advice = "run `grade calibrate`"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        bounds = [(data, effort) for data, efforts in fields["accuracy"].items() for effort in efforts]
        stored = fields["reference_sha256"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"{path} cannot be read ({type(error).__name__}: {error}); {advice}"
        return
    if stored != calibrate.reference_hash(lab):
        yield f"{path} was measured with another solution or other budgets; {advice}"
    wanted = {role.id for role in lab.roles}
    for name, found in (("networks", fields.get("networks")), *_roles(fields["accuracy"], bounds)):
        if not isinstance(found, dict) or set(found) != wanted:
            yield f"{path}: {name} is about other networks than {', '.join(sorted(wanted))}; {advice}"
    yield from _unreadable(lab, bounds)


def _roles(accuracy: dict[str, dict[str, object]], bounds: list[tuple[str, str]]) -> Iterator[tuple[str, object]]:
    for data, effort in bounds:
        yield f"accuracy.{data}.{effort}", accuracy[data][effort]


def _unreadable(lab: Lab, bounds: list[tuple[str, str]]) -> Iterator[str]:
    """Yield what grading itself would stumble over."""
    told = set()
    for data, effort in bounds:
        try:
            labs.expectations(lab, data=data, effort=Effort(effort))
        except (AuthorError, ValueError) as error:
            told.add(str(error))
    yield from sorted(told)
