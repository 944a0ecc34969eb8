"""A network as a picture: one block for each layer, yours above the expected one, the first difference framed.

The size of a block is that of the layer's output: the face of a box is the picture, its depth the channels; a bar is a
row of numbers. Both grow with roots and logarithms, as ten outputs and ten thousand have to fit on one page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.language import gettext as _
from grader.model import LayerRow
from grader.report.drawing import Drawing, Path, Rect, Shape, Words, lines, near
from grader.text import count, line

MOST_LAYERS = 14
"""Layers that are drawn; the table below has more of them."""

_COLUMN = 84.0
_LETTER = 8.0
"""Width of a letter of a layer's name at most, in pixels; columns grow with their names."""
_NAME, _DETAIL = 20, 16
_HEAD, _BLOCKS, _LABELS = 26.0, 104.0, 58.0
_ROW = _HEAD + _BLOCKS + _LABELS
_REMARK, _HALF_REMARK = 24.0, 80.0
"""Height of the words above the frame, and half of their width in wordy languages."""
_FACE, _DEPTH, _BAR = 48.0, 26.0, 14.0
_SMALLEST = 8.0
_LARGE_FACE, _MANY_CHANNELS, _MANY_NUMBERS = 28, 512, 4_096
"""What is drawn at full size: pictures of digits, and more channels and numbers than labs have."""

_FAMILIES = (("Conv", "conv"), ("Pool", "pool"), ("Dense", "dense"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """Two layers beside one another, in a column of the picture."""

    left: float
    width: float
    yours: LayerRow | None
    expected: LayerRow | None

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


def draw(yours: Sequence[LayerRow], expected: Sequence[LayerRow], first: int | None, name: str) -> Drawing:
    """Return the picture of a network.

    Args:
        yours: its layers, one at least.
        expected: those of the expected one; empty where nothing of it may be told.
        first: the place of the first layer that differs, or `None` where none does; then only one row is drawn.
        name: what the network is called.
    """
    columns = _columns(yours, expected if first is not None else ())
    width = max(columns[-1].left + columns[-1].width, 2 * _HALF_REMARK)
    shapes: list[Shape] = []
    if first is not None and first < len(columns):
        shapes += _frame(columns[first], 2 * _ROW, width)
    # A single row needs no title, and no room for one.
    top = _REMARK if first is not None else _REMARK - _HEAD
    shapes += _row("" if first is None else _("Yours"), [(c, c.yours) for c in columns], top)
    if first is not None:
        shapes += _row(_("Expected"), [(c, c.expected) for c in columns], top + _ROW)
    height = top + _ROW * (2 if first is not None else 1)
    if len(yours) > MOST_LAYERS:
        more = _("… and {number} more layers").format(number=len(yours) - MOST_LAYERS)
        shapes.append(Words(x=near(width), y=near(top + 14), text=more, style="end soft"))
    alt = _told(yours, expected if first is not None else (), first, name)
    return Drawing(width=near(width), height=near(height), alt=alt, shapes=tuple(shapes))


def _columns(yours: Sequence[LayerRow], expected: Sequence[LayerRow]) -> list[_Column]:
    found: list[_Column] = []
    left = 0.0
    for place in range(min(max(len(yours), len(expected)), MOST_LAYERS)):
        pair = [layers[place] if place < len(layers) else None for layers in (yours, expected)]
        texts = [text for layer in pair if layer for text in (_name(layer), _shape(layer), _activation(layer))]
        width = max(_COLUMN, *(_LETTER * len(text) + 4 for text in texts))
        found.append(_Column(left=left, width=width, yours=pair[0], expected=pair[1]))
        left += width
    return found


def _frame(column: _Column, height: float, width: float) -> Iterator[Shape]:
    middle = min(max(column.middle, _HALF_REMARK), width - _HALF_REMARK)
    yield Rect(x=near(column.left + 1), y=_REMARK, width=near(column.width - 2), height=near(height - 2), style="frame")
    yield Words(x=near(middle), y=15, text="≠ " + _("first difference"), style="middle wrong")


def _row(title: str, layers: Sequence[tuple[_Column, LayerRow | None]], top: float) -> Iterator[Shape]:
    axis = top + _HEAD + _BLOCKS / 2
    if title:
        yield Words(x=6, y=near(top + 17), text=title, style="title")
    known = [column for column, layer in layers if layer is not None]
    if len(known) > 1:
        yield Path(d=lines([(known[0].middle, axis), (known[-1].middle, axis)]), style="wire")
    for column, layer in layers:
        if layer is None:
            yield Rect(x=near(column.middle - 16), y=near(axis - 24), width=32, height=48, style="ghost")
        else:
            yield from _block(layer, column.middle, axis)
            yield from _labels(layer, column.middle, top + _HEAD + _BLOCKS + 14)


def _block(layer: LayerRow, middle: float, axis: float) -> Iterator[Shape]:
    style = next((style for part, style in _FAMILIES if part in layer.kind), "other")
    sizes = [max(size, 1) for size in layer.output_shape]
    if len(sizes) < 2:  # noqa: PLR2004 - a row of numbers
        height = _SMALLEST + (_BLOCKS - 16 - _SMALLEST) * _logarithm(sizes[0] if sizes else 1, _MANY_NUMBERS)
        yield Rect(x=near(middle - _BAR / 2), y=near(axis - height / 2), width=_BAR, height=near(height), style=style)
        return
    high, wide = (_side(size) for size in sizes[:2])
    depth = _DEPTH * _logarithm(sizes[2] if len(sizes) > 2 else 1, _MANY_CHANNELS)  # noqa: PLR2004 - with channels
    yield from _box(middle, axis, (wide, high, depth), style)


def _box(middle: float, axis: float, sizes: tuple[float, float, float], style: str) -> Iterator[Shape]:
    wide, high, depth = sizes
    left, top = middle - (wide + depth) / 2, axis - (high - depth) / 2
    right, bottom = left + wide, top + high
    over = [(left, top), (left + depth, top - depth), (right + depth, top - depth), (right, top)]
    beside = [(right, top), (right + depth, top - depth), (right + depth, bottom - depth), (right, bottom)]
    yield Path(d=lines(over, closed=True), style=f"{style} over")
    yield Path(d=lines(beside, closed=True), style=f"{style} beside")
    yield Rect(x=near(left), y=near(top), width=near(wide), height=near(high), style=style)


def _side(size: int) -> float:
    # Whole numbers of a submission may be too long for a float.
    return _SMALLEST + (_FACE - _SMALLEST) * math.sqrt(min(size, 1.5 * _LARGE_FACE) / _LARGE_FACE)


def _logarithm(size: int, most: int) -> float:
    # Sizes come from a submission: `math.log` takes whole numbers of any length.
    return min(math.log(max(size, 1)) / math.log(most), 1.0)


def _labels(layer: LayerRow, middle: float, top: float) -> Iterator[Shape]:
    yield Words(x=near(middle), y=near(top), text=_name(layer), style="middle name")
    yield Words(x=near(middle), y=near(top + 15), text=_shape(layer), style="middle")
    yield Words(x=near(middle), y=near(top + 30), text=_activation(layer), style="middle soft")


def _name(layer: LayerRow) -> str:
    return line(layer.kind, _NAME)


def _shape(layer: LayerRow) -> str:
    return line(" × ".join(count(size) for size in layer.output_shape[:4]), _DETAIL)


def _activation(layer: LayerRow) -> str:
    return "" if layer.activation == "linear" else line(layer.activation, _DETAIL)


def _told(yours: Sequence[LayerRow], expected: Sequence[LayerRow], first: int | None, name: str) -> str:
    told = [_("Diagram of {network}. Yours: {layers}.").format(network=name, layers=_list(yours))]
    if expected:
        told.append(_("Expected: {layers}.").format(layers=_list(expected)))
    if first is not None:
        told.append(_("The first difference is in layer {number}.").format(number=first + 1))
    return " ".join(told)


def _list(layers: Sequence[LayerRow]) -> str:
    return ", ".join(" ".join(filter(None, (_name(one), _activation(one)))) for one in layers[:MOST_LAYERS])
