"""What `grade explain` says of one part: what it asks, what happened there, where, and what to try.

Made from `report.json` alone, so nothing has to run, and what students are not told is not there to be told. In a
report for staff, hidden checks are passed over.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.errors import MachineError, UsageError
from grader.language import gettext as _
from grader.model import Outcome
from grader.report.words import ACTIONABLE, HIDDEN_ONLY, WORDS
from grader.text import PARAGRAPH, clean, line

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing that a part asks, and what became of it; `happened` to `deeper` say more where it is not right yet."""

    asked: str
    outcome: Outcome
    points: str
    happened: str = ""
    place: str = ""
    hint: str = ""
    deeper: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One part in words; `remark` is what there is to say beside its points."""

    title: str
    outcome: Outcome
    points: str
    asks: tuple[Point, ...]
    remark: str = ""


def find(report: Report, words: str) -> Mapping[str, Any]:
    """Return the part that words mean: its id, its title, or a piece of them; without words, the next one to work on.

    Raises:
        UsageError: none is meant, or several; the message has the nearest.
    """
    parts = _parts(report)
    if not words.strip():
        return _next(parts)
    wanted = _plain(words)
    for kind in (str.__eq__, str.startswith, str.__contains__):
        found = [part for part in parts if any(kind(_plain(part[key]), wanted) for key in ("id", "title"))]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"several parts are called like {words!r}: {_listed(found)}", slug="unknown-part")
    names = {_plain(part[key]): part for part in parts for key in ("id", "title")}
    near = [names[name] for name in difflib.get_close_matches(wanted, names, n=1)]
    if near:
        raise UsageError(f"there is no part {words!r}; did you mean {_listed(near)}?", slug="unknown-part")
    raise UsageError(f"there is no part {words!r}; there are: {_listed(parts)}", slug="unknown-part")


def explained(part: Mapping[str, Any]) -> Explanation:
    """Return what there is to say about a part of a report, in the current language.

    Raises:
        MachineError: the report is not as this version writes it.
    """
    try:
        asks = tuple(_point(check) for check in part["checks"] if not check["hidden"])
        outcome = Outcome(part["status"])
        only_hidden = outcome in ACTIONABLE and all(point.outcome is Outcome.PASSED for point in asks)
        return Explanation(
            title=line(_text(part, "title")),
            outcome=outcome,
            points=_points(part),
            asks=asks,
            remark=_(HIDDEN_ONLY) if only_hidden else WORDS[outcome].note,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(error) from error


def lines(told: Explanation) -> Iterator[tuple[int, str]]:
    """Yield an explanation by lines, each with how far it is moved in (0 or 1); empty ones stand between points."""
    word, seen = WORDS[told.outcome], set[str]()
    yield 0, f"{word.mark} {told.title} · {word.label} · {told.points}"
    if told.remark:
        yield 0, told.remark
    for point in told.asks:
        yield 0, ""
        yield 0, f"{WORDS[point.outcome].mark} {point.asked} ({point.points})"
        if point.happened in seen:
            yield 1, _("First the problem above has to be solved.")
            continue
        seen.add(point.happened or point.asked)
        yield from ((1, text) for text in _details(point))


def _details(point: Point) -> Iterator[str]:
    if point.happened:
        yield point.happened
    if point.place:
        yield _("Where: {place}").format(place=point.place)
    if point.hint:
        yield _("Try: {hint}").format(hint=point.hint)
    if point.deeper:
        yield f"{_('If that does not help')}: {point.deeper}"


def _point(check: Mapping[str, Any]) -> Point:
    outcome = Outcome(check["outcome"])
    asked = Point(asked=line(_text(check, "title")), outcome=outcome, points=_points(check))
    if outcome is Outcome.PASSED:
        return asked
    cell, number = check.get("cell"), check.get("line")
    where = _("cell {cell}, line {line}") if type(number) is int else _("cell {cell}")
    return Point(
        asked=asked.asked,
        outcome=outcome,
        points=asked.points,
        happened=clean(_text(check, "rationale"), PARAGRAPH) or WORDS[outcome].note or f"{WORDS[outcome].label}.",
        place=where.format(cell=cell, line=number) if type(cell) is int else "",
        hint=clean(_text(check, "hint"), PARAGRAPH),
        deeper=clean(_text(check, "deeper"), PARAGRAPH),
    )


def _points(entry: Mapping[str, Any]) -> str:
    earned, most = float(entry["points"]), float(entry["max_points"])
    return _("{earned} of {maximum}").format(earned=f"{earned:.2f}", maximum=f"{most:.2f}")


def _parts(report: Report) -> Sequence[Mapping[str, Any]]:
    try:
        return [part for part in report["parts"] if _text(part, "id") and _text(part, "title")]
    except (KeyError, TypeError, AttributeError) as error:
        raise _unreadable(error) from error


def _next(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first part that a student can work on; extra credit comes last."""
    actionable = {outcome.value for outcome in ACTIONABLE}
    ordered = sorted(parts, key=lambda part: part.get("extra") is True)
    found = next((part for part in ordered if part.get("status") in actionable), None)
    if found is None:
        raise UsageError(f"no part needs work; name one: {_listed(parts)}", slug="nothing-to-explain")
    return found


def _listed(parts: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{line(part['title'], 60)!r} ({line(part['id'], 60)})" for part in parts)


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return value


def _unreadable(error: Exception) -> MachineError:
    return MachineError(
        f"the report cannot be read ({type(error).__name__}: {error}); grade again", slug="report-format"
    )
