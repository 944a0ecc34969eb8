"""What the HTML report shows about networks: layer by layer beside the expected one, accuracies, figures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from grader import points
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
        alt=f"Two line charts over the epochs, loss on the left and accuracy on the right, for: {names}.",
        header=("Network", "Epoch", "Loss", "Accuracy", "Val. loss", "Val. accuracy"),
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
        alt=f"{len(shown)} held-out images with answers: {right} right, {len(shown) - right} wrong.",
        header=("Image", "It is", "Answer", "Confidence", "Verdict"),
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
        remark="first difference" if first else "same" if same else "different",
        first=first,
    )


def _difference(yours: LayerRow | None, expected: LayerRow | None) -> str:
    """Name what differs between two layers, what to fix first before all else; empty where nothing does."""
    if yours is None or expected is None:
        return "number of layers" if yours is not expected else ""
    facts = (
        ("kind of layer", yours.kind, expected.kind),
        ("output shape", yours.output_shape, expected.output_shape),
        ("number of parameters", yours.parameters, expected.parameters),
        ("activation", yours.activation, expected.activation),
    )
    wanted = dict(expected.settings)
    settings = ((name, value, wanted.get(name, value)) for name, value in yours.settings)
    return next((line(name) for name, one, other in (*facts, *settings) if one != other), "")


def _verdict(model: ModelView, rows: tuple[Row, ...]) -> str:
    if not rows:
        return "This network was not built yet. Once it is, you see it here, layer by layer."
    if not model.expected_layers:
        return ""
    first = next((row for row in rows if row.first), None)
    if first is None:
        return "Every layer is as expected."
    if first.yours is None:
        return f"Layer {first.number} is missing: the expected network goes on here."
    if first.expected is None:
        return f"Layer {first.number} is one too many: the expected network ends before it."
    what = _difference(model.layers[first.number - 1], model.expected_layers[first.number - 1])
    return f"The first difference is in layer {first.number}: the {what}. Start there, the rest may follow."


def _layer(layer: LayerRow | None) -> Layer | None:
    if layer is None:
        return None
    by = " × "
    shape = by.join(count(size) for size in layer.output_shape) or "a single number"
    activation = () if layer.activation == "linear" else (line(layer.activation, 60),)
    settings = (f"{line(name, 40)} {line(value, 60)}" for name, value in layer.settings if name not in _SEEN_IN_SHAPE)
    parameters = "1 parameter" if layer.parameters == 1 else f"{count(layer.parameters)} parameters"
    return Layer(kind=line(layer.kind, 80), detail=", ".join((shape, *activation, *settings)), parameters=parameters)


_SEEN_IN_SHAPE = ("units", "filters", "strides", "padding")
"""Settings that the output shape tells already."""


def _held_out(model: ModelView) -> str:
    accuracy = points.accuracy(model.test_accuracy)
    if accuracy is None:
        return "Its accuracy on held-out images could not be measured."
    text = f"It gets {_percent(accuracy)} of the held-out images right: images that it never saw in training."
    expected = points.accuracy(model.expected_accuracy)
    if expected is not None:
        text += f" With the training that was run here, {_percent(expected)} or more is in order."
    if not model.rebuilt:
        text += " We could not build this network again from its layers, so this figure is not confirmed."
    return text


def _gap(model: ModelView) -> str:
    train, test = points.accuracy(model.train_accuracy), points.accuracy(model.test_accuracy)
    if train is None or test is None:
        return ""
    gap = round(train - test, 4)
    start = f"On the training images it gets {_percent(train)} right. "
    size = f"{abs(gap) * 100:.2f} percentage points"
    if gap <= 0:
        return f"{start}It does no worse on new images ({size} better): no sign of learning by heart."
    if gap <= _SMALL_GAP:
        return f"{start}The generalisation gap is small, {size}: what it learned holds for new images too."
    if gap <= _LARGE_GAP:
        return f"{start}The generalisation gap is {size}: it does somewhat better on images that it has seen."
    return f"{start}The generalisation gap is large, {size}: it learned much by heart (overfitting)."


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
    verdict = "right" if guess == prediction.truth else "wrong"
    return (str(number), str(prediction.truth), str(guess), "-" if share is None else f"{share:.1%}", verdict)
