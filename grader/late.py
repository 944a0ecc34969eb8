"""What a late submission costs: absolute instants in, an exact penalty out; without input or output.

A day is 24 hours and an hour 60 minutes, whatever the clocks on the wall do in between (`docs/design/late.md`).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from grader.errors import UsageError
from grader.model import Penalty

PERIODS = {"hour": dt.timedelta(hours=1), "day": dt.timedelta(days=1)}

_DURATION = re.compile(r"(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What lateness costs. `percent` of each started period `per`, or else `steps`: (after how long, percent).

    `of_total` takes the percentage of all points of the lab instead of the earned ones; `at_most` bounds it, and a
    penalty pushes no score below `floor` percent of the total.
    """

    deadline: dt.datetime
    grace: dt.timedelta = dt.timedelta()
    percent: Fraction = Fraction(0)
    per: str = ""
    steps: tuple[tuple[dt.timedelta, Fraction], ...] = ()
    of_total: bool = False
    at_most: Fraction = Fraction(100)
    floor: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """When a submission was handed in, and until when its student was given time if that is another deadline."""

    at: dt.datetime
    extended_until: dt.datetime | None = None


def policy(fields: Mapping[str, Any]) -> Policy:
    """Return the policy of the table `[late]`, which keeps to the schema."""
    deadline = fields["deadline"]
    steps = ((duration(step["after"]), _exact(step["percent"])) for step in fields.get("steps", ()))
    return Policy(
        deadline=deadline if isinstance(deadline, dt.datetime) else dt.datetime.fromisoformat(deadline),
        grace=duration(fields.get("grace", "0s")),
        percent=_exact(fields.get("percent", 0)),
        per=fields.get("per", ""),
        steps=tuple(sorted(steps)),
        of_total=fields.get("of", "earned") == "total",
        at_most=_exact(fields.get("at_most", 100)),
        floor=_exact(fields.get("floor", 0)),
    )


def duration(text: str) -> dt.timedelta:
    """Return the time that a text such as `"1d12h"` means.

    Raises:
        ValueError: it means none.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise ValueError(f"{text!r} is no time such as '15m' or '1d12h'")
    return dt.timedelta(**{unit: int(number) for unit, number in match.groupdict(default="0").items()})


def instant(text: str, *, option: str) -> dt.datetime:
    """Return the instant that a text in ISO 8601 names.

    Raises:
        UsageError: it names none, or lacks the zone.
    """
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        what = "has no time zone" if found is not None else "is no date and time"
        raise UsageError(f"{option}: {text!r} {what}; write it like 2026-11-20T23:59:00+01:00", slug="no-instant")
    return found


def handed_in(submitted_at: str | None, extended_until: str | None, rules: Policy | None) -> HandedIn | None:
    """Return what the command line says about when a submission was handed in; `None` where it says nothing.

    Raises:
        UsageError: an instant is none, or an extension comes without a submission, a deadline, or an effect.
    """
    until = instant(extended_until, option="--extended-until") if extended_until is not None else None
    if until is not None:
        require_extension(until, rules, option="--extended-until")
        if submitted_at is None:
            raise UsageError("--extended-until needs --submitted-at: when it was handed in", slug="no-instant")
    if submitted_at is None:
        return None
    return HandedIn(at=instant(submitted_at, option="--submitted-at"), extended_until=until)


def require_extension(until: dt.datetime, rules: Policy | None, *, option: str) -> None:
    """Refuse an extension that has no effect; `option` says where it was given.

    Raises:
        UsageError: the lab has no deadline, or it is later.
    """
    if rules is None:
        raise UsageError(f"{option}: this lab has no deadline ([late] in lab.toml)", slug="no-deadline")
    if until < rules.deadline:
        raise UsageError(
            f"{option}: {until.isoformat()} is before the deadline, {rules.deadline.isoformat()}", slug="no-extension"
        )


def penalty(rules: Policy, moment: HandedIn, *, earned: Fraction, total: Fraction) -> Penalty:
    """Return what a submission loses, exactly; never more than it earned.

    Args:
        rules: the policy of the lab.
        moment: when it was handed in.
        earned: its points, extra credit included.
        total: the points of the lab, without extra credit.
    """
    due = moment.extended_until or rules.deadline
    # Python subtracts datetimes of one zone by the clock on the wall, which jumps twice a year; UTC does not.
    after = moment.at.astimezone(dt.UTC) - due.astimezone(dt.UTC)
    late_by = max(after - rules.grace, dt.timedelta())
    periods = math.ceil(late_by / PERIODS[rules.per]) if rules.per else 0
    if rules.steps:
        wanted = next((cost for start, cost in reversed(rules.steps) if late_by > start), Fraction(0))
    else:
        wanted = periods * rules.percent
    percent = min(wanted, rules.at_most)
    known = Penalty(
        handed_in=moment.at,
        due=due,
        extended=moment.extended_until is not None,
        grace=rules.grace,
        after=after,
        late_by=late_by,
        periods=periods,
        per=rules.per,
        wanted_percent=wanted,
        percent=percent,
        of_total=rules.of_total,
        floor=rules.floor,
    )
    return taken_off(known, earned=earned, total=total)


def taken_off(known: Penalty, *, earned: Fraction, total: Fraction) -> Penalty:
    """Return a penalty with what it takes off these points, which may have changed since it was found."""
    base = total if known.of_total else earned
    off = known.percent * base / 100
    room = max(earned - known.floor * total / 100, Fraction(0))
    return replace(known, base=base, off=min(off, room), is_floored=off > room)


def _exact(number: object) -> Fraction:
    return Fraction(str(number))
