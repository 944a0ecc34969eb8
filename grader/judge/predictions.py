"""Questions about predictions: whose they are, and whether the digit is found in them."""

from __future__ import annotations

from collections.abc import Sequence

from grader.evidence import Probe
from grader.judge.architecture import CLASSES
from grader.judge.case import Case
from grader.judge.reading import nothing_recorded, place_of, require_written
from grader.judge.verdict import Place, fail, no_evidence


def require_predictions_of(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the predictions are those of the right network for the test images."""
    require_written(case, part_id, _answer_place(case))
    calls, role = case.calls("predict"), case.role(role_id)
    mine = [call for call in calls if call.model in case.models(role_id)]
    if any(call.data is None or call.data.split in ("test", "other") for call in mine):
        return
    # One image of the training set is often predicted just to build a network; it is not what is asked about.
    others = [call for call in calls if call not in mine and call.data is not None and call.data.split == "test"]
    if mine and not others:
        fail("predicts-training-images", (mine[-1].cell, mine[-1].line))
    if calls:
        call = (others or calls)[-1]
        fail(
            "predicts-with-other-network",
            (call.cell, call.line),
            mine=case.name_of(call.model) or "another network",
            role=role.title,
            wanted=case.variable_of(role_id),
        )
    probe = _probe(case)
    if probe is not None and not probe.error and case.models(role_id):
        return  # Predicted by calling the network itself: what the expression does is the other check's question.
    no_evidence("not-recorded", place_of(case, part_id), what="No predictions were made.")


def _probe(case: Case) -> Probe | None:
    return next((probe for probe in case.evidence.probes if probe.name == case.lab.prediction), None)


def _answer_place(case: Case) -> list[Place]:
    probe = _probe(case)
    return [(probe.cell, probe.line)] if probe is not None and not probe.error else []


def require_argmax(case: Case, part_id: str) -> None:
    """Ask whether the expression finds the likeliest digit of the first image, on predictions the grader chose."""
    require_written(case, part_id, _answer_place(case))
    name, probe = case.lab.prediction, _probe(case)
    if probe is None:
        nothing_recorded(case, part_id, f"No value is given to `{name}`.")
    place = (probe.cell, probe.line)
    if probe.error:
        no_evidence("expression-stopped", place, error=probe.error)
    wanted = [float(trial[0].argmax()) for trial in case.trials]
    if list(probe.answers) != wanted:
        fail(_defect(probe.answers, probe.kind), place, name=name, found=probe.kind.removeprefix("array of "))


def _defect(answers: Sequence[object], kind: str) -> str:
    numbers = [answer for answer in answers if isinstance(answer, float)]
    if kind.startswith("array of"):
        return "answer-is-array"
    if any(number >= CLASSES for number in numbers):
        return "argmax-of-everything"
    if any(number != int(number) for number in numbers):
        return "answer-is-probability"
    return "wrong-digit"
