"""How numbers are shown: rounded, but never up to full marks and never down to nothing."""

from __future__ import annotations

import math
from fractions import Fraction

_PLACES = 2
"""Decimals of a point: labs give whole and half points, a partial credit seldom needs more."""

_SHARE_PLACES = 4
"""Decimals of an accuracy: one image in 10,000 is one unit of the last place."""


def show(value: Fraction, maximum: Fraction, *, places: int = _PLACES) -> str:
    """Return points as a decimal, such as `"99.99"` for 99.996 of 100.

    The full marks appear only where they were earned, and an amount above zero never reads as zero. Where two
    decimals leave no room for both promises (0.005 of 0.01), more decimals are used.
    """
    while maximum > 0 and _units(maximum, places) < 2:  # noqa: PLR2004 - room for "some, but not all"
        places += 1
    units, full = _units(value, places), _units(maximum, places)
    if 0 < value < maximum:
        units = min(max(units, 1), full - 1)
    return _decimal(units, places)


def total(maximum: Fraction) -> str:
    """Return the number of points that can be had, with the decimals that `show` uses for it."""
    return show(maximum, maximum)


def number(value: Fraction, maximum: Fraction) -> float:
    """Return what `show` shows, as a number for machines: people and machines read the same points."""
    return float(show(value, maximum))


def accuracy(value: float | None) -> float | None:
    """Return an accuracy between 0 and 1 with four decimals; `None` where there is none that is finite."""
    if value is None or not math.isfinite(value):
        return None
    return float(show(Fraction(value), Fraction(1), places=_SHARE_PLACES))


def percent(value: Fraction, maximum: Fraction) -> int:
    """Return the whole percentage, 100 and 0 only where they are exact; nothing of nothing is 100."""
    if maximum <= 0:
        return 100
    exact = value / maximum * 100
    return min(max(_units(exact, 0), 1), 99) if 0 < exact < 100 else _units(exact, 0)  # noqa: PLR2004


def _units(value: Fraction, places: int) -> int:
    """Round half away from zero: the way students learned it, unlike `round`."""
    scaled = abs(value) * 10**places
    units: int = math.floor(scaled + Fraction(1, 2))
    return units if value >= 0 else -units


def _decimal(units: int, places: int) -> str:
    sign = "-" if units < 0 else ""
    whole, rest = divmod(abs(units), 10**places)
    return f"{sign}{whole}.{rest:0{places}d}"
