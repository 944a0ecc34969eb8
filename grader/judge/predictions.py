"""Questions about predictions: whose they are, and whether the digit is found in them."""

from __future__ import annotations

from collections.abc import Sequence

from grader.evidence import Probe
from grader.judge.architecture import CLASSES
from grader.judge.case import Case
from grader.judge.reading import keras_2_name, nothing_recorded, require_written
from grader.judge.verdict import fail, no_evidence
from grader.language import gettext as _


def require_predictions_of(case: Case, role_id: str, part_id: str, name: str = "") -> None:
    """Ask whether the predictions are those of the right network for the test images.

    `name` is the variable that the answer is in, if it is not the lab's `prediction`.
    """
    name = name or case.lab.prediction
    _require_answered(case, part_id, name)
    calls, role = case.calls("predict"), case.role(role_id)
    # A few images of the training set are often predicted just to build a network; they are not what is asked about.
    asked = [c for c in calls if c.data is None or c.data.split != "train" or c.data.rows > FEW_ROWS]
    mine = [call for call in asked if call.model in case.models(role_id)]
    if any(call.data is None or call.data.split in ("test", "other") for call in mine):
        return
    others = [call for call in asked if call not in mine and call.data is not None and call.data.split == "test"]
    if mine and not others:
        fail("predicts-training-images", (mine[-1].cell, mine[-1].line))
    if asked:
        call = (others or asked)[-1]
        fail(
            "predicts-with-other-network",
            (call.cell, call.line),
            mine=case.name_of(call.model) or _("another network"),
            role=role.called,
            wanted=case.variable_of(role_id),
        )
    if any(not probe.error for probe in _probes(case, name)) and case.models(role_id):
        return  # Predicted by calling the network itself: what the expression does is the other check's question.
    nothing_recorded(case, part_id, _("No predictions were made."))


FEW_ROWS = 32


def _probes(case: Case, name: str) -> list[Probe]:
    return [probe for probe in case.evidence.probes if probe.name == name]


def _is_right(case: Case, probe: Probe) -> bool:
    return list(probe.answers) == [float(trial[0].argmax()) for trial in case.trials]


def _require_answered(case: Case, part_id: str, name: str) -> None:
    """End the check where the part is blank: nothing right is printed, and nothing is assigned."""
    probes = _probes(case, name)
    if not any(probe.printed and _is_right(case, probe) for probe in probes):
        require_written(case, part_id, [(p.cell, p.line) for p in probes if not p.error and not p.printed])


def require_argmax(case: Case, part_id: str) -> None:
    """Ask whether an expression finds the likeliest digit of the first image, on predictions the grader chose.

    One that is right is enough: others are first tries, or loops over further images.
    """
    name = case.lab.prediction
    _require_answered(case, part_id, name)
    probes = _probes(case, name)
    if any(_is_right(case, probe) for probe in probes):
        return
    assigned = [probe for probe in probes if not probe.printed]
    if not assigned:
        nothing_recorded(case, part_id, _("No value is given to `{name}`.").format(name=name))
    _complain_of_keras_2(case)
    probe = assigned[-1]
    place = (probe.cell, probe.line)
    if keras_2 := keras_2_name(probe.error):
        fail("keras-2", place, name=keras_2, error=probe.error)
    if probe.error:
        no_evidence("expression-stopped", place, error=probe.error)
    fail(_defect(probe.answers, probe.kind), place, name=name, found=probe.kind.removeprefix("array of "))


def _complain_of_keras_2(case: Case) -> None:
    """End the check where the predictions were asked for by a method that is gone."""
    for cell in case.evidence.cells:
        lines = [m for m in cell.marks if case.lab.predictions in m.assigns]
        for failure in cell.failures:
            error = f"{failure.type}: {failure.message}"
            name = keras_2_name(error)
            if name and any(mark.line <= (failure.line or 0) <= mark.end_line for mark in lines):
                fail("keras-2", (cell.index, failure.line), name=name, error=error)


def _defect(answers: Sequence[object], kind: str) -> str:
    numbers = [answer for answer in answers if isinstance(answer, float)]
    if kind.startswith("array of"):
        return "answer-is-array"
    if any(number != int(number) for number in numbers):
        return "answer-is-probability"
    if any(number >= CLASSES for number in numbers):
        return "argmax-of-everything"
    return "wrong-digit"
