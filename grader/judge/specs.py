"""What the rubric knows of a check before anything runs: read from its marks, or from its class where that is shared.

Mistakes of authors are told with the class, the wrong word, and the nearest right one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from fractions import Fraction

import pytest

from grader.errors import AuthorError
from grader.judge.checks import Checks
from grader.language import gettext as _
from grader.model import CheckSpec
from grader.text import nearest


def spec_of(item: pytest.Item) -> CheckSpec:
    """Return what the rubric has to know of a check: from its marks, or from its class where that is a shared one.

    Raises:
        AuthorError: the part or the points are missing.
    """
    name = item.name.removeprefix("test_")
    owner, function = getattr(item, "cls", None), getattr(item, "function", None)
    title = _((getattr(function, "__doc__", None) or item.name).strip().split("\n", 1)[0])
    hidden, extra = item.get_closest_marker("hidden"), item.get_closest_marker("extra") is not None
    is_hidden, about = hidden is not None, str(hidden.kwargs.get("about", "*")) if hidden else ""
    if isinstance(owner, type) and issubclass(owner, Checks):
        _require_named(owner)
        if name not in owner.points:
            raise AuthorError(
                f"{owner.__name__} does not say what {name!r} pays; "
                f"give it points, or switch it off by test_{name} = None",
                slug="check-marks",
            )
        points, part, needs = owner.points[name], owner.part, owner.needs
        is_hidden, extra = is_hidden or name in owner.hidden, extra or name in owner.extra
        about = getattr(owner, "role", "") if is_hidden else ""
        name = f"{part}_{name}"
    else:
        marks: dict[str, pytest.Mark | None] = {
            kind: item.get_closest_marker(kind) for kind in ("part", "points", "needs")
        }
        if marks["part"] is None or marks["points"] is None:
            raise AuthorError(f"check {item.name!r} needs the marks part and points", slug="check-marks")
        points, part = marks["points"].args[0], str(marks["part"].args[0])
        needs = tuple(map(str, marks["needs"].args)) if marks["needs"] else ()
    return CheckSpec(
        id=name,
        part=part,
        title=title,
        points=Fraction(str(points)),
        needs=needs,
        hidden=is_hidden,
        extra=extra,
        about=about,
    )


def require_parts(item: pytest.Item, spec: CheckSpec, parts: Collection[str]) -> None:
    """Require that a check names parts of the lab only; without `parts` nothing is known of these.

    Raises:
        AuthorError: it names another one.
    """
    owner = getattr(item, "cls", None)
    for where, part in (("part", spec.part), *(("needs", need) for need in spec.needs)):
        if parts and part not in parts:
            advice = nearest(part, parts, cutoff=0.6, otherwise=f"; there are {', '.join(parts)}")
            named = f"{owner.__name__}: " if isinstance(owner, type) else f"{item.name}: "
            raise AuthorError(
                f"{named}`{where}` names {part!r}, which is no part of the lab{advice}", slug="unknown-part"
            )


def distinct(specs: Mapping[str, CheckSpec], items: Mapping[str, pytest.Item]) -> dict[str, CheckSpec]:
    """Return the same with names of their own for checks that share one: by what they are about, or by their class.

    A name that nobody shares stays as it is, since reports of other versions of the lab know the check by it.
    """
    for longer in (_by_subject, _by_class):
        count = Counter(spec.id for spec in specs.values())
        specs = {
            node: replace(spec, id=longer(items[node], spec)) if count[spec.id] > 1 else spec
            for node, spec in specs.items()
        }
    return dict(specs)


_SUBJECTS = ("function", "name", "role")
"""Attributes of shared checks that say what they are about, the closest first."""


def _by_subject(item: pytest.Item, spec: CheckSpec) -> str:
    owner = getattr(item, "cls", None)
    subject = next((value for name in _SUBJECTS if isinstance(value := getattr(owner, name, None), str)), "")
    check = spec.id.removeprefix(f"{spec.part}_")
    return f"{spec.part}_{subject}_{check}" if subject else spec.id


def _by_class(item: pytest.Item, spec: CheckSpec) -> str:
    owner = getattr(item, "cls", None)
    return f"{owner.__name__}_{spec.id}" if isinstance(owner, type) else spec.id


def _require_named(owner: type[Checks]) -> None:
    checks = [name.removeprefix("test_") for name in dir(owner) if name.startswith("test_") and getattr(owner, name)]
    for name in sorted(owner.points.keys() - set(checks)):
        advice = nearest(name, checks, cutoff=0.6, otherwise=f"; there are {', '.join(checks)}")
        raise AuthorError(
            f"{owner.__name__} gives points to {name!r}, and has no such check{advice}", slug="check-marks"
        )
    unknown = sorted({*owner.hidden, *owner.extra} - owner.points.keys())
    if unknown:
        raise AuthorError(
            f"{owner.__name__} calls {unknown[0]!r} hidden or extra, and has no such check", slug="check-marks"
        )
