"""Questions about functions: what they return for arguments that the grader drew, and what a loader loads."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from grader.evidence import DataFacts, FunctionRun
from grader.judge.case import Case
from grader.judge.images import HIGHEST, are_scaled, is_one_hot, shape_of, split_name
from grader.judge.reading import keras_2_name, nothing_recorded, place_of, require_filled
from grader.judge.verdict import Place, fail
from grader.language import gettext as _
from grader.wire import Array

TOLERANCE = 1e-4
"""Relative error of a result that is right: float32 instead of float64, or sums in another order."""

RESULTS_OF_LOADER = 4
"""Images and labels, for training and for testing."""

Wanted = Callable[..., Any]
"""Computes what a function should return, from the same arguments."""


def require_returns(case: Case, part_id: str, name: str, wanted: Wanted) -> None:
    """Ask whether a function returns what `wanted` does, for every trial: number of results, shapes and values."""
    for run in _runs(case, part_id, name):
        _require_no_error(run, _place(case, part_id, run))
        right = wanted(*(argument.copy() for argument in case.arguments[name][run.trial]))
        results = [np.asarray(each) for each in (right if isinstance(right, tuple) else (right,))]
        _compare(run, results, _place(case, part_id, run))


def require_type(case: Case, part_id: str, name: str, dtype: str) -> None:
    """Ask whether all that a function returns is of a type, such as `float32`."""
    for run in _runs(case, part_id, name):
        _require_no_error(run, _place(case, part_id, run))
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
        if data.labels != "one_hot":
            fail("not-one-hot", _place(case, part_id, run), split=split_name(split))


def _loader(case: Case, part_id: str, name: str) -> FunctionRun:
    run = _runs(case, part_id, name)[0]
    _require_no_error(run, _place(case, part_id, run), is_given=False)
    _require_something(run, _place(case, part_id, run))
    if len(run.kinds) != RESULTS_OF_LOADER:
        place = _place(case, part_id, run)
        fail("function-count", place, name=name, found=_count(run), wanted=RESULTS_OF_LOADER)
    return run


def _runs(case: Case, part_id: str, name: str) -> list[FunctionRun]:
    require_filled(case, part_id)
    runs = [run for run in case.evidence.functions if run.name == name]
    if not runs:
        nothing_recorded(case, part_id, _("There is no function `{name}`.").format(name=name))
    return runs


def _require_no_error(run: FunctionRun, place: Place, *, is_given: bool = True) -> None:
    if keras_2 := keras_2_name(run.error):
        fail("keras-2", place, name=keras_2, error=run.error)
    if run.error:
        fail("function-stopped" if is_given else "loader-stopped", place, name=run.name, error=run.error)


def _require_something(run: FunctionRun, place: Place) -> None:
    if not _count(run):
        fail("function-nothing", place, name=run.name)


def _compare(run: FunctionRun, wanted: list[Array], place: Place) -> None:
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
        if not np.allclose(
            mine, theirs, rtol=TOLERANCE, atol=TOLERANCE * max(float(np.abs(theirs).max(initial=0)), 1e-9)
        ):
            _complain_of_values(which, mine, theirs, place)


def _complain_of_kind(which: str, kind: str, wanted: str, place: Place) -> NoReturn:
    """Say that a result is no array of numbers, or one that is far too large."""
    if "[" not in kind:
        fail("function-no-numbers", place, which=which, found=kind)
    found = kind.partition("[")[2].rstrip("]").replace(", ", " × ")
    fail("function-shape", place, which=which, found=found, wanted=wanted)


def _complain_of_values(which: str, mine: Array, theirs: Array, place: Place) -> NoReturn:
    if not mine.ndim:
        fail("function-value", place, which=which)
    off = float(np.mean(~np.isclose(mine, theirs, rtol=TOLERANCE, atol=TOLERANCE)))
    fail("function-values", place, which=which, share=off, low=float(mine.min()), high=float(mine.max()))


def _count(run: FunctionRun) -> int:
    return 0 if run.kinds == ("NoneType",) else len(run.kinds)


def _facts(run: FunctionRun, position: int) -> DataFacts | None:
    return run.facts[position] if position < len(run.facts) else None


def _place(case: Case, part_id: str, run: FunctionRun) -> Place:
    return (run.cell, run.line) if run.cell else place_of(case, part_id)
