"""`report.json`: the grade for machines, in a versioned format (its history stands at `REPORT_FORMAT`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from grader import points
from grader.errors import MachineError
from grader.language import use
from grader.model import (
    REPORT_FORMAT,
    CellView,
    CheckResult,
    Grade,
    History,
    LayerRow,
    ModelView,
    Outcome,
    PartResult,
    Penalty,
)
from grader.report import account, audience
from grader.text import PARAGRAPH, clean, finite, line

if TYPE_CHECKING:
    from fractions import Fraction

_CURVE_PLACES = 6
"""Decimals of losses and of accuracies along the epochs: more than Keras prints, less than float noise."""


def render(grade: Grade, *, staff: bool = False) -> str:
    """Return the report as JSON in pure ASCII: keys in a fixed order, no NaN, a line end at the end.

    Args:
        grade: what to report.
        staff: whether hidden checks are told one by one; a student's file has their number and sums.
    """
    with use(grade.language):
        document = _document(grade, staff=staff)
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _document(grade: Grade, *, staff: bool) -> dict[str, Any]:
    score = _points(grade.earned, grade.points) | _account(grade)
    grade = grade if staff else audience.for_students(grade)
    return {
        "format": REPORT_FORMAT,
        "language": line(grade.language),
        "lab": line(grade.lab),
        "submission": _submission(grade),
        "run": _run(grade),
        "score": score,
        "waiting_points": points.number(grade.waiting, grade.points),
        "parts": [_part(part) for part in grade.parts],
        "models": [_model(model) for model in grade.models],
        "findings": [clean(finding, PARAGRAPH) for finding in grade.findings],
        "cells": [_cell(cell) for cell in grade.cells],
        "duration_s": _rounded(grade.duration_s, 3),
    }


def read(text: str) -> dict[str, Any]:
    """Return a report that `render` wrote.

    Raises:
        MachineError: `report-format`, the text is not such a report or has another version.
    """
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MachineError(
            f"this is not a report: {error}; grade again to get a new one", slug="report-format"
        ) from error
    found = document.get("format") if isinstance(document, dict) else None
    # `True == 1`: the type is compared too.
    if type(found) is not int or found != REPORT_FORMAT:
        raise MachineError(
            f"the report has format {repr(found)[:40]}, this version reads {REPORT_FORMAT}; grade again",
            slug="report-format",
        )
    return dict(document)


def part_status(part: PartResult) -> str:
    """Return the status as the interface names it: a part that nobody looked at is the grader's fault."""
    status = Outcome.GRADER_ERROR if part.status is Outcome.NOT_RUN else part.status
    return str(status.value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _submission(grade: Grade) -> dict[str, Any]:
    return {
        "id": line(grade.submission_id),
        "file": line(grade.submission_file),
        "sha256": line(grade.sha256),
    }


def _run(grade: Grade) -> dict[str, Any]:
    run = grade.run
    return {
        "effort": line(run.effort),
        "data": line(run.data),
        "seed": run.seed,
        "tier": line(run.tier),
        "versions": {line(name): line(version) for name, version in run.versions},
        "caps": [clean(cap, PARAGRAPH) for cap in run.caps],
        "notes": [clean(note, PARAGRAPH) for note in run.notes],
    }


def _points(earned: Fraction, maximum: Fraction) -> dict[str, float]:
    return {"points": points.number(earned, maximum), "max_points": points.number(maximum, maximum)}


def _account(grade: Grade) -> dict[str, Any]:
    """Return how the score comes about: `hidden`, `extra` and `late`, each only where the lab has it."""
    hidden, extra, late = audience.hidden_sum(grade), grade.extra, grade.penalty
    found: dict[str, Any] = {}
    if hidden is not None:
        found["hidden"] = {"checks": hidden.checks, **_points(hidden.earned, hidden.points)}
    if extra is not None:
        found["extra"] = {
            **_points(extra.earned, extra.points),
            "counted": points.number(extra.counted, extra.points),
            "cap": None if extra.cap is None else points.number(extra.cap, extra.cap),
        }
    if late is not None:
        found["late"] = _late(late)
    return found


def _late(late: Penalty) -> dict[str, Any]:
    return {
        "submitted_at": late.handed_in.isoformat(),
        "deadline": late.due.isoformat(),
        "extended": late.extended,
        "grace_s": late.grace.total_seconds(),
        "late_by_s": late.late_by.total_seconds(),
        "percent": float(late.percent),
        "of_points": points.number(late.base, late.base),
        "points_off": points.number(late.off, late.base),
        "explanation": account.penalty(late),
    }


def _part(part: PartResult) -> dict[str, Any]:
    return {
        "id": line(part.id),
        "title": line(part.title),
        "status": part_status(part),
        **_points(part.earned, part.points),
        "extra": part.extra,
        "waiting_points": points.number(part.waiting, part.points),
        "checks": [_check(check) for check in part.checks],
    }


def _check(check: CheckResult) -> dict[str, Any]:
    return {
        "id": line(check.spec.id),
        "title": line(check.spec.title),
        "outcome": check.outcome.value,
        **_points(check.earned, check.spec.points),
        "rationale": clean(check.feedback.rationale, PARAGRAPH),
        "hint": clean(check.feedback.hint, PARAGRAPH),
        "deeper": clean(check.feedback.deeper, PARAGRAPH),
        "cell": check.feedback.cell,
        "line": check.feedback.line,
        "hidden": check.spec.hidden,
        "extra": check.spec.extra,
    }


def _model(model: ModelView) -> dict[str, Any]:
    return {
        "role": line(model.role),
        "variable": line(model.variable),
        "parameters": model.parameters,
        "expected_parameters": model.expected_parameters if model.expected_layers else None,
        "layers": [_layer(layer) for layer in model.layers],
        "train_accuracy": points.accuracy(model.train_accuracy),
        "test_accuracy": points.accuracy(model.test_accuracy),
        "rebuilt": model.rebuilt,
        "confusion": [list(row) for row in model.confusion],
        "history": _history(model.history),
    }


def _layer(layer: LayerRow) -> dict[str, Any]:
    return {
        "kind": line(layer.kind),
        "output_shape": list(layer.output_shape),
        "parameters": layer.parameters,
        "activation": line(layer.activation),
    }


def _history(history: History) -> dict[str, list[float | None]]:
    return {
        "loss": _curve(history.loss),
        "accuracy": _curve(history.accuracy),
        "val_loss": _curve(history.val_loss),
        "val_accuracy": _curve(history.val_accuracy),
    }


def _curve(values: tuple[float, ...]) -> list[float | None]:
    return [_rounded(value, _CURVE_PLACES) for value in values]


def _rounded(value: float, places: int) -> float | None:
    number = finite(value)
    return None if number is None else round(number, places)


def _cell(cell: CellView) -> dict[str, Any]:
    return {
        "index": cell.index,
        "state": line(cell.state),
        "exception": clean(cell.exception, PARAGRAPH),
        "failing_line": cell.failing_line,
    }
