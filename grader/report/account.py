"""How a score comes about, in sentences: extra credit, hidden checks, and what lateness costs, with its arithmetic."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from grader import points
from grader.model import ExtraCredit, Grade, Penalty
from grader.report import audience, words

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def lines(grade: Grade) -> tuple[str, ...]:
    """Return what there is to say about a score beside its parts; nothing for most labs."""
    hidden = audience.hidden_sum(grade)
    return (
        *((extra(grade.extra),) if grade.extra else ()),
        *((hidden_line(hidden),) if hidden else ()),
        *((penalty(grade.penalty),) if grade.penalty else ()),
    )


def extra(credit: ExtraCredit) -> str:
    """Return what extra credit adds."""
    said = (
        f"Extra credit beyond the total: {points.show(credit.earned, credit.points)} of {plain(credit.points)} points"
    )
    if credit.cap is not None and credit.earned > credit.counted:
        said += f", of which {plain(credit.cap)} count at most"
    return f"{said}."


def hidden_line(hidden: audience.HiddenSum) -> str:
    """Return that there are hidden checks, and what they paid in one sum."""
    count = "counts" if hidden.checks == 1 else "count"
    return (
        f"{words.count_hidden(hidden.checks)} {count} for {plain(hidden.points)} points; what "
        f"{'it asks' if hidden.checks == 1 else 'they ask'} is not shown. "
        f"Earned: {points.show(hidden.earned, hidden.points)}."
    )


def penalty(late: Penalty) -> str:
    """Return what lateness costs with the arithmetic in words, or why it costs nothing."""
    deadline = "the extended deadline" if late.extended else "the deadline"
    if late.after <= dt.timedelta():
        return f"Handed in before {deadline}: nothing is taken off."
    if not late.late_by:
        return (
            f"Handed in {span(late.after)} after {deadline}, within the grace period of {span(late.grace)}: "
            "nothing is taken off."
        )
    how_late = f"{_count(late.periods, late.per)} late" if late.per else f"{span(late.late_by)} late"
    after = " after the grace period" if late.grace else ""
    whose = f"{plain(late.base)} points" + (" (the total)" if late.of_total else "")
    said = f"{how_late}{after}: {plain(late.percent)} % of {whose} = "
    exact = late.percent * late.base / 100
    said += f"{_two(exact)} off"
    if late.percent < late.wanted_percent:
        said += f" ({plain(late.wanted_percent)} %, but {plain(late.percent)} % at most)"
    if late.is_floored:
        said += f"; only {_two(late.off)}, as lateness takes no score below the lab's floor"
    return f"{said}."


def span(time: dt.timedelta) -> str:
    """Return a time in its two largest units: `"1 day 3 hours"`; what is left is dropped."""
    left, shown = int(time.total_seconds()), []
    for name, seconds in _UNITS:
        number, left = divmod(left, seconds)
        if number:
            shown.append(_count(number, name))
    return " ".join(shown[:2]) or "less than a second"


def plain(value: Fraction) -> str:
    """Return a number without decimals where it has none, with two otherwise."""
    return str(value.numerator) if value.denominator == 1 else points.total(value)


def _two(value: Fraction) -> str:
    return points.total(value)


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
