"""Verdicts on the questions of a lab: each is a check of its part. What is answered in words waits for a person.

What is told about a wrong answer never tells the right one, nor how far it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NoReturn

from grader.claims import ANSWER_LIMIT
from grader.evidence import Answer
from grader.judge import answers
from grader.judge.case import Case
from grader.judge.reading import nothing_recorded
from grader.judge.verdict import NOWHERE, Place, Verdict, fail, feedback, not_attempted
from grader.labs import Anchor, Lab, Part
from grader.language import N_, whole
from grader.language import gettext as _
from grader.model import CheckResult, CheckSpec, Feedback, Outcome, WrittenAnswer
from grader.questions import LETTERS, Kind, Question
from grader.redaction import redacted

SHOWN = 120
"""Characters of a short answer that feedback repeats."""

_TITLE = 160

_FORMS = {
    Kind.CHOICE: N_("the letter of one option in quotation marks, from {first} to {last}"),
    Kind.NUMERIC: N_("a single number without quotation marks, or an expression that gives one"),
    Kind.TEXT: N_('words in quotation marks; three of them, """ … """, where they go over several lines'),
}

_TRUTH = N_("`True` or `False`, without quotation marks")


def specs(lab: Lab) -> list[CheckSpec]:
    """Return the checks that the questions of a lab are."""
    return [spec(each) for each in lab.questions]


def spec(question: Question) -> CheckSpec:
    """Return the check that a question is."""
    text = " ".join(_(question.text).split())
    title = text if len(text) <= _TITLE else text[: _TITLE - 1].rstrip() + "…"
    return CheckSpec(id=question.check, part=question.part, title=title, points=question.points)


def judge(case: Case, question: Question) -> CheckResult:
    """Return what becomes of one question; whatever its evidence is, there is an outcome."""
    try:
        _require_right(case, question)
    except Verdict as verdict:
        return CheckResult(
            spec=spec(question), outcome=verdict.outcome, earned=verdict.earned, feedback=verdict.feedback
        )
    return CheckResult(spec=spec(question), outcome=Outcome.PASSED, feedback=Feedback(rationale=_("That is right.")))


def written(case: Case, hidden: frozenset[str]) -> Iterator[WrittenAnswer]:
    """Yield the answers that wait for a person, with whatever looks like a key or a password masked."""
    for question in case.lab.questions:
        answer = case.evidence.answers.get(question.variable)
        if question.kind is Kind.TEXT and answer is not None and judge(case, question).outcome is Outcome.WAITING:
            yield WrittenAnswer(
                question=question.id,
                check=question.check,
                text=question.text,
                rubric=question.rubric,
                answer=redacted(_whole(answer), hidden),
            )


def _require_right(case: Case, question: Question) -> None:
    """Return where an answer is right.

    Raises:
        Verdict: there is none, it cannot be read, it is wrong, or a person has to read it.
    """
    alone = _alone(case, question)
    answer = case.evidence.answers.get(question.variable)
    blank = alone.unfilled(alone.lab.part(question.id))
    if answer is None and blank is not None:
        not_attempted("answer-missing", blank, name=question.variable)
    if answer is None:
        nothing_recorded(alone, question.id, _("`{name}` never got a value.").format(name=question.variable))
    place = _place(alone, question, answer)
    if _is_blank(answer, case.lab.placeholder):
        not_attempted("answer-missing", place, name=question.variable)
    _BY_KIND[question.kind](question, answer, place)


def _alone(case: Case, question: Question) -> Case:
    """Return a case in which the question is a part of its own: its place, blanks and errors are found like theirs."""
    anchor = Anchor(assigns=(question.variable,))
    part = Part(id=question.id, title=spec(question).title, points=question.points, anchor=anchor)
    return replace(case, lab=replace(case.lab, parts=(part,)))


def _place(alone: Case, question: Question, answer: Answer) -> Place:
    """Return where the answer that counts was assigned."""
    found = [(cell.index, mark.line) for cell, mark in alone.places(alone.lab.part(question.id))]
    here = [place for place in found if place[0] == answer.cell]
    return (here or found)[-1] if found else NOWHERE


def _is_blank(answer: Answer, placeholder: str) -> bool:
    words = re.sub(r"[\W_]+", "", answer.text)
    is_placeholder = words == re.sub(r"[\W_]+", "", placeholder)
    return answer.kind == "blank" or (answer.kind in ("text", "texts") and (not words or is_placeholder))


def _choice(question: Question, answer: Answer, place: Place) -> None:
    chosen = answers.choice(question, answer)
    if chosen is None:
        _unreadable(question, answer, place)
    if chosen != question.right:
        _wrong(question, f"{LETTERS[chosen]}) {question.options[chosen]}", place)


def _numeric(question: Question, answer: Answer, place: Place) -> None:
    values = answers.numbers(answer)
    if not values:
        _unreadable(question, answer, place)
    if not any(answers.is_right(question, value) for value in values):
        _wrong(question, _brief(answer.text), place)


def _text(question: Question, answer: Answer, place: Place) -> None:
    if answer.kind not in ("text", "texts", "number", "truth"):
        _unreadable(question, answer, place)
    told = feedback("answer-waiting", place, answer=_whole(answer))
    raise Verdict(Outcome.WAITING, told)


_BY_KIND = {Kind.CHOICE: _choice, Kind.NUMERIC: _numeric, Kind.TEXT: _text}


def _wrong(question: Question, answer: str, place: Place) -> NoReturn:
    """End the check as failed.

    Raises:
        Verdict: always.
    """
    told = feedback("answer-wrong", place, answer=answer)
    raise Verdict(Outcome.FAILED, replace(told, hint=_(question.hint) or told.hint))


def _unreadable(question: Question, answer: Answer, place: Place) -> NoReturn:
    """End the check as failed, saying in which form an answer can be read.

    Raises:
        Verdict: always.
    """
    last = LETTERS[max(len(question.options), 1) - 1]
    form = _(_TRUTH if question.options == ("True", "False") else _FORMS[question.kind]).format(
        first='"a"', last=f'"{last}"'
    )
    found = _("“{text}” (of the type {type})") if answer.text else _("of the type {type}")
    found = found.format(text=_brief(answer.text), type=answer.type)
    fail("answer-unreadable", place, name=question.variable, found=found, form=form)


def _brief(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"


def _whole(answer: Answer) -> str:
    """Return an answer as a person reads it; where it was too long, that is said."""
    text = answer.text.strip()
    cut = _("{text} … (longer than {limit} characters; the rest was left out)")
    return cut.format(text=text, limit=whole(ANSWER_LIMIT)) if answer.cut else text
