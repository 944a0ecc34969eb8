"""Questions about functions: what they return for arguments that the grader drew, and what a loader loads."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from grader.evidence import DataFacts, FunctionRun
from grader.judge.case import Case
from grader.judge.images import HIGHEST, are_scaled, is_one_hot, shape_of, split_name
from grader.judge.reading import keras_2_name, nothing_recorded, place_of, require_filled
from grader.judge.verdict import Place, fail, not_attempted
from grader.labs import Anchor
from grader.language import gettext as _
from grader.wire import Array, handed_over

TOLERANCE = 1e-4
"""Error of a result that is right, relative to the largest number in it: float32 instead of float64, or sums in another
order."""

RESULTS_OF_LOADER = 4
"""Images and labels, for training and for testing."""

Wanted = Callable[..., Any]
"""Computes what a function should return, from the same arguments."""


def require_returns(case: Case, part_id: str, name: str, wanted: Wanted, tolerance: float = TOLERANCE) -> None:
    """Ask whether a function returns what `wanted` does, for every trial: number of results, shapes and values.

    Raises:
        TypeError: `wanted` returns something that is neither a number nor an array of numbers.
    """
    for run in _runs(case, part_id, name):
        _require_no_error(case, part_id, run)
        results = _flat(wanted(*handed_over(case.arguments[name][run.trial])))
        for number, result in enumerate(results, start=1):
            if result.dtype.kind not in _NUMBERS:
                place = f"{number} of {len(results)}"
                raise TypeError(f"`wanted` for `{name}` returns {result.dtype} instead of numbers in place {place}")
        _compare(run, results, _place(case, part_id, run), tolerance)


_NUMBERS = "biuf"
"""Kinds of arrays that are compared, and that a worker sends: truth values, whole numbers, and others."""


def _flat(value: Any) -> list[Array]:  # noqa: ANN401 - what the author's function returns
    """Return results one by one, as the worker does: those in tuples, dictionaries and lists of arrays."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, tuple) or (isinstance(value, list) and any(np.ndim(each) for each in value)):
        return [part for each in value for part in _flat(each)]
    return [np.asarray(value)]


def require_type(case: Case, part_id: str, name: str, dtype: str) -> None:
    """Ask whether all that a function returns is of a type, such as `float32`."""
    for run in _runs(case, part_id, name):
        _require_no_error(case, part_id, run)
        found = [kind.split(" ")[0] for kind in run.kinds]
        _require_something(run, _place(case, part_id, run))
        if not found or set(found) != {dtype}:
            fail("function-type", _place(case, part_id, run), name=name, found=_(" and ").join(found), wanted=dtype)


def require_loaded(case: Case, part_id: str, name: str) -> None:
    """Ask whether a function without arguments returns both splits, (images, labels) each, the images as in the lab."""
    run = _loader(case, part_id, name)
    place = _place(case, part_id, run)
    for position, split in ((0, "train"), (2, "test")):
        data = _facts(run, position)
        if data is None or data.split != split:
            is_changed = data is not None and data.split == "other" and math.prod(data.shape) == _pixels(case)
            fail("loader-images" if is_changed else "loader-order", place, name=name)
        if data.shape != case.lab.image_shape:
            fail(
                "images-shape",
                place,
                split=split_name(split),
                found=shape_of(data.shape),
                wanted=shape_of(case.lab.image_shape),
            )
        if data.high <= HIGHEST and not are_scaled(case):
            fail("loader-scaled", place, name=name)


def _pixels(case: Case) -> int:
    return math.prod(case.lab.image_shape)


def require_loaded_one_hot(case: Case, part_id: str, name: str) -> None:
    """Ask whether the labels that a loader returns are those of its images, one-hot."""
    run = _loader(case, part_id, name)
    for position, split in ((0, "train"), (2, "test")):
        data, labels = _facts(run, position), _facts(run, position + 1)
        if data is not None and data.labels == "unknown" and labels is not None and is_one_hot(labels):
            continue  # The images are changed, which is another check's question; nothing can be said of their order.
        if data is None or data.labels not in ("one_hot", "integer"):
            fail("loader-labels", _place(case, part_id, run), split=split_name(split))
        if data.labels != "one_hot" or labels is None or not is_one_hot(labels):
            fail("not-one-hot", _place(case, part_id, run), split=split_name(split))


def _loader(case: Case, part_id: str, name: str) -> FunctionRun:
    run = _runs(case, part_id, name)[0]
    _require_no_error(case, part_id, run, is_given=False)
    _require_something(run, _place(case, part_id, run))
    if len(run.kinds) != RESULTS_OF_LOADER:
        place = _place(case, part_id, run)
        fail("function-count", place, name=name, found=_count(run), wanted=RESULTS_OF_LOADER)
    return run


def _runs(case: Case, part_id: str, name: str) -> list[FunctionRun]:
    """Return what became of a function; ends the check where it is blank, whatever else there is in its part."""
    trials = range(max(len(case.arguments.get(name, ())), 1))
    runs = [run for run in case.evidence.functions if run.name == name and run.trial in trials]
    alone = _alone(case, part_id, name)
    written = alone.places(alone.lab.part(part_id))
    if not written:
        # It has another name, or is no `def`: what is blank in the part may be this function.
        if not runs:
            require_filled(case, part_id)
            nothing_recorded(case, part_id, _("There is no function `{name}`.").format(name=name))
        return runs
    # Where it is written twice, the last one is what ran.
    cell, mark = written[-1]
    require_filled(alone, part_id, [(cell.index, mark.line)] if runs else [])
    if not runs:
        nothing_recorded(alone, part_id, _("There is no function `{name}`.").format(name=name))
    return runs


def _alone(case: Case, part_id: str, name: str) -> Case:
    """Return a case in which a function is all that there is of its part."""
    part = case.lab.part(part_id)
    anchor = Anchor(defines=(name,), before=part.anchor.before, after=part.anchor.after)
    return replace(case, lab=replace(case.lab, parts=(replace(part, anchor=anchor),)))


def _require_no_error(case: Case, part_id: str, run: FunctionRun, *, is_given: bool = True) -> None:
    """End the check where a function stopped: as not attempted where it met code that is still to be written."""
    if not run.error:
        return
    if run.cell is not None and run.line in _placeholders(case, run.cell):
        blank = (run.cell, run.line)
        not_attempted("placeholder", blank, placeholder=case.lab.placeholder, line=run.line)
    place = _place(case, part_id, run)
    if keras_2 := keras_2_name(run.error):
        fail("keras-2", place, name=keras_2, error=run.error)
    fail("function-stopped" if is_given else "loader-stopped", place, name=run.name, error=run.error)


def _placeholders(case: Case, index: int) -> set[int]:
    return {line for cell in case.evidence.cells if cell.index == index for line in cell.placeholders}


def _require_something(run: FunctionRun, place: Place) -> None:
    if not _count(run):
        fail("function-nothing", place, name=run.name)


def _compare(run: FunctionRun, wanted: list[Array], place: Place, tolerance: float = TOLERANCE) -> None:
    _require_something(run, place)
    if _count(run) != len(wanted):
        fail("function-count", place, name=run.name, found=_count(run), wanted=len(wanted))
    for number, (mine, theirs) in enumerate(zip(run.results, wanted, strict=True), start=1):
        which = _("Result {number} of `{name}`") if len(wanted) > 1 else _("What `{name}` returns")
        which = which.format(number=number, name=run.name)
        if mine is None:
            _complain_of_kind(which, run.kinds[number - 1], shape_of(theirs.shape), place)
        if mine.shape != theirs.shape:
            fail("function-shape", place, which=which, found=shape_of(mine.shape), wanted=shape_of(theirs.shape))
        largest = max(float(np.abs(theirs.astype(np.float64)).max(initial=0)), 1e-9)
        if not np.allclose(mine, theirs, rtol=tolerance, atol=tolerance * largest):
            _complain_of_values(which, mine, theirs, place, tolerance)


def _complain_of_kind(which: str, kind: str, wanted: str, place: Place) -> NoReturn:
    """Say that a result is no array of numbers, or one that is far too large."""
    if "[" not in kind:
        fail("function-no-numbers", place, which=which, found=kind)
    found = kind.partition("[")[2].rstrip("]").replace(", ", " × ")
    fail("function-shape", place, which=which, found=found, wanted=wanted)


def _complain_of_values(which: str, mine: Array, theirs: Array, place: Place, tolerance: float) -> NoReturn:
    if not mine.ndim:
        fail("function-value", place, which=which)
    off = float(np.mean(~np.isclose(mine, theirs, rtol=tolerance, atol=tolerance)))
    fail("function-values", place, which=which, share=off, low=float(mine.min()), high=float(mine.max()))


def _count(run: FunctionRun) -> int:
    return 0 if run.kinds == ("NoneType",) else len(run.kinds)


def _facts(run: FunctionRun, position: int) -> DataFacts | None:
    return run.facts[position] if position < len(run.facts) else None


def _place(case: Case, part_id: str, run: FunctionRun) -> Place:
    return (run.cell, run.line) if run.cell else place_of(case, part_id)
