"""What the HTML report shows about networks: layer by layer beside the expected one, curves, accuracies, mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from grader import points
from grader.language import N_, ngettext
from grader.language import gettext as _
from grader.report import accuracy, curves, diagram, pictures
from grader.text import count, line

if TYPE_CHECKING:
    from grader.model import Grade, LayerRow, ModelView
    from grader.report.drawing import Drawing

_MOST_LAYERS = 60
"""Rows of a layer table; labs for beginners have about ten layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer in words."""

    kind: str
    detail: str
    parameters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the comparison; `mark` and `remark` say what colour says too."""

    number: int
    yours: Layer | None
    expected: Layer | None
    mark: str
    remark: str
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network of the report; without rows it was never built, and nothing of the expected one is told."""

    title: str
    called: str
    variable: str
    rows: tuple[Row, ...]
    compared: bool
    verdict: str
    parameters: str
    expected_parameters: str
    same_parameters: bool
    sentences: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...]
    diagram: Drawing | None
    curves: curves.Curves | None
    confusion: pictures.Confusion | None

    @property
    def differs(self) -> bool:
        """Whether a layer is not as expected."""
        return any(row.first for row in self.rows)


def network(model: ModelView, grade: Grade) -> Network:
    """Return one network of a grade in words, numbers and drawings."""
    rows = _rows(model)
    return Network(
        title=line(model.title),
        called=line(model.called or model.title),
        variable=line(model.variable),
        rows=rows,
        compared=bool(model.expected_layers),
        verdict=_verdict(model, rows),
        parameters=count(model.parameters),
        expected_parameters=count(model.expected_parameters),
        same_parameters=model.parameters == model.expected_parameters,
        sentences=accuracy.sentences(model),
        numbers=_numbers(model),
        diagram=_diagram(model, rows) if rows else None,
        curves=curves.of(model, grade),
        confusion=pictures.confusion(model),
    )


def _numbers(model: ModelView) -> tuple[tuple[str, str], ...]:
    """Return the accuracies of a network by name, each only where it is known."""
    found = (
        (_("on held-out images"), points.accuracy(model.test_accuracy)),
        (_("on training images"), points.accuracy(model.train_accuracy)),
    )
    return tuple((name, accuracy.percent(share)) for name, share in found if share is not None)


def _diagram(model: ModelView, rows: tuple[Row, ...]) -> Drawing:
    first = next((row.number - 1 for row in rows if row.first), None)
    return diagram.draw(model.layers, model.expected_layers, first, line(model.called or model.title))


def _rows(model: ModelView) -> tuple[Row, ...]:
    if not model.layers:
        return ()
    rows: list[Row] = []
    found = False
    pairs = zip_longest(model.layers[:_MOST_LAYERS], model.expected_layers[:_MOST_LAYERS])
    for number, (yours, expected) in enumerate(pairs, 1):
        differs = bool(model.expected_layers) and _difference(yours, expected) != ""
        rows.append(_row(number, yours, expected, first=differs and not found))
        found = found or differs
    return tuple(rows)


def _row(number: int, yours: LayerRow | None, expected: LayerRow | None, *, first: bool) -> Row:
    same = not _difference(yours, expected)
    return Row(
        number=number,
        yours=_layer(yours),
        expected=_layer(expected),
        mark="=" if same else "≠",
        remark=_("first difference") if first else _("same") if same else _("different"),
        first=first,
    )


def _difference(yours: LayerRow | None, expected: LayerRow | None) -> str:
    """Name what differs between two layers, what to fix first before all else; empty where nothing does."""
    if yours is None or expected is None:
        return N_("number of layers") if yours is not expected else ""
    facts = (
        (N_("kind of layer"), yours.kind, expected.kind),
        (N_("output shape"), yours.output_shape, expected.output_shape),
        (N_("number of parameters"), yours.parameters, expected.parameters),
        (N_("activation"), yours.activation, expected.activation),
    )
    wanted = dict(expected.settings)
    settings = ((name, value, wanted.get(name, value)) for name, value in yours.settings)
    return next((line(name) for name, one, other in (*facts, *settings) if one != other), "")


def _verdict(model: ModelView, rows: tuple[Row, ...]) -> str:
    if not rows:
        return _("This network was not built yet. Once it is, you see it here, layer by layer.")
    if not model.expected_layers:
        return ""
    first = next((row for row in rows if row.first), None)
    if first is None:
        return _("Every layer is as expected.")
    if first.yours is None:
        return _("Layer {number} is missing: the expected network goes on here.").format(number=first.number)
    if first.expected is None:
        return _("Layer {number} is one too many: the expected network ends before it.").format(number=first.number)
    what = _(_difference(model.layers[first.number - 1], model.expected_layers[first.number - 1]))
    told = _("The first difference is in layer {number}: the {what}. Start there, the rest may follow.")
    return told.format(number=first.number, what=what)


def _layer(layer: LayerRow | None) -> Layer | None:
    if layer is None:
        return None
    by = " × "
    shape = by.join(count(size) for size in layer.output_shape) or _("a single number")
    activation = () if layer.activation == "linear" else (line(layer.activation, 60),)
    settings = (f"{line(name, 40)} {line(value, 60)}" for name, value in layer.settings if name not in _SEEN_IN_SHAPE)
    parameters = ngettext("{number} parameter", "{number} parameters", layer.parameters)
    return Layer(
        kind=line(layer.kind, 80),
        detail=", ".join((shape, *activation, *settings)),
        parameters=parameters.format(number=count(layer.parameters)),
    )


_SEEN_IN_SHAPE = ("units", "filters", "strides", "padding")
"""Settings that the output shape tells already."""
