"""Questions about evaluate: judged on the record of calls."""

from __future__ import annotations

from grader.evidence import Call
from grader.judge import images
from grader.judge.calls import calls_of, common_problem, require_one_right, unexplained
from grader.judge.case import Case
from grader.judge.compiling import kind_problem
from grader.judge.verdict import Problem, fail
from grader.language import whole

A_FEW = 100
"""Test images below which an evaluation says next to nothing."""


def require_evaluate(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the right network is evaluated on the test images with their own labels."""
    calls = calls_of(case, role_id, part_id, "evaluate")
    require_one_right(
        calls,
        lambda call: (
            unexplained(case, _evaluate_problem(call))
            or _feeding_problem(case, call)
            or kind_problem(case, role_id, call)
        ),
    )
    kept = _kept_as_accuracy(case)
    for call in calls:
        if _are_results_unpacked_swapped(case, call) or _is_loss_kept_as_accuracy(call, kept):
            fail("results-swapped", (call.cell, call.line))


def _feeding_problem(case: Case, call: Call) -> Problem | None:
    """Return that other pixels are given to `evaluate` than to the training, which is asked about first."""
    fits = [fit for fit in case.calls("fit") if fit.model == case.copies.get(call.model or 0, call.model)]
    is_alike = bool(fits) and all(images.feeding_problem(case, fit) is not None for fit in fits)
    return None if is_alike else images.feeding_problem(case, call)


def _are_results_unpacked_swapped(case: Case, call: Call) -> bool:
    """Tell whether the first of the results, which is the loss, is kept under a name that speaks of the accuracy."""
    marks = [m for cell in case.evidence.cells if cell.index == call.cell for m in cell.marks]
    names = [m.targets for m in marks if m.line <= (call.line or 0) <= m.end_line and len(m.targets) > 1]
    return any("acc" in first.lower() and "loss" not in first.lower() for first, *_ in names)


def _kept_as_accuracy(case: Case) -> frozenset[float | None]:
    """Return the numbers that names which speak of the accuracy held by themselves."""
    named = (n.numbers for n in case.evidence.numbers if "acc" in n.name.lower())
    return frozenset(numbers[0] for numbers in named if len(numbers) == 1)


def _is_loss_kept_as_accuracy(call: Call, kept: frozenset[float | None]) -> bool:
    """Tell whether the loss of an evaluation was kept as an accuracy, and none of its metrics was."""
    values = call.result.get("values")
    loss, *metrics = values if isinstance(values, list) and values else [None]
    told = [metric for metric in metrics if isinstance(metric, int | float)]
    return isinstance(loss, int | float) and loss in kept and bool(told) and kept.isdisjoint(told)


def _evaluate_problem(call: Call) -> Problem | None:
    if call.data is not None and call.data.split in ("train", "mixed"):
        return "evaluates-training-images", {}
    if call.data is not None and call.data.split == "test" and call.data.rows < A_FEW:
        return "few-test-images", {"found": whole(call.data.rows)}
    return common_problem(call)


def require_evaluate_after_fit(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the evaluation comes after the training, where there is a training of the same network."""
    require_evaluate(case, role_id, part_id)
    models = case.models(role_id)
    right = [call for call in case.calls("evaluate", models) if _evaluate_problem(call) is None]
    fits = case.calls("fit", models)
    is_late = any(_is_after(case, fit, call) for fit in fits for call in right)
    if fits and right and not is_late:
        fail("evaluates-before-training", (right[-1].cell, right[-1].line), role=case.role(role_id).called)


def _is_after(case: Case, fit: Call, call: Call) -> bool:
    """Tell whether a call asks what a training made: its network, or one that was read from a file of its epochs."""
    if fit.model == case.copies.get(call.model or 0, call.model):
        return fit.number < call.number
    is_read = any(load.model == call.model and fit.number < load.number for load in case.calls("load_model"))
    return is_read and call.model not in case.copies and not case.is_as_it_began(call.model, fit.model)
