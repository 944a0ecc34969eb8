"""The words that students read for each outcome, the same in every report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grader.language import N_, ngettext
from grader.language import gettext as _
from grader.model import CheckResult, Grade, Outcome, PartResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """How an outcome is shown: a mark and a word (never colour alone), a tone, a kind sentence.

    `name`, `inside` and `remark` are English; `label`, `small` and `note` are the same in the current language.
    """

    mark: str
    name: str
    inside: str
    tone: str
    remark: str = ""

    @property
    def label(self) -> str:
        """The word as it stands alone."""
        return _(self.name)

    @property
    def small(self) -> str:
        """The word within a sentence or behind a number."""
        return _(self.inside)

    @property
    def note(self) -> str:
        """The kind sentence, or an empty string."""
        return _(self.remark)


_OUR_FAULT: Final = N_("This is our fault, not yours, so these points stay open. Please tell your instructor.")

WORDS: Final[dict[Outcome, Word]] = {
    Outcome.PASSED: Word(mark="✓", name=N_("Passed"), inside=N_("passed"), tone="good"),
    Outcome.PARTIAL: Word(mark="◐", name=N_("Partly right"), inside=N_("partly right"), tone="partial"),
    Outcome.WAITING: Word(
        mark="✎",
        name=N_("Waits for a person"),
        inside=N_("waits for a person"),
        tone="idle",
        remark=N_("Somebody reads what you wrote. Points that wait are counted once it is marked."),
    ),
    Outcome.FAILED: Word(mark="✗", name=N_("Not right yet"), inside=N_("not right yet"), tone="bad"),
    Outcome.NOT_ATTEMPTED: Word(mark="○", name=N_("Not started"), inside=N_("not started"), tone="idle"),
    Outcome.BLOCKED: Word(
        mark="…",
        name=N_("Waiting"),
        inside=N_("waiting"),
        tone="idle",
        remark=N_("This builds on an earlier step. Once that one works, this is looked at too."),
    ),
    Outcome.TIMED_OUT: Word(
        mark="✗",
        name=N_("Ran out of time"),
        inside=N_("ran out of time"),
        tone="bad",
        remark=N_("Your code was still running when its time was over."),
    ),
    Outcome.GRADER_ERROR: Word(mark="!", name=N_("Our fault"), inside=N_("our fault"), tone="fault", remark=_OUR_FAULT),
    Outcome.NOT_RUN: Word(
        mark="!", name=N_("Not looked at"), inside=N_("not looked at"), tone="fault", remark=_OUR_FAULT
    ),
}

ACTIONABLE: Final = frozenset({Outcome.FAILED, Outcome.PARTIAL, Outcome.NOT_ATTEMPTED, Outcome.TIMED_OUT})
"""Outcomes that a student can do something about."""

HIDDEN_RATIONALE: Final = N_("What hidden checks ask is not shown.")
HIDDEN_ONLY: Final = N_(
    "Every check that you can see passes here, a hidden one does not yet. "
    "Read the task once more: is everything it asks for there, for other inputs too?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The most useful thing to do now; `part` and `check` are `None` where there is nothing to point at."""

    kind: str
    part: PartResult | None = None
    check: CheckResult | None = None


def next_step(grade: Grade) -> NextStep:
    """Return the first part, in the lab's order, that needs work; kinds: work, fault, wait, person, done.

    Extra credit comes last.
    """
    for part in sorted(grade.parts, key=lambda part: part.extra):
        if needs_work(part):
            return NextStep(kind="work", part=part, check=first_problem(part))
    for kind, statuses in (
        ("fault", {Outcome.GRADER_ERROR, Outcome.NOT_RUN}),
        ("wait", {Outcome.BLOCKED}),
        ("person", {Outcome.WAITING}),
    ):
        for part in grade.parts:
            if part.status in statuses:
                return NextStep(kind=kind, part=part)
    return NextStep(kind="done")


def count_hidden(number: int) -> str:
    """Return how many hidden checks there are."""
    return ngettext("{number} hidden check", "{number} hidden checks", number).format(number=number)


def needs_work(part: PartResult) -> bool:
    """Tell whether a student can do something about a part, also where another answer in it waits for a person."""
    is_mixed = part.status is Outcome.WAITING and any(check.outcome in ACTIONABLE for check in part.checks)
    return part.status in ACTIONABLE or is_mixed


def first_problem(part: PartResult) -> CheckResult | None:
    """Return the first visible check that did not pass, one that the student can act on before all others."""
    visible = [check for check in part.checks if not check.spec.hidden]
    open_checks = [check for check in visible if check.outcome is not Outcome.PASSED]
    actionable = [check for check in open_checks if check.outcome in ACTIONABLE]
    return next(iter(actionable or open_checks), None)


def explain(check: CheckResult) -> str:
    """Return what happened, in the check's own words or, where it has none, in the outcome's."""
    word = WORDS[check.outcome]
    return check.feedback.rationale or word.note or f"{word.label}."


FEW = 3
"""Places in a row that somebody reads; where more is to be done, it is done one after the other."""


def few(texts: Sequence[str]) -> str:
    """Return texts in a row; of many the first ones, and how many more there are."""
    more = len(texts) - FEW
    if more <= 1:
        return " · ".join(texts)
    rest = ngettext("and {number} more", "and {number} more", more).format(number=more)
    return " · ".join([*texts[:FEW], rest])
