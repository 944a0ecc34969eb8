"""What the questions about compile, fit and evaluate share: the calls of a part, and what any of them may get wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from grader.evidence import Call, Value
from grader.judge import labels
from grader.judge.case import Case
from grader.judge.reading import keras_2_name, nothing_recorded, require_filled, require_written
from grader.judge.verdict import Problem, fail, not_attempted
from grader.language import N_
from grader.language import gettext as _

_DOING = {"compile": N_("compiles"), "fit": N_("trains"), "evaluate": N_("evaluates")}

_NEVER = {
    "compile": N_("The {role} is never compiled: no `compile` of `{variable}` ran."),
    "fit": N_("The {role} is never trained: no `fit` of `{variable}` ran."),
    "evaluate": N_("The {role} is never evaluated: no `evaluate` of `{variable}` ran."),
}

FEW_PIXELS = 49
"""Numbers in a row below which it is no image, however it was made smaller."""

A_SET = 100 * 28 * 28
"""Numbers in a row from which on it is a whole set of images, with its new axis in front."""


def calls_of(case: Case, role_id: str, part_id: str, method: str) -> list[Call]:
    """Return the calls of a method on a role's networks; ends the check where the part is blank or there is none."""
    calls = case.calls(method, case.models(role_id))
    require_filled(case, part_id, [(call.cell, call.line) for call in calls])
    if not calls:
        require_written(case, part_id)
        if case.is_absent(role_id):
            not_attempted("nothing-written", part=_(case.lab.part(part_id).title))
        _complain_of_other_network(case, role_id, part_id, method)
        role = case.role(role_id)
        nothing_recorded(case, part_id, _(_NEVER[method]).format(role=role.called, variable=role.variable))
    return calls


def _complain_of_other_network(case: Case, role_id: str, part_id: str, method: str) -> None:
    """Name the commonest slip: the call in this part's place goes to another network."""
    role = case.role(role_id)
    places = case.places(case.lab.part(part_id))
    for call in case.calls(method):
        other = case.role_of(call.model)
        here = any(cell.index == call.cell and m.line <= (call.line or 0) <= m.end_line for cell, m in places)
        if here and other is not None and other.id != role_id and method in _DOING:
            fail(
                "other-network",
                (call.cell, call.line),
                doing=_(_DOING[method]),
                mine=case.name_of(call.model) or other.variable,
                other=other.called,
                role=role.called,
                wanted=case.variable_of(role_id),
                method=method,
            )


def require_one_right(calls: Sequence[Call], problem_of: Callable[[Call], Problem | None]) -> None:
    """End the check with the problem of the last call, where none of them is without one."""
    last: tuple[Call, Problem] | None = None
    for call in calls:
        problem = problem_of(call)
        if problem is None:
            return
        last = call, problem
    if last is not None:
        call, (defect, details) = last
        fail(defect, (call.cell, call.line), **details)


def common_problem(call: Call) -> Problem | None:
    """Return what is wrong with the arguments of a `fit` or an `evaluate`, whatever it is for."""
    if name := keras_2_name(call.error):
        return "keras-2", {"name": name, "error": call.error}
    if call.error.startswith("TypeError") and "argument" in call.error:
        return "arguments", {"method": call.name, "error": call.error}
    if call.data is None or (call.data.split == "other" and math.prod(call.data.shape) < FEW_PIXELS):
        return "without-images", {"method": call.name, "error": call.error}
    if call.data.labels == "absent":
        return "without-labels", {"method": call.name}
    # One row that holds all images cannot fit their labels; what became of the images is a part of its own.
    if call.data.labels == "mismatch" and math.prod(call.data.shape) < A_SET:
        return "labels-do-not-match", {}
    return None


def unexplained(case: Case, problem: Problem | None) -> Problem | None:
    """Return the problem unless the lab's own functions or labels brought it about, which are judged by themselves."""
    if problem is not None and problem[0] == "labels-do-not-match" and labels.are_misplaced(case):
        return None
    facts = [data for run in case.evidence.functions for data in run.facts if data is not None]
    if problem is None or not facts:
        return problem
    if problem[0] == "labels-do-not-match":
        loaded = {data.labels for data in facts if data.split in _OTHER_SPLIT}
        return None if loaded & {"mismatch", "absent"} else problem
    exchanged = [value for value in case.evidence.values if value.name in case.lab.watched and _is_exchanged(value)]
    return None if exchanged and problem[0] in _ABOUT_SPLITS else problem


_OTHER_SPLIT = {"train": "test", "test": "train"}
_ABOUT_SPLITS = ("trains-on-test-images", "evaluates-training-images")


def _is_exchanged(value: Value) -> bool:
    """Tell whether a name that speaks of one split holds images of the other."""
    return _OTHER_SPLIT.get(value.data.split, "-") in value.name.lower()
