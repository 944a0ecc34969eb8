"""How the ten digits are written: prototypes of strokes as data, and as arrays ready for drawing.

Coordinates are hundredths of the glyph's box, x to the right and y downwards. A stroke is a
smooth curve through its points (a straight line where there are two, a loop where the last point
is the first); strokes that name the same point stay joined there, whatever is done to the point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_STRAIGHT = 2  # points of a stroke that is one straight line
_STEPS = 3  # straight pieces per span of a curve: smooth at 20 pixels

Point = tuple[int, int]
Stroke = tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyph:
    """One way to write a digit; `share` is its relative frequency among the ways to write that digit."""

    digit: int
    share: int
    strokes: tuple[Stroke, ...]


def _glyph(digit: int, share: int, *strokes: str) -> Glyph:
    """Read strokes such as `"30,20 52,0"`; text keeps the table below legible."""
    return Glyph(digit=digit, share=share, strokes=tuple(_stroke(text) for text in strokes))


def _stroke(text: str) -> Stroke:
    pairs = (pair.split(",") for pair in text.split())
    return tuple((int(x), int(y)) for x, y in pairs)


GLYPHS = (
    _glyph(0, 5, "50,0 24,12 12,50 24,88 50,100 76,88 88,50 76,12 50,0"),  # closed
    _glyph(0, 3, "66,6 34,6 14,42 24,88 52,100 82,82 86,42 66,8 46,16"),  # the pen overlaps
    _glyph(0, 2, "50,0 32,14 24,50 34,88 50,100 66,88 76,50 68,14 50,0"),  # narrow
    _glyph(1, 7, "50,0 50,50 50,100"),
    _glyph(1, 3, "30,22 53,0", "53,0 52,100"),  # with an upstroke
    _glyph(1, 1, "30,22 53,0", "53,0 52,100", "26,100 78,100"),  # with a foot
    _glyph(2, 5, "14,24 36,2 66,3 80,28 58,60 14,98", "14,98 90,96"),
    _glyph(2, 3, "14,20 42,0 74,12 70,44 42,80 18,94 12,82 30,74 60,92 92,92"),  # looped foot
    _glyph(2, 2, "12,14 44,0 78,20 58,54 12,90", "12,90 50,86 90,98"),
    _glyph(3, 5, "14,12 46,0 76,18 64,40 36,47", "36,47 72,55 84,78 54,100 12,90"),
    _glyph(3, 3, "16,10 54,0 74,22 46,45 76,62 74,90 40,100 12,86"),  # one smooth stroke
    _glyph(3, 2, "14,4 80,4", "80,4 42,40", "42,40 80,54 82,82 50,100 12,90"),  # flat top
    _glyph(4, 4, "22,0 12,56", "12,56 88,52", "72,8 66,100"),  # open
    _glyph(4, 3, "18,4 14,38 32,56 78,44", "82,0 76,50 70,100"),  # open and round
    _glyph(4, 3, "64,0 10,62", "10,62 92,62", "64,0 62,100"),  # closed
    _glyph(5, 4, "82,2 26,2", "26,2 20,44", "20,44 56,38 84,64 64,96 12,92"),
    _glyph(5, 3, "84,0 40,6 22,30 56,48 80,70 54,98 14,92"),  # one smooth stroke
    _glyph(5, 3, "26,6 22,44", "22,44 58,42 78,68 56,98 10,90", "26,6 88,0"),
    _glyph(6, 5, "68,0 36,24 14,62 26,94 58,100 80,76 58,56 18,72"),
    _glyph(6, 3, "40,0 20,40 16,80 44,100 76,84 68,58 38,58 18,78"),
    _glyph(6, 2, "84,4 48,12 18,50 22,90 54,100 78,80 60,60 34,66 22,86"),
    _glyph(7, 4, "12,5 86,4", "86,4 42,100"),
    _glyph(7, 3, "12,18 16,3", "16,3 86,4", "86,4 58,46 46,100"),  # with a serif, curved
    _glyph(7, 2, "12,5 86,4", "86,4 42,100", "28,54 78,50"),  # crossed
    _glyph(7, 1, "10,14 46,4 84,8 72,44 44,100"),  # one smooth stroke
    _glyph(8, 5, "78,12 48,0 22,18 50,46 82,76 52,100 18,78 50,46 78,12"),  # one stroke, crossing itself
    _glyph(8, 3, "50,46 28,34 30,8 52,0 74,10 74,34 50,46", "50,46 20,62 22,92 50,100 78,92 80,62 50,46"),
    _glyph(8, 2, "86,4 50,0 24,20 52,48 76,78 48,100 24,78 54,44 80,14"),  # open at the top
    _glyph(9, 5, "80,16 50,0 18,20 26,48 56,46 80,16", "80,16 76,60 68,100"),
    _glyph(9, 3, "78,10 44,0 16,24 32,50 64,40 78,10", "78,10 82,56 62,94 24,96"),  # curved tail
    _glyph(9, 2, "72,8 40,2 20,26 34,48 70,30", "72,8 70,40 40,100"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A glyph as arrays: node i of its curves is the sum over k of `weight[k, i]` times point `near[k, i]`.

    Attributes:
        digit: 0 to 9.
        x: of the points, shape (points,), in glyph heights from the middle of the box.
        y: likewise.
        near: shape (4, nodes).
        weight: shape (4, nodes).
        pieces: pairs of nodes that a straight piece joins.
    """

    digit: int
    x: Floats
    y: Floats
    near: NDArray[np.intp]
    weight: Floats
    pieces: tuple[tuple[int, int], ...]


def _plan(glyph: Glyph) -> Plan:
    points = list(dict.fromkeys(point for stroke in glyph.strokes for point in stroke))
    nodes: list[tuple[list[int], list[float]]] = []
    pieces: list[tuple[int, int]] = []
    for stroke in glyph.strokes:
        first = len(nodes)
        nodes += [([points.index(point) for point in four], weights) for four, weights in _curve(stroke)]
        pieces += [(node, node + 1) for node in range(first, len(nodes) - 1)]
    place = np.array(points, dtype=np.float32).T / np.float32(100) - np.float32(0.5)
    return Plan(
        digit=glyph.digit,
        x=place[0],
        y=place[1],
        near=np.array([near for near, _ in nodes], dtype=np.intp).T.copy(),
        weight=np.array([weights for _, weights in nodes], dtype=np.float32).T.copy(),
        pieces=tuple(pieces),
    )


def _curve(stroke: Stroke) -> list[tuple[Stroke, list[float]]]:
    """Return the nodes of a Catmull-Rom spline through the stroke: four points and their weights each."""
    closed = stroke[0] == stroke[-1]
    before, after = (stroke[-2], stroke[1]) if closed else (stroke[0], stroke[-1])
    line = (before, *stroke, after)
    steps = _STEPS if len(stroke) > _STRAIGHT else 1
    spans = range(len(stroke) - 1)
    nodes = [(line[span : span + 4], _spline(step / steps)) for span in spans for step in range(steps)]
    return [*nodes, (line[-4:], _spline(1.0))]


def _spline(t: float) -> list[float]:
    """Return the weights of a Catmull-Rom spline's four points at t, 0 at the second and 1 at the third."""
    return [
        (-t + 2 * t * t - t * t * t) / 2,
        (2 - 5 * t * t + 3 * t * t * t) / 2,
        (t + 4 * t * t - 3 * t * t * t) / 2,
        (-t * t + t * t * t) / 2,
    ]


def _shares() -> Floats:
    """Return where each glyph's share of [0, 1) ends, but the last one's: a tenth for every digit."""
    totals = [sum(glyph.share for glyph in GLYPHS if glyph.digit == digit) for digit in range(10)]
    shares = np.array([glyph.share / totals[glyph.digit] / 10 for glyph in GLYPHS])
    return np.cumsum(shares)[:-1].astype(np.float32)


PLANS = tuple(_plan(glyph) for glyph in GLYPHS)
"""The glyphs, in the order of the table."""

SHARES = _shares()
"""Upper ends of their shares of [0, 1), float32 of shape (glyphs - 1,), ascending."""
