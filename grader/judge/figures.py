"""Questions about what is drawn: how many images, what their titles say, and whether curves are those of a training."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np

from grader.evidence import Axes, Figure
from grader.judge.case import Case
from grader.judge.images import CLASSES, split_name
from grader.judge.reading import courses, nothing_recorded, place_of, require_filled
from grader.judge.verdict import Place, fail, no_evidence
from grader.language import N_, pgettext
from grader.language import gettext as _
from grader.wire import Array

Curve = Sequence[float | None]

CLOSE = 2e-3
"""How far a point of a curve may be from the figure that Keras reported."""

DIGITS_LIMIT = 4
"""Different digits in a title: two answers, and where the image stands. A title that says all digits says none."""

PAIRS_LIMIT = 60
"""Pairs of curves that are looked for, the last ones: those of trainings in many goes come behind the single goes."""

_NUMBER = re.compile(r"(?<![\d.])\d+(?![\d.]*\d)")
_AS_FLOAT = re.compile(r"(?<=\d)\.0\b(?!\.?\d)")
"""What follows a digit that was kept as a float, as in `Predicted 7.0`."""

_WORD = re.compile(
    r"(?P<predicted>pred|guess|vorherg|vorhersage)|(?P<true>true|truth|actual|real|target|expected|wahr|tats)"
    r"|(?P<label>label|class)|(?P<digit>(?<![\d.])\d(?![\d.]*\d))",
    re.IGNORECASE,
)
"""The words of a title that say what the digit behind them is; a label is the true one if nothing else is said."""


def numbers_in(title: str) -> list[int]:
    """Return the whole numbers in a title."""
    return [int(found) for found in _NUMBER.findall(title)]


def says_truth(axes: Axes) -> bool:
    """Tell whether a title says the label of the image below it."""
    return any(axes.label in digits for digits in _readings(axes.title))


def says_prediction_and_truth(axes: Axes) -> bool:
    """Tell whether a title says two digits: the label, and what was predicted for its image, where that is known."""
    label = axes.label
    if label is None or _is_said_the_other_way_round(axes):
        return False
    known = [digits for digits in _readings(axes.title) if label in digits and len(digits) > 1]
    return any(not axes.predicted or any(_has_both(d, label, guess) for guess in axes.predicted) for d in known)


def _has_both(digits: Sequence[int], label: int, guess: int) -> bool:
    return guess in digits and (guess != label or digits.count(label) > 1)


def _readings(title: str) -> list[list[int]]:
    """Return the digits in a title: 1.0 in it may be a digit that was kept as a float, or a probability."""
    title = _in_digits(title)
    readings = [numbers_in(text) for text in (title, _AS_FLOAT.sub("", title))]
    found = [[number for number in numbers if number < CLASSES] for numbers in readings]
    return [digits for digits in found if len(set(digits)) <= DIGITS_LIMIT]


def _in_digits(title: str) -> str:
    """Return a title with digits in the place of their names, unless it has digits already."""
    if any(number < CLASSES for number in numbers_in(title)):
        return title
    return re.sub(r"[^\W\d_]+", lambda found: _WORDS.get(found[0].casefold(), found[0]), title)


_WORDS = {
    word: str(number)
    for names in (
        "zero one two three four five six seven eight nine",
        "null eins zwei drei vier fünf sechs sieben acht neun",
        "cero uno dos tres cuatro cinco seis siete ocho nueve",
    )
    for number, word in enumerate(names.split())
}
"""Names of digits, as lists of classes have them."""


def says_right_prediction(axes: Axes) -> bool:
    """Tell whether a title says the label twice: as it is, and as it was predicted."""
    return axes.label is not None and any(digits.count(axes.label) > 1 for digits in _readings(axes.title))


def says_wrong_prediction(axes: Axes) -> bool:
    """Tell whether a title says the label, and another digit."""
    if axes.label is None or _is_said_the_other_way_round(axes):
        return False
    return any(digits.count(axes.label) == 1 and len(digits) > 1 for digits in _readings(axes.title))


def _is_said_the_other_way_round(axes: Axes) -> bool:
    """Tell whether a title calls the label the prediction, and another digit the true one."""
    said: dict[str, int] = {}
    kind = ""
    for found in _WORD.finditer(_AS_FLOAT.sub("", _in_digits(axes.title))):
        name = found.lastgroup or ""
        if name == "digit":
            said.setdefault(kind, int(found[0]))
            kind = ""
        elif name != "label" or not kind:
            kind = "true" if name == "label" else name
    return said.get("predicted") == axes.label != said.get("true", axes.label)


SAYS: dict[Callable[[Axes], bool], str] = {
    says_truth: N_("the label of its image"),
    says_prediction_and_truth: N_("the predicted digit and the label of its image"),
    says_right_prediction: N_("the predicted digit and the label of its image, which are the same"),
    says_wrong_prediction: N_("the predicted digit and the label of its image, which differ"),
}


def require_images(case: Case, part_id: str, count: int, split: str) -> None:
    """Ask whether a figure shows so many images of a split, each in axes of its own."""
    figures = _figures(case, part_id)
    shown = [len({axes.row for axes in _shown(figure, split)}) for figure in figures]
    if max(shown) < count:
        # Where what is to be shown was not found, nothing can be said about how it is shown.
        _complain_of_few(_place(case, part_id, figures), max(shown), count, split)


def require_titles(case: Case, part_id: str, count: int, split: str, says: Callable[[Axes], bool]) -> None:
    """Ask whether so many images of a split have a title that says what is asked for, in one figure."""
    figures = _figures(case, part_id)
    if max(sum(map(says, _shown(figure, split))) for figure in figures) < count:
        place = _place(case, part_id, figures)
        best = max(figures, key=lambda figure: _likelihood(figure, place, count, split))
        if all(map(says, _shown(best, split))):
            require_images(case, part_id, count, split)
        wrong = next((axes for axes in _shown(best, split) if not says(axes)), None)
        if wrong is None:
            _complain_of_few(place, 0, count, split)
        found = wrong.title or pgettext("title", "none")
        no_evidence("title-says", place, found=found, label=wrong.label, wanted=_(SAYS[says]))


def _complain_of_few(place: Place, found: int, wanted: int, split: str) -> NoReturn:
    no_evidence("few-images-shown", place, found=found, wanted=wanted, split=split_name(split))


def _likelihood(figure: Figure, place: Place, count: int, split: str) -> tuple[bool, bool, int]:
    """Return what is compared to tell which figure is that of a part: other parts have some that look like it."""
    shown = len(_shown(figure, split))
    return shown >= count, figure.cell == place[0], shown


def _shown(figure: Figure, split: str) -> list[Axes]:
    """Return the axes of a figure with images of a split; two splits have some images that look alike."""
    return [axes for axes in figure.axes if axes.label is not None and axes.split in (split, "mixed")]


def require_curves(case: Case, part_id: str, role_id: str, kinds: Sequence[str]) -> None:
    """Ask whether one pair of axes shows two curves of a training, for training and validation, of one of the kinds."""
    figures = _figures(case, part_id)
    curves = [*courses(case.calls("fit", case.models(role_id))), *case.histories]
    if not curves:
        nothing_recorded(case, part_id, _("There is no history of a training to draw."))
    wanted = [pair for one in curves for pair in _pairs(one, kinds)][-PAIRS_LIMIT:]
    for figure in figures:
        for axes in figure.axes:
            lines = _by_length(axes)
            if any(_is_among(a, lines) and _is_among(b, lines) for a, b in wanted):
                return
    found = max(len(axes.lines) for figure in figures for axes in figure.axes)
    if not found:
        # The statement may have stopped, for want of an accuracy in the history, say.
        nothing_recorded(case, part_id, _("No curve was drawn."))
    if not any(name.startswith("val_") for one in curves for name in one):
        fail("no-validation-curve", _place(case, part_id, figures))
    fail("no-curves", _place(case, part_id, figures), found=found)


def _pairs(history: Mapping[str, Curve], kinds: Sequence[str]) -> list[tuple[Curve, Curve]]:
    """Return the curves of a history that may be drawn, for training and validation; accuracies have many names."""
    asked = [key for key in history if key in kinds or ("accuracy" in kinds and "acc" in key and key[:4] != "val_")]
    pairs = [(history[key], history.get(f"val_{key}", ())) for key in asked]
    return [(one, other) for one, other in pairs if one and other]


def has_curve(axes: Axes, curve: Curve) -> bool:
    """Tell whether one of the lines is this curve, as it is or in percent."""
    return _is_among(curve, _by_length(axes))


def _by_length(axes: Axes) -> dict[int, Array]:
    """Return the lines of each length, float64 (lines, points)."""
    lengths = {len(line) for line in axes.lines}
    return {length: np.asarray([line for line in axes.lines if len(line) == length]) for length in lengths}


def _is_among(curve: Curve, lines: Mapping[int, Array]) -> bool:
    drawn = lines.get(len(curve))
    if drawn is None or None in curve:
        return False
    values = np.asarray(curve)
    room = CLOSE + 1e-5 * np.abs(values)
    return any(bool((np.abs(scaled - values) <= room).all(axis=1).any()) for scaled in (drawn, drawn / 100))


def _figures(case: Case, part_id: str) -> list[Figure]:
    """Return the figures with axes; figures of one image each that a loop shows one after the other count as one."""
    require_filled(case, part_id)
    drawn = [figure for figure in case.evidence.figures if figure.axes]
    if not drawn:
        nothing_recorded(case, part_id, _("No figure was drawn."))
    return with_loops(drawn)


def with_loops(drawn: Sequence[Figure]) -> list[Figure]:
    """Return figures, and one more for each line that showed some with a single image each: those in one."""
    loops: dict[Place, list[Figure]] = {}
    for figure in drawn:
        if sum(axes.label is not None for axes in figure.axes) == 1:
            loops.setdefault((figure.cell, figure.line), []).append(figure)
    together = [replace(loop[0], axes=tuple(axes for one in loop for axes in one.axes)) for loop in loops.values()]
    return [*drawn, *together]


def _place(case: Case, part_id: str, figures: Sequence[Figure]) -> Place:
    place = place_of(case, part_id)
    return place if place[0] else (figures[-1].cell, figures[-1].line)
