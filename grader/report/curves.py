"""Learning curves: two small charts for each network, over the same scales, so that networks can be compared."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader import points
from grader.language import gettext as _
from grader.model import Grade, History, ModelView
from grader.report.accuracy import percent
from grader.report.drawing import Dot, Drawing, Path, Rect, Shape, Words, lines, near
from grader.text import finite

MOST_EPOCHS = 50
"""Rows of the table behind the charts."""

_MOST_POINTS = 200
"""Places drawn for a curve; longer ones are thinned out, which no eye can see at this width."""

_LARGEST = 1e6
"""A loss beyond this has diverged: it is left out, as it would flatten every other curve."""

_WIDTH, _HEIGHT = 380.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 366.0, 14.0, 194.0
_LABELS_AT = 212.0
_STEPS = (1, 2, 2.5, 5, 10)
_TICKS = 5
_FEW_POINTS = 60
"""Up to so many epochs, each one has a dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart with its name, and what its parts mean: pairs of a style and a text."""

    name: str
    drawing: Drawing
    legend: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """The charts of one network with the table behind them."""

    charts: tuple[Chart, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From values to places: `low` to `high` are shown, with a line at each of `ticks`."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def y(self, value: float) -> float:
        """Return how far down a value is."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return near(_BOTTOM - share * (_BOTTOM - _TOP))


def of(model: ModelView, grade: Grade) -> Curves | None:
    """Return the curves of one network, on scales that hold those of all; `None` where it was not trained."""
    columns = _columns(model.history)
    if not columns:
        return None
    names, values = zip(*columns, strict=True)
    return Curves(charts=tuple(_charts(model, grade)), header=(_("Epoch"), *names), rows=tuple(_rows(values)))


def _columns(history: History) -> list[tuple[str, Sequence[float]]]:
    """Return the columns of the table, with their names: those that have a number."""
    columns = (
        (_("Loss"), history.loss),
        (_("Accuracy"), history.accuracy),
        (_("Val. loss"), history.val_loss),
        (_("Val. accuracy"), history.val_accuracy),
    )
    return [(name, values) for name, values in columns if values]


def _charts(model: ModelView, grade: Grade) -> Iterator[Chart]:
    histories = [each.history for each in grade.models]
    losses = [value for one in histories for value in (*one.loss, *one.val_loss)]
    accuracies = [value for one in histories for value in (*one.accuracy, *one.val_accuracy)]
    accuracies += [value for each in grade.models for value in (each.test_accuracy, each.expected_accuracy) if value]
    history = model.history
    if history.loss or history.val_loss:
        yield _chart(_("Loss (lower is better)"), (history.loss, history.val_loss), _scale(losses))
    if history.accuracy or history.val_accuracy:
        pair = (history.accuracy, history.val_accuracy)
        scale = _scale(accuracies, most=1.0)
        yield _chart(_("Accuracy (higher is better)"), pair, scale, model)


def _chart(name: str, pair: tuple[Sequence[float], ...], scale: Scale, model: ModelView | None = None) -> Chart:
    """Return one chart; with a `model`, what is expected and what was reached on held-out images is in it."""
    epochs = max(map(len, pair))
    curves = [one for one in zip(("train", "valid"), (_("training"), _("validation")), pair, strict=True) if one[2]]
    expected = points.accuracy(model.expected_accuracy) if model else None
    reached = points.accuracy(model.test_accuracy) if model else None
    shapes: list[Shape] = [] if expected is None else [_band(scale, expected)]
    shapes += _ground(scale, epochs)
    shapes += [shape for style, _title, values in curves for shape in _curve(values, scale, style, epochs)]
    shapes += [] if reached is None else [_diamond(_x(epochs, epochs), scale.y(reached))]
    marks = (
        ("band", _("enough on held-out images: {share} or more"), expected),
        ("held", _("on held-out images: {share}"), reached),
    )
    told = [(style, text.format(share=percent(share))) for style, text, share in marks if share is not None]
    courses = [_course(title, values) for _style, title, values in curves] + [text for _style, text in told]
    alt = _("Line chart over {number} epochs, {name}: {courses}.")
    words = alt.format(name=name, number=epochs, courses="; ".join(courses))
    drawing = Drawing(width=_WIDTH, height=_HEIGHT, alt=words, shapes=tuple(shapes))
    return Chart(name=name, drawing=drawing, legend=(*((style, title) for style, title, _values in curves), *told))


def _course(title: str, values: Sequence[float]) -> str:
    return _("{curve} from {first} to {last}").format(curve=title, first=_figure(values[0]), last=_figure(values[-1]))


def _ground(scale: Scale, epochs: int) -> Iterator[Shape]:
    for tick in scale.ticks:
        y = scale.y(tick)
        yield Path(d=lines([(_LEFT, y), (_RIGHT, y)]), style="grid")
        yield Words(x=_LEFT - 7, y=near(y + 4), text=f"{tick:.6g}", style="end")
    for epoch in _epochs_marked(epochs):
        yield Words(x=near(_x(epoch, epochs)), y=_LABELS_AT, text=str(epoch), style="middle")
    yield Words(x=_RIGHT, y=near(_LABELS_AT + 15), text=_("Epoch"), style="end")


def _band(scale: Scale, lowest: float) -> Rect:
    """Return what is enough, from the lowest accuracy upwards."""
    height = max(scale.y(lowest) - _TOP, 1)
    return Rect(x=_LEFT, y=_TOP, width=_RIGHT - _LEFT, height=near(height), style="band")


def _curve(values: Sequence[float], scale: Scale, style: str, epochs: int) -> Iterator[Shape]:
    step = math.ceil(len(values) / _MOST_POINTS)
    places = [
        (_x(epoch, epochs), scale.y(values[epoch - 1])) if _can_be_drawn(values[epoch - 1]) else None
        for epoch in range(1, len(values) + 1, step)
    ]
    for piece in _pieces(places):
        yield Path(d=lines(piece), style=style)
    if len(places) <= _FEW_POINTS:
        yield from (Dot(x=near(place[0]), y=near(place[1]), style=style) for place in places if place)


def _pieces(places: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """Yield the runs of places between gaps: where there was no number, there is no line."""
    piece: list[tuple[float, float]] = []
    for place in (*places, None):
        if place is not None:
            piece.append(place)
        elif len(piece) > 1:
            yield piece
        if place is None:
            piece = []


def _diamond(x: float, y: float) -> Path:
    return Path(d=lines([(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)], closed=True), style="held")


def _x(epoch: int, epochs: int) -> float:
    inner = 14
    share = (epoch - 1) / (epochs - 1) if epochs > 1 else 0.5
    return _LEFT + inner + share * (_RIGHT - _LEFT - 2 * inner)


def _epochs_marked(epochs: int) -> list[int]:
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if epochs / size <= 2 * _TICKS)
    return [1, *range(step, epochs + 1, step)] if step > 1 else list(range(1, epochs + 1))


def _scale(values: Sequence[float], *, most: float = math.inf) -> Scale:
    """Return a scale with round numbers that holds the values, from 0 where that does not flatten them."""
    known = [min(value, most) for value in values if _can_be_drawn(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if 0 <= low < high / 2:
        low = 0.0
    room = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(room / _TICKS))
    step = next((factor * power for factor in _STEPS if factor * power * _TICKS >= room), 10 * power)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    return Scale(low=ticks[0], high=ticks[-1], ticks=ticks)


def _can_be_drawn(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= _LARGEST


def _rows(columns: Sequence[Sequence[float]]) -> Iterator[tuple[str, ...]]:
    for epoch in range(min(max(map(len, columns)), MOST_EPOCHS)):
        yield (str(epoch + 1), *(_figure(*column[epoch : epoch + 1]) for column in columns))


def _figure(value: float = math.nan) -> str:
    number = finite(value)
    return "–" if number is None else f"{number:.4g}"
