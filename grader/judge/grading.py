"""From outcomes to a `Grade`: parts with points, and what the report shows beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from grader import late, rubric
from grader.evidence import Cell
from grader.judge import questions, story, views
from grader.judge.case import Case
from grader.language import N_, use
from grader.language import gettext as _
from grader.model import (
    CellView,
    CheckResult,
    Grade,
    Outcome,
    PartResult,
    RunFacts,
)
from grader.redaction import redacted, secrets
from grader.submission import Identity

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
    first, mistakes = views.predictions(case)
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
        models=views.networks(case),
        predictions=first,
        mistakes=mistakes,
        cells=tuple(_cell_view(cell, parts, hidden) for cell in case.evidence.cells),
        findings=tuple(_findings(case)),
        extra=extra,
        penalty=penalty,
        written=tuple(questions.written(case, hidden)),
        story=story.events(case, hidden),
        integrity=story.integrity(case, told),
        duration_s=duration_s,
        language=case.language,
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
