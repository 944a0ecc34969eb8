"""What a submission says about a part at all: blank, out of time, stopped by an error, or there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NoReturn

from grader.evidence import Call, Cell, Failure, Mark
from grader.judge.case import Case
from grader.judge.verdict import NOWHERE, Place, fail, no_evidence, not_attempted, timed_out
from grader.labs import Part
from grader.language import N_
from grader.language import gettext as _

_STOPPED = {
    "timed_out": "cell-timed-out",
    "memory_limit": "cell-memory",
    "output_flood": "cell-output",
    "disk_limit": "cell-disk",
    "crashed": "cell-crashed",
}
"""Kinds of failures, and states of a cell in which the worker was lost, that leave nothing to judge."""


def require_filled(case: Case, part_id: str, shown: Iterable[Place] = ()) -> None:
    """End the check as not attempted where a placeholder still stands in the part, or None in the place of an answer.

    Not where the part has been done beside it: `shown` are the places of what was recorded, and one of them in code of
    the part that has no placeholder is an answer.
    """
    part, seen = case.lab.part(part_id), set(shown)
    blank = case.unfilled(part)
    if blank is not None and not _is_done_beside(case, part, seen):
        _complain_of_blank(case, blank)
    gap = case.code.gap(part, seen | _steps_in(case, part))
    if gap is not None:
        _complain_of_blank(case, gap)


def _steps_in(case: Case, part: Part) -> set[Place]:
    """Return where a loop of a part gave gradients: that one is written, whatever else is None in it."""
    loops = [(cell.index, mark) for cell, mark in case.places(part) if mark.kind == "tape"]
    steps = [(step.cell, step.line) for step in case.evidence.tape]
    return {
        (cell, line)
        for cell, line in steps
        for at, mark in loops
        if at == cell and mark.line <= (line or 0) <= mark.end_line
    }


def _is_done_beside(case: Case, part: Part, seen: AbstractSet[Place]) -> bool:
    """Tell whether something was recorded in code of a part that has no placeholder."""
    for cell, mark in case.places(part):
        lines = range(mark.line, mark.end_line + 1)
        if not set(cell.placeholders) & set(lines) and any((cell.index, line) in seen for line in lines):
            return True
    return False


def _complain_of_blank(case: Case, blank: Place) -> NoReturn:
    word = case.code.blank_at(blank)
    if not word:
        not_attempted("value-missing", blank, line=blank[1])
    not_attempted("placeholder", blank, placeholder=word, line=blank[1])


def require_written(case: Case, part_id: str, shown: Iterable[Place] = ()) -> list[tuple[Cell, Mark]]:
    """Return the places of a part in the code; ends the check where the part is blank."""
    require_filled(case, part_id, shown)
    part = case.lab.part(part_id)
    places = case.places(part)
    if not places:
        not_attempted("nothing-written", part=_(part.title))
    return places


def place_of(case: Case, part_id: str, names: Collection[str] = ()) -> Place:
    """Return where a part is written: the last place, or the last one that assigns one of `names` if any does."""
    everywhere = case.places(case.lab.part(part_id))
    places = [(cell, mark) for cell, mark in everywhere if not set(names).isdisjoint(mark.assigns)] or everywhere
    return (places[-1][0].index, places[-1][1].line) if places else NOWHERE


def place_of_made(case: Case, part_id: str, names: Collection[str], number: int, count: int) -> Place:
    """Return where, of all `count` objects of a class that a part uses, the one with a number from 0 is made.

    Where the code of the part does not call the class by one of its `names` as often as that (there is a loop, or two
    networks), nobody can tell by reading: that is the place of the part.
    """
    places = case.places(case.lab.part(part_id))[-1:]
    made = [
        (cell.index, line)
        for cell, mark in places
        for line, name in cell.made
        if name in names and mark.line <= line <= mark.end_line
    ]
    return made[number] if len(made) == count else place_of(case, part_id)


def nothing_recorded(case: Case, part_id: str, what: str) -> NoReturn:
    """End a check for which nothing was recorded, saying why as well as can be known."""
    complain_of_failures(case, require_written(case, part_id))
    no_evidence("not-recorded", place_of(case, part_id), what=what)


def complain_of_failures(case: Case, places: Sequence[tuple[Cell, Mark]]) -> None:
    """End the check where the code at one of these places was stopped, saying by what."""
    for cell, mark in places:
        _complain_of_lost_worker(case, cell, mark)
    for cell, mark in places:
        failure = _failure_inside(case, cell, mark) or _failure_at(cell, mark)
        if failure is not None:
            _complain_of_failure(*(_origin(case, failure) or (cell, failure)))


def complain_of_missing_names(case: Case, places: Sequence[tuple[Cell, Mark]]) -> None:
    """End the check where the code at one of these places was stopped for want of a name that an error took away."""
    for cell, mark in places:
        failure = _failure_at(cell, mark)
        origin = None if failure is None else _origin(case, failure)
        if origin is not None:
            _complain_of_failure(*origin)


def _origin(case: Case, failure: Failure) -> tuple[Cell, Failure] | None:
    """Return the statement that was to give a value to a name that is missing, and what stopped it."""
    missing = re.match(r"name '(\w+)' is not defined", failure.message) if failure.type == "NameError" else None
    for cell in case.evidence.cells if missing else ():
        for mark in cell.marks:
            stopped = next((f for f in cell.failures if f.first <= mark.line <= f.last and f.kind == "raised"), None)
            if missing and missing[1] in mark.assigns and stopped is not None and stopped.type != "NameError":
                return cell, stopped
    return None


def _complain_of_lost_worker(case: Case, cell: Cell, mark: Mark) -> None:
    """End the check where the whole program was ended in this cell, or before it."""
    place = (cell.index, mark.line)
    if not cell.failures and cell.state in _STOPPED:
        timed_out(_STOPPED[cell.state], place)
    if cell.state == "skipped" and case.evidence.ending != "done":
        timed_out("cell-not-reached", place)


def _failure_inside(case: Case, cell: Cell, mark: Mark) -> Failure | None:
    """Return what was raised by a line of a function, wherever that was called from."""
    if mark.kind != "define":
        return None
    raised = [failure for ran in case.evidence.cells for failure in ran.failures if failure.kind != "noise"]
    here = [f for f in raised if f.cell == cell.index and f.line is not None and mark.line <= f.line <= mark.end_line]
    return here[0] if here else None


def _failure_at(cell: Cell, mark: Mark) -> Failure | None:
    """Return what stopped the statement of a mark, or an earlier one that left a name without a value."""
    graded = [failure for failure in cell.failures if failure.kind != "noise"]
    own = next((f for f in graded if f.first <= mark.line <= f.last), None)
    if own is None or own.type == "NameError":
        return next((f for f in graded if f.first <= mark.line), own)
    return own


def _complain_of_failure(cell: Cell, failure: Failure) -> NoReturn:
    if failure.kind in _STOPPED:
        timed_out(_STOPPED[failure.kind], (cell.index, failure.first))
    place = (failure.cell or cell.index, failure.line)
    error = f"{failure.type}: {failure.message}"
    keras_2 = keras_2_name(error)
    if keras_2:
        fail("keras-2", place, name=keras_2, error=error)
    no_evidence("cell-raised", place, error=error, advice=advice_for(failure.type, failure.message))


def keras_2_name(error: str) -> str:
    """Return the name that Keras 3 no longer knows, where that is what an error is about, or an empty string."""
    return next((name for name, pattern in _KERAS_2.items() if pattern.search(error)), "")


_KERAS_2 = {
    "tf.keras.optimizers.legacy": re.compile(r"optimizers\.legacy"),
    "lr": re.compile(r"(?:recognized|unexpected keyword argument)\W+'?lr\b"),
    "decay": re.compile(r"(?:recognized|unexpected keyword argument|no longer supported)[^a-z]+'?decay\b|`decay`"),
    "use_multiprocessing": re.compile("use_multiprocessing"),
    "workers": re.compile(r"unexpected keyword argument 'workers'"),
    "max_queue_size": re.compile(r"unexpected keyword argument 'max_queue_size'"),
    'metrics="accuracy"': re.compile("Expected `metrics` argument to be a list"),
    "ModelCheckpoint without .weights.h5": re.compile(r"must end in `\.weights\.h5`"),
    "np_utils": re.compile("np_utils"),
    "keras.layers.core": re.compile(r"No module named 'keras\.layers\.\w+'"),
    "to_categorical(dtype=…)": re.compile(r"to_categorical\(\) got an unexpected keyword argument 'dtype'"),
    "reset_states": re.compile("no attribute 'reset_states'"),
    "fit_generator": re.compile("fit_generator"),
    "evaluate_generator": re.compile("evaluate_generator"),
    "predict_classes": re.compile("predict_classes"),
    "predict_proba": re.compile("predict_proba"),
    "minimize": re.compile("no attribute 'minimize'"),
    "tf.keras.losses.Reduction": re.compile("no attribute 'Reduction'"),
    "tf.keras.layers.experimental": re.compile(r"keras\.layers\S{0,80} has no attribute 'experimental'"),
}
"""Names that worked in Keras 2, and how Keras 3 complains of them. `legacy` optimizers raise an ImportError that names
them; unknown arguments raise a TypeError or a ValueError; methods that are gone, an AttributeError."""


def advice_for(kind: str, message: str) -> str:
    """Return what to try after an exception of a kind."""
    if kind in _ADVICE:
        return _(_ADVICE[kind])
    for pattern, advice in _ADVICE_BY_MESSAGE.items():
        if pattern.search(message):
            return _(advice)
    if any(word in message for word in ("shape", "ndim", "incompatible")):
        return _("The shape of the data does not fit the network. Print the shape of what you pass.")
    return _("Read the last line of the message: it names what Python could not do.")


_ADVICE = {
    "NameError": N_("A name is used before it has a value. Is it spelt the same everywhere, and does its cell run?"),
    "SyntaxError": N_(
        "Python cannot read this line. Look for a missing bracket, comma or quotation mark, here or above."
    ),
    "UFuncTypeError": N_("An array keeps its type. Which type has this one, and which numbers are to be put into it?"),
    "ModuleNotFoundError": N_("This package is not part of the lab; the lab can be done without it."),
}


_ADVICE_BY_MESSAGE = {
    re.compile("LossFunctionWrapper|<keras.src.losses"): N_(
        "What is called a loss here is no number yet: a loss whose name is written with capital letters is made first, "
        "and what it makes is called with the labels and the outputs."
    ),
    re.compile(r"`?target`? and `?output`?|\btarget\.shape|logits\.shape=|y_true|logits and labels"): N_(
        "Labels and outputs do not fit each other in this loss. In which order does it take them, and is one label a "
        "whole number, or a row of ten?"
    ),
    re.compile("Cannot convert 1e-07 to EagerTensor"): N_(
        "The loss gets whole numbers where it expects probabilities. What are the outputs at this point, and in which "
        "order does the loss take labels and outputs?"
    ),
    re.compile("output size would be zero or negative|[Nn]egative dimension"): N_(
        "On its way the image has become smaller than what the next layer looks at. Follow its size from layer to "
        "layer: which of them makes it so small?"
    ),
    re.compile("no attribute '_id'"): N_(
        "The tape gives gradients with respect to variables, such as weights; here it is asked about something else."
    ),
    re.compile("object is not callable"): N_(
        "Round brackets call a function, and what stands before them is none. Are they needed?"
    ),
}
"""What to try where the message of an error tells more than its kind."""


USED_OPTIMIZER = re.compile("optimizer can only be called for the variables it was originally built with")
"""How Keras complains of an optimizer that belongs to another network."""


def courses(fits: Sequence[Call]) -> list[Mapping[str, Any]]:
    """Return the curves of each training, and those of each network that was trained in several goes, put together."""
    found = [history for fit in fits if isinstance(history := fit.result.get("history"), dict)]
    for model in sorted({fit.model for fit in fits if fit.model is not None}):
        goes = [fit.result["history"] for fit in fits if fit.model == model and fit.result.get("history")]
        names = set[str]().union(*goes) if len(goes) > 1 else ()
        found.append({name: [value for go in goes for value in go.get(name, ())] for name in names})
    return [curves for curves in found if curves]


def compile_of(fit: Call, compiles: Sequence[Call]) -> int | None:
    """Return the number of the `compile` that a training was made with, the last one before it."""
    before = [call.number for call in compiles if call.model == fit.model and call.number < fit.number]
    return max(before, default=None)
