"""Questions about lists of answers found in predictions: the class of each image, and which of them are right."""

from __future__ import annotations

import numpy as np

from grader.evidence import Probe
from grader.judge.case import Case
from grader.judge.reading import (
    advice_for,
    complain_of_missing_names,
    keras_2_name,
    nothing_recorded,
    place_of,
    require_written,
)
from grader.judge.verdict import Place, fail, no_evidence
from grader.language import gettext as _
from grader.wire import Array

SHOWN = 9
"""Indices that are enough where only the first ones are kept for a figure."""


def require_classes(case: Case, part_id: str, name: str) -> None:
    """Ask whether an expression finds the likeliest digit of each image, on predictions that the grader chose."""
    probe = _answered(case, part_id, name)
    if any(_are_classes(case, each) for each in _probes(case, name)):
        return
    place, count = _place(probe), _count(probe)
    if count == 1:
        fail("classes-single", place, name=name)
    if probe.arrays and count > case.trials.shape[2]:
        fail("wrong-classes", place, name=name)
    if case.test_labels is not None and count == len(case.test_labels):
        fail("classes-are-probabilities", place, name=name)
    if count:
        fail("classes-length", place, name=name, found=count)
    fail("wrong-classes", place, name=name)


def _count(probe: Probe) -> int:
    """Return how many numbers an answer holds; 0 where it is not made of numbers."""
    if probe.arrays:
        return len(probe.arrays[0])
    count = probe.kind.removeprefix("array of ")
    return int(count) if count.isdecimal() else int(any(isinstance(answer, float) for answer in probe.answers))


def require_indices(case: Case, part_id: str, name: str, *, correct: bool) -> None:
    """Ask whether an expression finds the images that are predicted correctly, or those that are not."""
    probe = _answered(case, part_id, name)
    if any(_are_indices(case, each, correct=correct) for each in _probes(case, name)):
        return
    wanted = _("correctly") if correct else _("incorrectly")
    if any(_are_indices(case, each, correct=not correct) for each in _probes(case, name)):
        fail("indices-swapped", _place(probe), name=name, wanted=wanted)
    if any(_are_truths(answer) for answer in probe.arrays):
        fail("indices-are-truths", _place(probe), name=name, wanted=wanted)
    if _count(probe) == 1:
        fail("indices-single", _place(probe), name=name, wanted=wanted)
    fail("wrong-indices", _place(probe), name=name, wanted=wanted)


def _answered(case: Case, part_id: str, name: str) -> Probe:
    """Return the last statement that gives the answer; ends the check where there is none, or where it stopped."""
    probes = _probes(case, name)
    require_written(case, part_id, [(probe.cell, probe.line) for probe in probes if not probe.error])
    if not probes:
        nothing_recorded(case, part_id, _("No value is given to `{name}`.").format(name=name))
    probe = probes[-1]
    if all(each.error for each in probes):
        place = _place(probe)
        if keras_2 := keras_2_name(probe.error):
            fail("keras-2", place, name=keras_2, error=probe.error)
        place = place if place[0] else place_of(case, part_id)
        kind, _colon, message = probe.error.partition(": ")
        if kind == "NameError":
            complain_of_missing_names(case, case.places(case.lab.part(part_id)))
            no_evidence("cell-raised", place, error=probe.error, advice=advice_for(kind, message))
        no_evidence("answer-stopped", place, error=probe.error)
    return probe


def _probes(case: Case, name: str) -> list[Probe]:
    return [probe for probe in case.evidence.probes if probe.name == name]


def _place(probe: Probe) -> Place:
    return probe.cell, probe.line


def _classes(trial: Array, rows: int) -> Array:
    """Return the likeliest class of each of so many rows; a trial is repeated to be as long as the student's own."""
    classes: Array = np.resize(trial, (rows, trial.shape[1])).argmax(axis=1)
    return classes


def _are_truths(answer: Array) -> bool:
    """Tell whether there is a 0 or a 1 for each image, which numbers of different images cannot be."""
    return len(answer) > 2 and set(np.unique(answer)) <= {0, 1}  # noqa: PLR2004 - 0 and 1 are numbers of images, too


def _are_classes(case: Case, probe: Probe) -> bool:
    trials, answers = case.trials, probe.arrays
    if len(answers) != len(trials) or any(len(answer) < trials.shape[1] + 1 for answer in answers):
        return False
    pairs = zip(trials, answers, strict=True)
    return all(np.array_equal(_classes(trial, len(answer)), answer) for trial, answer in pairs)


def _are_indices(case: Case, probe: Probe, *, correct: bool) -> bool:
    if case.test_labels is None or len(probe.arrays) != len(case.trials):
        return False
    labels = case.test_labels
    for trial, answer in zip(case.trials, probe.arrays, strict=True):
        wanted = np.flatnonzero((_classes(trial, len(labels)) == labels) == correct)
        if not np.array_equal(answer, wanted[: len(answer)]) or len(answer) < min(SHOWN, len(wanted)):
            return False
    return True
