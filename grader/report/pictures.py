"""Held-out images with a network's answers: the first ones, its surest mistakes, and who is taken for whom."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader import points
from grader.language import gettext as _
from grader.language import ngettext, pgettext
from grader.model import ModelView, Prediction
from grader.report.drawing import Drawing, Path, Picture, Rect, Shape, Words, grey_png, lines, near
from grader.text import count, finite

_MOST_TILES = 12
_MOST_BARS = 10
_PICTURE, _GAP, _BARS = 84.0, 16.0, 60.0
_WIDTH, _HEIGHT = _PICTURE + _GAP + _BARS, _PICTURE
_SIGN = 10.0

_WORTH_NAMING = 0.05
"""A bar of this share has its digit beside it; the others would be a column of small print."""

_WORTH_TELLING = 3
"""A mistake that happened at least so often is called the most frequent one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One image with its answer; `caption` is what is told below it."""

    drawing: Drawing
    caption: str
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Images with answers, and the table behind them."""

    tiles: tuple[Tile, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One place of the table: how many, how strongly it is tinted (0 to 5), and whether these answers are right."""

    number: int
    heat: int
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Who is taken for whom: a row for each digit, a column for each answer, and a sentence."""

    digits: tuple[int, ...]
    rows: tuple[tuple[Count, ...], ...]
    images: str
    sentence: str


def gallery(predictions: Sequence[Prediction]) -> Gallery | None:
    """Return images with answers, or `None` where there are none."""
    shown = predictions[:_MOST_TILES]
    if not shown:
        return None
    return Gallery(
        tiles=tuple(_tile(one) for one in shown),
        header=(_("Image"), _("It is"), _("Answer"), _("Confidence"), _("Verdict")),
        rows=tuple(_row(number, one) for number, one in enumerate(shown, 1)),
    )


def confusion(model: ModelView) -> Confusion | None:
    """Return who is taken for whom, or `None` where nobody counted."""
    counts = model.confusion
    images = sum(map(sum, counts))
    if not images:
        return None
    rows = tuple(
        tuple(_count(number, sum(row), right=truth == answer) for answer, number in enumerate(row))
        for truth, row in enumerate(counts)
    )
    return Confusion(digits=tuple(range(len(counts))), rows=rows, images=count(images), sentence=_most_frequent(counts))


def _tile(prediction: Prediction) -> Tile:
    right = prediction.guess == prediction.truth
    caption = _("{guess}, {percent}") if right else _("{guess}, {percent}; it is {truth}")
    caption = caption.format(guess=prediction.guess, truth=prediction.truth, percent=_confidence(prediction))
    alt = _("An image of {truth}, answered with {guess}.").format(truth=prediction.truth, guess=prediction.guess)
    return Tile(
        drawing=Drawing(width=_WIDTH, height=_HEIGHT, alt=alt, shapes=tuple(_shapes(prediction, right=right))),
        caption=caption,
        right=right,
    )


def _shapes(prediction: Prediction, *, right: bool) -> Iterator[Shape]:
    yield Picture(x=0, y=0, width=_PICTURE, height=_PICTURE, address=grey_png(prediction.pixels))
    yield Rect(x=0.5, y=0.5, width=_PICTURE - 1, height=_PICTURE - 1, style="edge")
    shares = [_share(value) for value in prediction.confidences[:_MOST_BARS]]
    step = _HEIGHT / max(len(shares), 1)
    left = _PICTURE + _GAP
    yield Path(d=lines([(left, 0), (left, _HEIGHT)]), style="wire")
    for place, share in enumerate(shares):
        top = place * step
        style = ("right" if right else "wrong") if place == prediction.guess else "quiet"
        if share >= 1 / (2 * _BARS):
            bar = near(share * _BARS)
            yield Rect(x=left, y=near(top + step * 0.14), width=bar, height=near(step * 0.72), style=style)
        if place in (prediction.guess, prediction.truth) or share >= _WORTH_NAMING:
            yield Words(x=left - 4, y=near(top + step * 0.9), text=str(place), style="end digit")


def _row(number: int, prediction: Prediction) -> tuple[str, ...]:
    verdict = pgettext("answer", "right") if prediction.guess == prediction.truth else pgettext("answer", "wrong")
    return str(number), str(prediction.truth), str(prediction.guess), _confidence(prediction), verdict


def _confidence(prediction: Prediction) -> str:
    """Return how sure an answer is; nothing is called a hundred percent that is not."""
    guess, confidences = prediction.guess, prediction.confidences
    value = finite(confidences[guess]) if 0 <= guess < len(confidences) else None
    share = points.accuracy(None if value is None else _share(value))
    return "–" if share is None else f"{math.floor(share * 1000) / 10:.1f} %"


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


def _count(number: int, of: int, *, right: bool) -> Count:
    # A fifth of a row that is wrong is a lot, a fifth that is right is little.
    most = 1.0 if right else 0.25
    heat = math.ceil(5 * min(number / of / most, 1.0)) if number and of else 0
    return Count(number=number, heat=heat, right=right)


def _most_frequent(counts: Sequence[Sequence[int]]) -> str:
    wrong = [(number, t, a) for t, row in enumerate(counts) for a, number in enumerate(row) if a != t]
    number, truth, answer = max(wrong, default=(0, 0, 0), key=lambda one: one[0])
    if not any(one[0] for one in wrong):
        return _("Not one image is taken for another digit.")
    if number < _WORTH_TELLING:
        return _("No mistake is made often.")
    total = sum(counts[truth])
    said = ngettext(
        "Most often, {truth} is taken for {answer}: {number} of {total} image.",
        "Most often, {truth} is taken for {answer}: {number} of {total} images.",
        total,
    )
    return said.format(truth=truth, answer=answer, number=number, total=total)
