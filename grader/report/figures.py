"""Figures of the report as compact SVG, the same bytes for the same grade.

Only matplotlib's object interface is used: pyplot keeps global state and looks for a display. It is imported
when the first figure is drawn, as that takes longer than the rest of a report.
"""

from __future__ import annotations

import io
import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from grader.language import gettext as _
from grader.text import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from grader.model import ModelView, Prediction

MOST_IMAGES = 12
_COLUMNS = 3

_INK = "#1f2933"
_MUTED = "#5b6770"
_RIGHT = "#0b5cad"
_WRONG = "#b3261e"
_QUIET_BAR = "#c3ccd4"
_SERIES = ("#0b5cad", "#c2570c", "#2e7d4f", "#7a3fa0")
"""Line colours that stay apart for colour-blind readers; each series has its own marker as well."""
_MARKERS = ("o", "s", "^", "D")

_MOST_EPOCHS = 400
"""Points drawn per curve; longer ones are thinned out, which no eye can see at this width."""

_LARGEST = 1e6
"""A loss beyond this has diverged: it is left out, as it would flatten every other curve."""


def learning_curves(models: Sequence[ModelView]) -> str:
    """Return loss and accuracy per epoch, side by side, or an empty string where no network was trained."""
    trained = [model for model in models if model.history.loss or model.history.accuracy]
    if not trained:
        return ""
    with _style() as figure_type:
        figure = figure_type(figsize=(8.0, 3.1), layout="constrained")
        losses, accuracies = figure.subplots(1, 2)
        for place, model in enumerate(trained):
            name = _plain(model.title)
            _curve(losses, model.history.loss, name, place)
            _curve(losses, model.history.val_loss, _("{network}, validation").format(network=name), place, dashed=True)
            _curve(accuracies, model.history.accuracy, name, place)
            _curve(
                accuracies,
                model.history.val_accuracy,
                _("{network}, validation").format(network=name),
                place,
                dashed=True,
            )
        _dress(losses, _("Loss (lower is better)"))
        _dress(accuracies, _("Accuracy (higher is better)"))
        return _svg(figure)


def prediction_grid(predictions: Sequence[Prediction]) -> str:
    """Return up to twelve held-out images, each with the confidence for every class, or an empty string.

    One pair of axes holds everything: matplotlib needs about 20 ms for each pair, and there would be 24.
    """
    shown = predictions[:MOST_IMAGES]
    if not shown:
        return ""
    rows = math.ceil(len(shown) / _COLUMNS)
    with _style() as figure_type:
        figure = figure_type(figsize=(8.0, 1.62 * rows))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(-0.5, _COLUMNS * _CELL_WIDTH), ylim=(rows * _CELL_HEIGHT, 0))
        axes.set_axis_off()
        for place, prediction in enumerate(shown):
            row, column = divmod(place, _COLUMNS)
            _tile(axes, prediction, column * _CELL_WIDTH, row * _CELL_HEIGHT)
        return _svg(figure)


# Geometry of one tile of the prediction grid, in units of the axes: the image is 28 by 28.
_CELL_WIDTH = 68.0
_CELL_HEIGHT = 41.5
_TITLE_AT = 5.0
_IMAGE_AT = 8.0
_IMAGE_SIZE = 28.0
_BARS_FROM = 33.0
_BARS_LENGTH = 24.0
_MOST_BARS = 10


def _tile(axes: Axes, prediction: Prediction, left: float, top: float) -> None:
    import numpy as np  # noqa: PLC0415 - `grade --help` must not wait for it

    right = prediction.guess == prediction.truth
    colour = _RIGHT if right else _WRONG
    title = _("✓ {guess}, right") if right else _("✗ {guess}, wrong: is {truth}")
    title = title.format(guess=prediction.guess, truth=prediction.truth)
    axes.text(left, top + _TITLE_AT, title, color=colour, fontsize=9.5, fontweight="bold")
    pixels = np.stack([np.frombuffer(row, np.uint8) for row in prediction.pixels])
    end, upper, lower = left + _IMAGE_SIZE, top + _IMAGE_AT, top + _IMAGE_AT + _IMAGE_SIZE
    box = (left, end, lower, upper)
    axes.imshow(pixels, cmap="gray_r", vmin=0, vmax=255, extent=box, aspect="auto", interpolation="none")
    frame = [left, end, end, left, left], [lower, lower, upper, upper, lower]
    axes.plot(*frame, color=_QUIET_BAR, linewidth=0.6)
    _bars(axes, prediction, (left + _BARS_FROM, upper), colour)


def _bars(axes: Axes, prediction: Prediction, corner: tuple[float, float], colour: str) -> None:
    left, top = corner
    shares = [_share(value) for value in prediction.confidences[:_MOST_BARS]]
    step = _IMAGE_SIZE / max(len(shares), 1)
    middles = [top + step * (place + 0.5) for place in range(len(shares))]
    lengths = [max(share * _BARS_LENGTH, 0.15) for share in shares]
    colours = [colour if place == prediction.guess else _QUIET_BAR for place in range(len(shares))]
    axes.barh(middles, lengths, height=step * 0.72, left=left, color=colours)
    for place, (middle, length) in enumerate(zip(middles, lengths, strict=True)):
        axes.text(left - 1, middle, str(place), ha="right", va="center", fontsize=6, color=_MUTED)
        if place == prediction.guess:
            percent = f"{shares[place]:.0%}"
            axes.text(left + length + 0.7, middle, percent, va="center", fontsize=6.5, color=_INK)


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


def _curve(axes: Axes, values: Sequence[float], label: str, place: int, *, dashed: bool = False) -> None:
    if not values:
        return
    step = math.ceil(len(values) / _MOST_EPOCHS)
    epochs = range(1, len(values) + 1, step)
    heights = [value if abs(value) <= _LARGEST else math.nan for value in values[::step]]
    axes.plot(
        list(epochs),
        heights,
        label=label,
        color=_SERIES[place % len(_SERIES)],
        marker=_MARKERS[place % len(_MARKERS)],
        linestyle="--" if dashed else "-",
    )


def _dress(axes: Axes, title: str) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - see the module's docstring

    axes.set_title(title, loc="left")
    axes.set_xlabel(_("Epoch"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.grid(axis="y", color="#e3e8ec", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.lines:
        axes.legend(frameon=False, fontsize=8)


def _plain(name: str) -> str:
    """Keep to letters that matplotlib's own font has: a missing one is a warning, and a box in the figure."""
    return line(name, 40).encode("latin-1", "replace").decode("latin-1")


@contextmanager
def _style() -> Iterator[type[Figure]]:
    """Give the figure type under settings of our own: those of the machine's user would change the bytes."""
    import matplotlib as mpl  # noqa: PLC0415 - see the module's docstring
    from matplotlib.figure import Figure  # noqa: PLC0415 - see the module's docstring

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield Figure


_SETTINGS: Any = {
    "svg.hashsalt": "report",  # ids inside the file come from this, not from chance
    "svg.fonttype": "path",  # readers without the font see the same letters in the same places
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "figure.facecolor": "none",  # the page gives the ground, a dimmer one in its dark scheme
    "axes.facecolor": "none",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlecolor": _INK,
    "axes.labelcolor": _MUTED,
    "axes.edgecolor": "#9aa5b1",
    "text.color": _INK,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
}


def _svg(figure: Figure) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415 - see the module's docstring

    stream = io.StringIO()
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    FigureCanvasSVG(figure).print_svg(stream, metadata=metadata)  # type: ignore[no-untyped-call]
    text = stream.getvalue()
    # The document type names an address on the network; comments and indentation are a fifth of the bytes.
    bare = re.sub(r"<!--.*?-->", "", text[text.index("<svg") :])
    return "\n".join(filter(None, map(str.strip, bare.splitlines()))) + "\n"
