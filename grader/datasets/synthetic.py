"""Handwriting-like digits, drawn by arithmetic: the data set for machines without MNIST.

An image is a glyph (`grader.datasets.glyphs`) whose points are shaken, slanted, bent, turned and
scaled, and whose strokes are then inked by each pixel's distance to them.

The same (count, seed) gives the same bytes on every machine. Two rules keep it so: random numbers
come from the raw stream of PCG64, the only one whose stability NumPy promises, and the arithmetic
is limited to element-wise operations that IEEE 754 rounds exactly (no sine, no power, no sums by
BLAS, which differ in the last bit between processors). A change that moves one pixel is a new
version of the data set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.datasets.glyphs import PLANS, SHARES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grader.datasets.glyphs import Floats, Plan

SIDE = 28
"""Height and width of an image in pixels, as in MNIST."""

_FRAME = 1  # pixels on each side that are never inked, so that a corner is always background
_PAPER = SIDE - 2 * _FRAME
_ROWS = 2048  # images per block of random numbers: keeps the parameters of a block near 1 MiB
_INKED_AT_ONCE = 64  # images; 64 x 26 x 26 float32 = 169 KiB per temporary, which stays in a core's cache

# How hands differ: mean and standard deviation of every entry of `_Pose`. Chosen so that the networks of
# the labs do as well as on MNIST: dense 0.967 after 5 epochs with SGD, convolutional 0.98 to 0.99 with Adam.
_POSE = {
    "slant": (0.10, 0.20),
    "turn": (0.0, 0.07),
    "bow": (0.0, 0.18),
    "arch": (0.0, 0.35),
    "taper": (0.0, 0.35),
    "swell": (0.0, 0.35),
    "waist": (0.0, 0.28),
    "width": (0.72, 0.11),
    "size": (17.9, 0.9),
    "right": (0.0, 0.9),
    "down": (0.0, 0.8),
    "thickness": (1.25, 0.3),
    "softness": (1.4, 0.12),
    "darkness": (249.0, 2.0),  # at most 255, as the bell ends at 3
    "nib": (0.0, 0.12),
    "haste": (0.05, 0.017),
}
_POSE_MEAN = np.array([mean for mean, _ in _POSE.values()], dtype=np.float32)
_POSE_SPREAD = np.array([spread for _, spread in _POSE.values()], dtype=np.float32)

# Raw draws of one image: the first names the glyph, then one per entry of `_Pose`, then two per point.
_POSE_AT = 1
_POINTS_AT = _POSE_AT + len(_POSE)
_DRAWS = _POINTS_AT + 2 * max(len(plan.x) for plan in PLANS)

_THIRD = np.uint64(21)  # bits; three fields of 21 fit in one raw draw
_THIRD_MASK = np.uint64((1 << 21) - 1)


def draw_digits(count: int, *, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw handwriting-like digits.

    Image `i` depends on `seed` and `i` only: a smaller count gives the beginning of a larger one.

    Args:
        count: number of images, at least 0.
        seed: at least 0, of any size.

    Returns:
        Images, uint8 of shape (count, 28, 28), 0 for the background up to 255 for full ink, with at
        least one row and column of background on every side; and labels, uint8 of shape (count,),
        0 to 9.

    Raises:
        ValueError: count or seed is negative.
    """
    stream = np.random.PCG64(seed)
    images = np.zeros((count, SIDE, SIDE), dtype=np.uint8)
    labels = np.empty(count, dtype=np.uint8)
    for start in range(0, count, _ROWS):
        rows = slice(start, min(start + _ROWS, count))
        raw = stream.random_raw((rows.stop - start) * _DRAWS).reshape(-1, _DRAWS)
        _draw_block(raw, images[rows], labels[rows])
    return images, labels


def _draw_block(raw: NDArray[np.uint64], images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """Fill a block of images and labels in place, glyph by glyph."""
    chosen = np.searchsorted(SHARES, _uniform(raw[:, 0]), side="right")
    for number, plan in enumerate(PLANS):
        rows = np.flatnonzero(chosen == number)
        labels[rows] = plan.digit
        for start in range(0, len(rows), _INKED_AT_ONCE):
            some = rows[start : start + _INKED_AT_ONCE]
            images[some, _FRAME:-_FRAME, _FRAME:-_FRAME] = _draw_glyph(plan, raw[some])


def _draw_glyph(plan: Plan, raw: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return one image of `plan` per row of `raw`: uint8, (rows, _PAPER, _PAPER)."""
    pose = _pose(raw)
    x, y = _place(plan, pose, raw)
    distance = _distance(_along(plan, x), _along(plan, y), plan.pieces, pose.nib)
    thickness = pose.thickness[:, None, None]
    ink = (thickness - distance) / pose.softness[:, None, None] + np.float32(0.5)
    np.clip(ink, np.float32(0), np.float32(1), out=ink)
    return (ink * pose.darkness[:, None, None] + np.float32(0.5)).astype(np.uint8)


# --- random numbers ---------------------------------------------------------------------------


def _uniform(raw: NDArray[np.uint64]) -> Floats:
    """Return numbers in [0, 1): the 24 high bits, which float32 holds exactly."""
    high: Floats = (raw >> np.uint64(40)).astype(np.float32)
    return high * np.float32(2**-24)


def _bell(raw: NDArray[np.uint64]) -> Floats:
    """Return bell-shaped numbers with mean 0 and standard deviation 1, within -3 and 3.

    The sum of three uniform fields of 21 bits: bounded, unlike a normal variable, so that no image
    needs an exception; exact, because the sum is one of integers.
    """
    total = (raw & _THIRD_MASK) + (raw >> _THIRD & _THIRD_MASK) + (raw >> (_THIRD + _THIRD) & _THIRD_MASK)
    exact: Floats = total.astype(np.float32)
    return exact * np.float32(2**-20) - np.float32(3)


# --- the hand ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pose:
    """How each image of a block is written; arrays of shape (rows,), lengths in pixels."""

    slant: Floats  # sideways per unit of height
    turn: Floats  # tangent of half the angle
    bow: Floats  # sideways, of a vertical line: the square of the height times this
    arch: Floats  # up or down, of a horizontal line, likewise
    taper: Floats  # relative gain in width per unit of height
    swell: Floats  # relative gain in height per unit of width
    waist: Floats  # how the middle moves up or down
    width: Floats  # of the glyph's box; its height is 1
    size: Floats  # the larger side of the written digit
    right: Floats  # of the digit's middle from the image's
    down: Floats
    thickness: Floats  # half a stroke's width
    softness: Floats  # width of the grey edge
    darkness: Floats  # of full ink, 0 to 255
    nib: Floats  # how much wider a horizontal stroke is than a vertical one
    haste: Floats  # standard deviation of a point from its place, in glyph heights


def _pose(raw: NDArray[np.uint64]) -> _Pose:
    bell = _bell(raw[:, _POSE_AT:_POINTS_AT])
    value = _POSE_MEAN + _POSE_SPREAD * bell
    columns: dict[str, Any] = {name: value[:, i] for i, name in enumerate(_POSE)}
    return _Pose(**columns)


def _place(plan: Plan, pose: _Pose, raw: NDArray[np.uint64]) -> tuple[Floats, Floats]:
    """Return the glyph's points on the paper: x and y in pixels, each (rows, points)."""
    points = len(plan.x)
    shake = pose.haste[:, None] * _bell(raw[:, _POINTS_AT : _POINTS_AT + 2 * points])
    x = (plan.x + shake[:, :points]) * pose.width[:, None]
    y = plan.y + shake[:, points:]
    x, y = _warped(x, y, pose)
    x = x - pose.slant[:, None] * y
    x, y = _turned(x, y, pose.turn[:, None])
    return _fitted(x, y, pose)


def _warped(x: Floats, y: Floats, pose: _Pose) -> tuple[Floats, Floats]:
    """Distort the whole glyph smoothly, by quadratic terms."""
    across = x * y
    new_x = x + pose.bow[:, None] * (y * y) + pose.taper[:, None] * across
    new_y = y + pose.arch[:, None] * (x * x) + pose.swell[:, None] * across + pose.waist[:, None] * (y * y)
    return new_x, new_y


def _turned(x: Floats, y: Floats, half: Floats) -> tuple[Floats, Floats]:
    """Rotate by an angle, given the tangent of its half, which needs no sine."""
    norm = np.float32(1) + half * half
    cosine: Floats = (np.float32(1) - half * half) / norm
    sine: Floats = (half + half) / norm
    return cosine * x - sine * y, sine * x + cosine * y


def _fitted(x: Floats, y: Floats, pose: _Pose) -> tuple[Floats, Floats]:
    """Scale and shift the points as MNIST does: the digit's larger side is given, its box is centred."""
    left, right = x.min(axis=1), x.max(axis=1)
    top, bottom = y.min(axis=1), y.max(axis=1)
    scale = pose.size / np.maximum(right - left, bottom - top)
    middle, half = np.float32(_PAPER / 2), np.float32(0.5)
    x_shift = middle + pose.right - (left + right) * half * scale
    y_shift = middle + pose.down - (top + bottom) * half * scale
    return x * scale[:, None] + x_shift[:, None], y * scale[:, None] + y_shift[:, None]


# --- the ink ----------------------------------------------------------------------------------


def _along(plan: Plan, values: Floats) -> Floats:
    """Return the nodes of the curves through the points, one coordinate: (rows, nodes)."""
    nodes: Floats = values[:, plan.near[0]] * plan.weight[0]
    for near, weight in zip(plan.near[1:], plan.weight[1:], strict=True):
        nodes += values[:, near] * weight
    return nodes


def _distance(x: Floats, y: Floats, pieces: tuple[tuple[int, int], ...], nib: Floats) -> Floats:
    """Return each pixel's distance to the nearest piece, in pixels, lengthened by the nib."""
    nearest = np.full((len(x), _PAPER, _PAPER), np.float32(4 * SIDE * SIDE), dtype=np.float32)
    for start, end in pieces:
        _approach(nearest, x[:, start], y[:, start], x[:, end], y[:, end], nib)
    return np.sqrt(np.maximum(nearest, np.float32(0), out=nearest), out=nearest)


def _approach(nearest: Floats, ax: Floats, ay: Floats, bx: Floats, by: Floats, nib: Floats) -> None:
    """Lower `nearest`, squared distances of pixels, to those to the segment from a to b.

    With q the pixel seen from a, u the segment's direction and s = q.u, the foot of the perpendicular
    lies t = min(max(s, 0), length) along the segment, and the squared distance is q.q - t (2 s - t).
    Both q.q and s are sums of a term of the row and one of the column: few operations per pixel.
    """
    dx, dy = bx - ax, by - ay
    length = np.sqrt(dx * dx + dy * dy) + np.float32(1e-6)
    ux, uy = dx / length, dy / length
    narrow = np.float32(1) - nib * (ux * ux - uy * uy)
    qx = (_CENTRES - ax[:, None]) * narrow[:, None]
    qy = (_CENTRES - ay[:, None]) * narrow[:, None]
    square = (qy * qy)[:, :, None] + (qx * qx)[:, None, :]
    along = (qy * uy[:, None])[:, :, None] + (qx * ux[:, None])[:, None, :]
    foot = np.maximum(along, np.float32(0))
    np.minimum(foot, (length * narrow)[:, None, None], out=foot)
    along += along
    along -= foot
    along *= foot
    square -= along
    np.minimum(nearest, square, out=nearest)


_CENTRES = np.arange(_PAPER, dtype=np.float32) + np.float32(0.5)
