"""From outcomes to a `Grade`: parts with points, and what the report shows beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

import numpy as np

from grader import late, rubric
from grader.evidence import Call, Cell
from grader.judge import questions
from grader.judge.case import Case
from grader.language import N_, use
from grader.language import gettext as _
from grader.model import (
    CellView,
    CheckResult,
    Grade,
    History,
    ModelView,
    Outcome,
    PartResult,
    Prediction,
    RunFacts,
)
from grader.redaction import redacted, secrets
from grader.submission import Identity
from grader.verification import VerifiedNetwork

PREDICTIONS_SHOWN = 12
WRONG_SHOWN = 4
"""Of the images in the report, how many may be mistakes: the most confident ones, which teach most."""

NOISE_SHOWN = 5


def grade(
    case: Case,
    results: Sequence[CheckResult],
    submission: Identity,
    run: RunFacts,
    duration_s: float,
    *,
    handed_in: late.HandedIn | None = None,
) -> Grade:
    """Return the grade of a case; `handed_in` says when it was handed in, for labs with a deadline.

    Raises:
        AuthorError: the checks do not add up to the points of the lab.
    """
    with use(case.language):
        return _grade(case, results, submission, run, duration_s, handed_in)


def _grade(
    case: Case,
    results: Sequence[CheckResult],
    submission: Identity,
    run: RunFacts,
    duration_s: float,
    handed_in: late.HandedIn | None,
) -> Grade:
    extra_parts = frozenset(part.id for part in case.lab.parts if part.extra)
    rubric.validate([result.spec for result in results], {p.id: p.points for p in case.lab.parts}, extra_parts)
    hidden = secrets(cell.source for cell in case.evidence.cells)
    told = [_without_secrets(result, hidden) for result in results]
    parts = tuple(
        rubric.settle(part.id, _(part.title), [r for r in told if r.spec.part == part.id], extra=part.extra)
        for part in case.lab.parts
    )
    earned, points, extra = rubric.score(parts, case.lab.extra_cap)
    penalty = None
    if case.lab.late is not None and handed_in is not None:
        penalty = late.penalty(case.lab.late, handed_in, earned=earned, total=points)
    return Grade(
        lab=case.lab.id,
        lab_title=_(case.lab.title),
        submission_id=submission.id,
        submission_file=PurePath(submission.file).name,
        sha256=submission.sha256,
        run=run,
        earned=earned - (penalty.off if penalty else 0),
        points=points,
        parts=parts,
        models=tuple(view for role in case.lab.roles if (view := _model_view(case, role.id)) is not None),
        predictions=_predictions(case),
        cells=tuple(_cell_view(cell, parts, hidden) for cell in case.evidence.cells),
        findings=tuple(_findings(case)),
        extra=extra,
        penalty=penalty,
        written=tuple(questions.written(case, hidden)),
        duration_s=duration_s,
        language=case.language,
    )


def _last_trained(case: Case, role_id: str) -> VerifiedNetwork | None:
    trained = {(s.model, s.call) for s in case.snapshots(role_id) if s.stage == "trained"}
    networks = [n for n in case.verified_networks(role_id) if (n.model, n.call) in trained]
    return networks[-1] if networks else None


def _model_view(case: Case, role_id: str) -> ModelView | None:
    snapshots = case.snapshots(role_id)
    if not snapshots:
        return None
    role, expected = case.role(role_id), case.expected.networks[role_id]
    shown = _last_trained(case, role_id)
    first = case.verified.networks.get((snapshots[0].model, snapshots[0].call))
    layers = first.layers if first else snapshots[0].layers
    history = _history(case.calls("fit", case.models(role_id)))
    return ModelView(
        role=role_id,
        title=_(role.title),
        variable=case.name_of(snapshots[0].model) or role.variable,
        layers=layers,
        expected_layers=expected.layers,
        parameters=first.parameters if first else snapshots[0].parameters,
        expected_parameters=expected.parameters,
        history=history,
        train_accuracy=history.accuracy[-1] if history.accuracy else None,
        test_accuracy=case.accuracy(shown) if shown else None,
        expected_accuracy=case.expected.accuracy.get(role_id),
        rebuilt=bool(first and first.rebuilt),
        called=role.called,
    )


def _history(fits: Sequence[Call]) -> History:
    finished = [fit for fit in fits if fit.finished]
    curves = finished[-1].result.get("history") if finished else None
    if not isinstance(curves, Mapping):
        return History()
    accuracy = next((name for name in curves if "acc" in name and not name.startswith("val_")), "accuracy")
    return History(
        loss=_curve(curves.get("loss")),
        accuracy=_curve(curves.get(accuracy)),
        val_loss=_curve(curves.get("val_loss")),
        val_accuracy=_curve(curves.get(f"val_{accuracy}")),
    )


def _curve(values: object) -> tuple[float, ...]:
    """Return a curve; what was not a number when it was recorded is NaN here, so that epochs keep their place."""
    if not isinstance(values, list):
        return ()
    return tuple(float(v) if isinstance(v, int | float) else float("nan") for v in values)


def _predictions(case: Case) -> tuple[Prediction, ...]:
    """Return images for the report from the last network of the lab: mistakes first, then the first images."""
    network = next((n for role in reversed(case.lab.roles) if (n := _last_trained(case, role.id)) is not None), None)
    if network is None or network.outputs is None or network.outputs.shape[1:] != (10,):
        return ()
    outputs = np.nan_to_num(network.outputs.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    labels, guesses = case.verified.labels, outputs.argmax(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    wrong = wrong[np.argsort(-outputs[wrong].max(axis=1), kind="stable")][:WRONG_SHOWN]
    right = np.flatnonzero(guesses == labels)[: PREDICTIONS_SHOWN - len(wrong)]
    return tuple(
        Prediction(
            pixels=tuple(row.tobytes() for row in case.verified.images[number]),
            truth=int(labels[number]),
            guess=int(guesses[number]),
            confidences=tuple(np.clip(outputs[number], 0, 1).tolist()),
        )
        for number in (*right, *wrong)
    )


def _without_secrets(result: CheckResult, hidden: frozenset[str]) -> CheckResult:
    told = result.feedback
    return replace(result, feedback=replace(told, rationale=redacted(told.rationale, hidden)))


def _cell_view(cell: Cell, parts: Sequence[PartResult], hidden: frozenset[str]) -> CellView:
    failure = cell.failure
    pointed = [
        check.feedback.line
        for part in parts
        for check in part.checks
        if check.feedback.cell == cell.index
        and check.outcome not in (Outcome.PASSED, Outcome.NOT_RUN)
        # A line that only a hidden check points at would give it away.
        and not check.spec.hidden
    ]
    own = failure.line if failure is not None and failure.cell in (cell.index, None) else None
    return CellView(
        index=cell.index,
        state=cell.state,
        source=redacted(cell.source, hidden),
        failing_line=own or next((line for line in pointed if line is not None), None),
        exception=redacted(f"{failure.type}: {failure.message}", hidden) if failure else "",
        output=redacted(cell.output, hidden),
        seconds=cell.seconds,
    )


_NOISE_OF_ASSERT = N_(
    "Cell {cell}, line {line}: this `assert` does not hold where your work is graded. It costs nothing."
)
_NOISE = {
    "PermissionError": N_(
        "Cell {cell}, line {line}: no other program, no network and no file elsewhere can be reached where your work "
        "is graded. It costs nothing."
    ),
    "SystemExit": N_("Cell {cell}, line {line}: this would have ended the program; it went on. It costs nothing."),
}
"""What is said of a statement that failed for what is around it, by the type of the error."""


_ENDINGS = {
    "wall": N_("The whole program ran out of time; what came before was graded."),
    "memory": N_("The program used too much memory and was ended; what came before was graded."),
    "cpu": N_("The whole program ran out of time; what came before was graded."),
    "disk": N_("The program wrote too many files and was ended; what came before was graded."),
    "output": N_("The program printed far too much and was ended; what came before was graded."),
    "died": N_("Python ended in the middle of the program; what came before was graded."),
    "protocol": N_("The program disturbed the grader's own messages and was ended; what came before was graded."),
}
"""What is said of a program that did not come to its end, by how it ended."""


def _findings(case: Case) -> list[str]:
    """Return remarks that cost nothing but help: how the run ended, and what stopped outside the graded parts."""
    found: list[str] = []
    found += [
        _(_NOISE.get(failure.type, _NOISE_OF_ASSERT)).format(cell=cell.index, line=failure.line or failure.first)
        for cell in case.evidence.cells
        for failure in cell.failures
        if failure.kind == "noise"
    ][:NOISE_SHOWN]
    stand_ins = case.evidence.run.get("stand_ins")
    if isinstance(stand_ins, list) and stand_ins:
        names = ", ".join(str(name)[:40] for name in stand_ins[:20])
        missing = _("Not installed where your work is graded, and not needed for its parts: {names}.")
        found.append(missing.format(names=names))
    replaced = [role.called for role in case.lab.roles if case.models(role.id) & case.surrogates]
    found += [
        _(
            "The {role} could not be used, so a small one of ours took its place: that is how the parts that need "
            "it were judged all the same."
        ).format(role=called)
        for called in replaced
    ]
    if case.evidence.ending in _ENDINGS:
        detail = case.evidence.ending_detail
        found.append(_(_ENDINGS[case.evidence.ending]) + (f" ({detail})" if detail else ""))
    if case.verified.fault:
        lost = _("The networks could not all be recomputed ({fault}).")
        found.append(lost.format(fault=case.verified.fault))
    return found
