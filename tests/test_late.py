"""Lateness: absolute instants in, an exact penalty out, and the arithmetic in words."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from grader import late
from grader.errors import UsageError
from grader.report import account

DEADLINE = dt.datetime.fromisoformat("2026-11-20T23:59:00+01:00")


def rules(**fields: object) -> late.Policy:
    return late.policy({"deadline": DEADLINE, **fields})


PER_DAY = {"grace": "15m", "percent": 10, "per": "day"}
STEPS = {"steps": [{"after": "1d", "percent": 50}, {"after": "0h", "percent": 12.5}, {"after": "7d", "percent": 100}]}


def cost(policy: late.Policy, at: str, *, earned: str = "88", extended: str | None = None) -> tuple[Fraction, str]:
    """Return the points off and the sentence."""
    moment = late.HandedIn(
        at=dt.datetime.fromisoformat(at), extended_until=dt.datetime.fromisoformat(extended) if extended else None
    )
    penalty = late.penalty(policy, moment, earned=Fraction(earned), total=Fraction(100))
    return penalty.off, account.penalty(penalty)


@pytest.mark.parametrize(
    ("fields", "at", "off", "sentence"),
    [
        (PER_DAY, "2026-11-20T23:59:00+01:00", "0", "Handed in before the deadline: nothing is taken off."),
        (
            PER_DAY,
            "2026-11-21T00:14:00+01:00",
            "0",
            "Handed in 15 minutes after the deadline, within the grace period of 15 minutes: nothing is taken off.",
        ),
        (
            PER_DAY,
            "2026-11-21T00:14:01+01:00",
            "8.8",
            "1 day late after the grace period: 10 % of 88 points = 8.80 off.",
        ),
        (
            PER_DAY,
            "2026-11-22T00:14:00+01:00",
            "8.8",
            "1 day late after the grace period: 10 % of 88 points = 8.80 off.",
        ),
        (PER_DAY, "2026-11-22T05:00:00Z", "17.6", "2 days late after the grace period: 20 % of 88 points = 17.60 off."),
        (
            PER_DAY,
            "2027-01-20T00:00:00Z",
            "88",
            "61 days late after the grace period: 100 % of 88 points = 88.00 off (610 %, but 100 % at most).",
        ),
        (
            PER_DAY | {"at_most": 30},
            "2026-11-25T00:00:00Z",
            "26.4",
            "5 days late after the grace period: 30 % of 88 points = 26.40 off (50 %, but 30 % at most).",
        ),
        (
            PER_DAY | {"floor": 75},
            "2026-11-22T05:00:00Z",
            "13",
            "2 days late after the grace period: 20 % of 88 points = "
            "17.60 off; only 13.00, as lateness takes no score below the lab's floor.",
        ),
        (
            PER_DAY | {"of": "total"},
            "2026-11-22T05:00:00Z",
            "20",
            "2 days late after the grace period: 20 % of 100 points (the total) = 20.00 off.",
        ),
        (
            {"percent": 1.5, "per": "hour"},
            "2026-11-21T01:30:00+01:00",
            "2.64",
            "2 hours late: 3 % of 88 points = 2.64 off.",
        ),
        (STEPS, "2026-11-21T00:00:00+01:00", "11", "1 minute late: 12.50 % of 88 points = 11.00 off."),
        (STEPS, "2026-11-21T23:59:00+01:00", "11", "1 day late: 12.50 % of 88 points = 11.00 off."),
        (STEPS, "2026-11-22T03:00:00+01:00", "44", "1 day 3 hours late: 50 % of 88 points = 44.00 off."),
        (STEPS, "2026-11-28T03:00:00+01:00", "88", "7 days 3 hours late: 100 % of 88 points = 88.00 off."),
    ],
)
def test_what_lateness_costs(fields: dict[str, object], at: str, off: str, sentence: str) -> None:
    assert cost(rules(**fields), at) == (Fraction(off), sentence)


def test_a_penalty_is_exact() -> None:
    off, sentence = cost(rules(percent=10, per="day"), "2026-11-21T00:00:00+01:00", earned="1/3")
    assert off == Fraction(1, 30)
    assert sentence == "1 day late: 10 % of 0.33 points = 0.03 off."


def test_a_penalty_never_exceeds_what_was_earned() -> None:
    assert cost(rules(percent=50, per="day", of="total"), "2026-11-21T12:00:00Z", earned="20")[0] == 20
    assert cost(rules(percent=50, per="day", floor=40), "2026-11-21T12:00:00Z", earned="20")[0] == 0


def test_an_extension_takes_the_place_of_the_deadline() -> None:
    extended = "2026-11-27T23:59:00+01:00"
    assert cost(rules(**PER_DAY), "2026-11-27T22:59:00Z", extended=extended) == (
        Fraction(0),
        "Handed in before the extended deadline: nothing is taken off.",
    )
    assert cost(rules(**PER_DAY), "2026-11-27T23:05:00Z", extended=extended)[0] == 0, "with the same grace"
    assert cost(rules(**PER_DAY), "2026-11-27T23:15:00Z", extended=extended)[0] == Fraction("8.8")


@pytest.mark.parametrize(
    ("deadline", "at", "days"),
    [
        # Berlin puts its clocks forward in the night to 29 March 2026 and back in the night to 25 October 2026.
        ("2026-03-28T12:00", "2026-03-29T13:00", 1),
        ("2026-03-28T12:00", "2026-03-29T13:01", 2),
        ("2026-10-24T12:00", "2026-10-25T11:00", 1),
        ("2026-10-24T12:00", "2026-10-25T11:01", 2),
    ],
)
def test_a_day_has_24_hours_also_when_the_clocks_change(deadline: str, at: str, days: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    due, moment = (dt.datetime.fromisoformat(text).replace(tzinfo=berlin) for text in (deadline, at))
    policy = late.policy({"deadline": due, "percent": 10, "per": "day"})
    penalty = late.penalty(policy, late.HandedIn(at=moment), earned=Fraction(10), total=Fraction(10))
    assert (penalty.periods, penalty.off) == (days, Fraction(days))


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900), ("36h", 129_600), ("1d12h", 129_600), ("1h30m", 5_400), ("0s", 0), ("90s", 90)]
)
def test_durations(text: str, seconds: int) -> None:
    assert late.duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "15", "m", "15 m", "PT15M", "-5m", "30m1h"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        late.duration(text)


ZONED = "2026-11-21T00:00:00+01:00"


@pytest.mark.parametrize(
    ("submitted", "extended", "policy", "told"),
    [
        ("2026-11-21T00:00:00", None, rules(), "--submitted-at: '2026-11-21T00:00:00' has no time zone"),
        ("yesterday", None, rules(), "--submitted-at: 'yesterday' is no date and time"),
        (ZONED, "2026-11-21", rules(), "--extended-until: '2026-11-21' has no time zone"),
        (ZONED, ZONED, None, "this lab has no deadline"),
        (None, ZONED, rules(), "needs --submitted-at"),
        (ZONED, "2026-11-20T22:00:00Z", rules(), "is before the deadline"),
    ],
)
def test_what_the_command_refuses(submitted: str, extended: str, policy: late.Policy | None, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        late.handed_in(submitted, extended, policy)


def test_what_the_command_accepts() -> None:
    assert late.handed_in(None, None, rules()) is None
    moment = late.handed_in("2026-11-20T23:00:00Z", ZONED, rules())
    assert moment is not None
    assert moment.at == moment.extended_until
    assert late.handed_in(ZONED, None, None) is not None, "a class of labs may have some without a deadline"
