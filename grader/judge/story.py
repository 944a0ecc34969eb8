"""The story of a run for staff: what was asked of which network with which images, and what somebody may look into.

All of it was recorded beside the submission, so it is a claim until something else agrees with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from grader.evidence import Call
from grader.judge.case import Case
from grader.language import gettext as _
from grader.language import ngettext
from grader.model import CheckResult, Event
from grader.redaction import redacted

EVENTS_SHOWN = 200
"""Requests of one submission that staff can read: a lab makes a dozen."""

_SUSPICIOUS = frozenset(
    ("trained-elsewhere", "history-made-up", "answers-not-learnt", "nothing-changed", "training-unseen", "not-rebuilt")
)
"""Defects that honest work seldom has."""


def events(case: Case, hidden: Collection[str]) -> tuple[Event, ...]:
    """Return what was asked of networks, in order; what looks like a key is masked."""
    return tuple(_event(case, call, hidden) for call in case.evidence.calls[:EVENTS_SHOWN])


def integrity(case: Case, results: Sequence[CheckResult]) -> tuple[str, ...]:
    """Return what somebody may want to look into; nothing for most submissions. None of it is a verdict."""
    return tuple(_notes(case, results))


def _event(case: Case, call: Call, hidden: Collection[str]) -> Event:
    role = case.role_of(call.model)
    return Event(
        name=call.name,
        network=case.name_of(call.model),
        role=_(role.title) if role else "",
        split=call.data.split if call.data else "",
        labels=call.data.labels if call.data else "",
        rows=call.data.rows if call.data else None,
        cell=call.cell,
        line=call.line,
        result=redacted(", ".join(_facts(call)), hidden),
        error=redacted(call.error, hidden),
        finished=call.finished,
    )


def _facts(call: Call) -> Iterator[str]:
    """Yield what a request was given and gave back, in a few words each."""
    for name in ("optimizer", "loss", "epochs", "batch_size"):
        if isinstance(value := call.settings.get(name), str | int | float) and value != "":
            yield f"{name} {str(value)[:60]}"
    history = call.result.get("history")
    for name, curve in list(history.items())[:4] if isinstance(history, dict) else ():
        if curve:
            yield f"{str(name)[:30]} {_number(curve[0])} → {_number(curve[-1])}"
    values, shape = call.result.get("values"), call.result.get("shape")
    if isinstance(values, list):
        yield "= " + "; ".join(map(_number, values[:4]))
    if isinstance(shape, list):
        yield " × ".join(str(size)[:12] for size in shape[:4])


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else str(value)[:30]


def _notes(case: Case, results: Sequence[CheckResult]) -> Iterator[str]:
    lost = case.evidence.malformed
    if lost:
        said = ngettext(
            "{number} record of the run did not have its form and was left out.",
            "{number} records of the run did not have their form and were left out.",
            lost,
        )
        yield said.format(number=lost)
    for role in case.lab.roles:
        if problem := next((n.problem for n in case.verified_networks(role.id) if not n.rebuilt), None):
            said = _("The {role} could not be rebuilt ({problem}): its answers are those that the worker claimed.")
            yield said.format(role=role.called, problem=problem[:200])
    for result in results:
        if result.feedback.defect in _SUSPICIOUS:
            said = _("“{title}” found `{defect}`, which honest work seldom has. Look at the code before you judge.")
            yield said.format(title=result.spec.title, defect=result.feedback.defect)
    if case.evidence.ending != "done":
        said = _("The run ended before its end ({reason}).")
        yield said.format(reason=f"{case.evidence.ending} {case.evidence.ending_detail}".strip()[:200])
