"""How a score comes about, in sentences: extra credit, hidden checks, and what lateness costs, with its arithmetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction

from grader import points
from grader.language import gettext as _
from grader.language import ngettext
from grader.model import ExtraCredit, Grade, Penalty
from grader.report import audience

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
    said = _("Extra credit beyond the total: {earned} of {points} points.")
    if credit.cap is not None and credit.earned > credit.counted:
        said = _("Extra credit beyond the total: {earned} of {points} points, of which {cap} count at most.")
    earned = points.show(credit.earned, credit.points)
    return said.format(earned=earned, points=plain(credit.points), cap=plain(credit.cap or Fraction(0)))


def hidden_line(hidden: audience.HiddenSum) -> str:
    """Return that there are hidden checks, and what they paid in one sum."""
    said = ngettext(
        "{number} hidden check counts for {points} points; what it asks is not shown. Earned: {earned}.",
        "{number} hidden checks count for {points} points; what they ask is not shown. Earned: {earned}.",
        hidden.checks,
    )
    earned = points.show(hidden.earned, hidden.points)
    return said.format(number=hidden.checks, points=plain(hidden.points), earned=earned)


def penalty(late: Penalty) -> str:
    """Return what lateness costs with the arithmetic in words, or why it costs nothing."""
    deadline = _("the extended deadline") if late.extended else _("the deadline")
    if late.after <= dt.timedelta():
        return _("Handed in before {deadline}: nothing is taken off.").format(deadline=deadline)
    if not late.late_by:
        return _("Handed in {span} after {deadline}, within the grace period of {grace}: nothing is taken off.").format(
            span=span(late.after), deadline=deadline, grace=span(late.grace)
        )
    said = _("{span} late: {percent} % of {base} = {off} off{bounds}.")
    if late.grace:
        said = _("{span} late after the grace period: {percent} % of {base} = {off} off{bounds}.")
    base = _("{points} points (the total)") if late.of_total else _("{points} points")
    return said.format(
        span=_count(late.periods, late.per) if late.per else span(late.late_by),
        percent=plain(late.percent),
        base=base.format(points=plain(late.base)),
        off=points.total(late.percent * late.base / 100),
        bounds="".join(_bounds(late)),
    )


def _bounds(late: Penalty) -> Iterator[str]:
    """Yield what makes a penalty less than it would be, each as an addition to the sentence that has the penalty."""
    if late.percent < late.wanted_percent:
        most = _(" ({wanted} %, but {percent} % at most)")
        yield most.format(wanted=plain(late.wanted_percent), percent=plain(late.percent))
    if late.is_floored:
        floor = _("; only {off}, as lateness takes no score below the lab's floor")
        yield floor.format(off=points.total(late.off))


def span(time: dt.timedelta) -> str:
    """Return a time in its two largest units: `"1 day 3 hours"`; what is left is dropped."""
    left, shown = int(time.total_seconds()), []
    for name, seconds in _UNITS:
        number, left = divmod(left, seconds)
        if number:
            shown.append(_count(number, name))
    return " ".join(shown[:2]) or _("less than a second")


def plain(value: Fraction) -> str:
    """Return a number without decimals where it has none, with two otherwise."""
    return str(value.numerator) if value.denominator == 1 else points.total(value)


def _count(number: int, unit: str) -> str:
    forms = {
        "day": ngettext("{number} day", "{number} days", number),
        "hour": ngettext("{number} hour", "{number} hours", number),
        "minute": ngettext("{number} minute", "{number} minutes", number),
        "second": ngettext("{number} second", "{number} seconds", number),
    }
    return forms[unit].format(number=number)
