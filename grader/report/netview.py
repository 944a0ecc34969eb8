"""What the HTML report shows about networks: layer by layer beside the expected one, accuracies, figures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from grader import points
from grader.language import N_, ngettext, pgettext
from grader.language import gettext as _
from grader.report import figures
from grader.text import count, finite, line

if TYPE_CHECKING:
    from grader.model import Grade, LayerRow, ModelView, Prediction

_MOST_LAYERS = 60
"""Rows of a layer table; labs for beginners have about ten layers."""

_MOST_EPOCHS = 50
"""Rows of the table behind the learning curves."""

_SMALL_GAP = 0.01
_LARGE_GAP = 0.05
"""Gaps between accuracies on training and held-out images: the flagship's networks reach 0.003 to 0.008."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing as SVG with the words and the numbers that it shows."""

    svg: str
    alt: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def network(model: ModelView) -> Network:
    """Return one network in words."""
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
        sentences=tuple(filter(None, (_held_out(model), _gap(model)))) if model.layers else (),
    )


def curves(grade: Grade) -> Figure | None:
    """Return the learning curves of all networks, or `None` where none was trained."""
    svg = figures.learning_curves(grade.models)
    if not svg:
        return None
    names = ", ".join(line(model.title) for model in grade.models)
    return Figure(
        svg=svg,
        alt=_("Two line charts over the epochs, loss on the left and accuracy on the right, for: {names}.").format(
            names=names
        ),
        header=(_("Network"), _("Epoch"), _("Loss"), _("Accuracy"), _("Val. loss"), _("Val. accuracy")),
        rows=tuple(row for model in grade.models for row in _epochs(model)),
    )


def predictions(grade: Grade) -> Figure | None:
    """Return the grid of predictions, or `None` where there are none."""
    shown = grade.predictions[: figures.MOST_IMAGES]
    svg = figures.prediction_grid(shown)
    if not svg:
        return None
    right = sum(prediction.guess == prediction.truth for prediction in shown)
    return Figure(
        svg=svg,
        alt=_("{number} held-out images with answers: {right} right, {wrong} wrong.").format(
            number=len(shown), right=right, wrong=len(shown) - right
        ),
        header=(_("Image"), _("It is"), _("Answer"), _("Confidence"), _("Verdict")),
        rows=tuple(_answer(number, prediction) for number, prediction in enumerate(shown, 1)),
    )


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


def _held_out(model: ModelView) -> str:
    accuracy = points.accuracy(model.test_accuracy)
    if accuracy is None:
        return _("Its accuracy on held-out images could not be measured.")
    told = [_("It gets {accuracy} of the held-out images right: images that it never saw in training.")]
    expected = points.accuracy(model.expected_accuracy)
    if expected is not None:
        told.append(_("With the training that was run here, {expected} or more is in order."))
    if not model.rebuilt:
        told.append(_("We could not build this network again from its layers, so this figure is not confirmed."))
    return " ".join(told).format(accuracy=_percent(accuracy), expected=_percent(expected or 0.0))


def _gap(model: ModelView) -> str:
    train, test = points.accuracy(model.train_accuracy), points.accuracy(model.test_accuracy)
    if train is None or test is None:
        return ""
    gap = round(train - test, 4)
    start = _("On the training images it gets {accuracy} right.").format(accuracy=_percent(train))
    size = _("{number} percentage points").format(number=f"{abs(gap) * 100:.2f}")
    if gap <= 0:
        told = _("It does no worse on new images ({size} better): no sign of learning by heart.")
    elif gap <= _SMALL_GAP:
        told = _("The generalisation gap is small, {size}: what it learned holds for new images too.")
    elif gap <= _LARGE_GAP:
        told = _("The generalisation gap is {size}: it does somewhat better on images that it has seen.")
    else:
        told = _("The generalisation gap is large, {size}: it learned much by heart (overfitting).")
    return f"{start} {told.format(size=size)}"


def _percent(accuracy: float) -> str:
    return f"{accuracy * 100:.2f} %"


def _epochs(model: ModelView) -> list[tuple[str, ...]]:
    history = model.history
    columns = (history.loss, history.accuracy, history.val_loss, history.val_accuracy)
    length = min(max(map(len, columns)), _MOST_EPOCHS)
    return [
        (line(model.title), str(epoch + 1), *(_figure(column[epoch : epoch + 1]) for column in columns))
        for epoch in range(length)
    ]


def _figure(values: tuple[float, ...]) -> str:
    value = finite(values[0]) if values else None
    return "-" if value is None else f"{value:.4g}"


def _answer(number: int, prediction: Prediction) -> tuple[str, ...]:
    guess, confidences = prediction.guess, prediction.confidences
    share = finite(confidences[guess]) if 0 <= guess < len(confidences) else None
    verdict = pgettext("answer", "right") if guess == prediction.truth else pgettext("answer", "wrong")
    return (str(number), str(prediction.truth), str(guess), "-" if share is None else f"{share:.1%}", verdict)
