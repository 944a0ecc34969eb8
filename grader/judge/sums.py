"""Sums as students write them down, such as `256 * 128 + 128`: worked out in fractions, never given to Python.

There are numbers, the four operations, whole division, and brackets; no powers, so that a result is hardly longer than
what was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

DEPTH = 20
"""Brackets within brackets; an answer has one or two."""

_TOKEN = re.compile(r"\s*([0-9](?:[0-9.,_']*[0-9])?|//|[-+*/()×·x])")

Reader = Callable[[str], Fraction]
"""Reads one number.

Raises:
    ValueError: it is none.
"""


def worked_out(text: str, read: Reader) -> Fraction:
    """Return what a sum comes to.

    Raises:
        ValueError: it is no sum.
        ZeroDivisionError: it divides by zero.
    """
    tokens = [found[1] for found in _TOKEN.finditer(text)]
    if _TOKEN.sub("", text).strip() or not tokens:
        raise ValueError(f"no sum: {text!r}")
    value, rest = _sum(tokens, read, DEPTH)
    if rest:
        raise ValueError(f"no sum: {text!r}")
    return value


def _sum(tokens: list[str], read: Reader, depth: int) -> tuple[Fraction, list[str]]:
    value, rest = _product(tokens, read, depth)
    while rest and rest[0] in "+-":
        sign = 1 if rest[0] == "+" else -1
        other, rest = _product(rest[1:], read, depth)
        value += sign * other
    return value, rest


def _product(tokens: list[str], read: Reader, depth: int) -> tuple[Fraction, list[str]]:
    value, rest = _factor(tokens, read, depth)
    while rest and rest[0] in _PRODUCTS:
        operation = _PRODUCTS[rest[0]]
        other, rest = _factor(rest[1:], read, depth)
        value = operation(value, other)
    return value, rest


_PRODUCTS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    **dict.fromkeys(("*", "×", "·", "x"), lambda one, other: one * other),
    "/": lambda one, other: one / other,
    "//": lambda one, other: Fraction(one // other),
}


def _factor(tokens: list[str], read: Reader, depth: int) -> tuple[Fraction, list[str]]:
    if not tokens or not depth:
        raise ValueError("a sum that does not end, or has too many brackets")
    first, rest = tokens[0], tokens[1:]
    if first == "-" and rest[:1] != ["-"]:
        value, rest = _factor(rest, read, depth - 1)
        return -value, rest
    if first == "(":
        value, rest = _sum(rest, read, depth - 1)
        if rest[:1] != [")"]:
            raise ValueError("a bracket that is not closed")
        return value, rest[1:]
    return read(first), rest
