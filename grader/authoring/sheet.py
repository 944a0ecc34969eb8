"""Questions in what students receive: each in a markdown cell, and a cell in which the answer is assigned.

In the solution stands only the right answer, between `# --- question ID` and `# --- end`; the text of the question
comes from `lab.toml`, so that what is asked and what is graded have one source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.errors import AuthorError
from grader.questions import LETTERS, Kind, Question

_BLOCK = re.compile(
    r"(?:^# %%[ \t]*\n(?:[ \t]*\n)*)?"  # a cell that holds nothing else would be left empty
    r"^# --- question (?P<id>\w+)[ \t]*\n(?P<answer>(?:(?!# --- ).*\n)*)# --- end[ \t]*$\n?",
    re.MULTILINE,
)
_OPEN = re.compile(r"^\s*# --- question\b.*$", re.MULTILINE)

_WIDTH = 116
"""Characters of a line, so that a script does not get wider than the rest of the lab."""


def ask(solution: str, questions: Sequence[Question], *, placeholder: str, name: str) -> str:
    """Return the solution with its questions as students find them.

    Args:
        solution: the annotated solution.
        questions: what the lab asks.
        placeholder: what stands for an answer.
        name: what to call the solution in errors.

    Raises:
        AuthorError: a mark names no question, is never ended, or a question is not asked anywhere.
    """
    known = {question.id: question for question in questions}

    def cells(found: re.Match[str]) -> str:
        question = known.get(found["id"])
        if question is None:
            raise AuthorError(f"{name}: the lab has no question {found['id']!r}", slug="unknown-question")
        if not re.search(rf"^{question.variable}\s*=", found["answer"], re.MULTILINE):
            raise AuthorError(
                f"{name}: {question.id!r} does not assign {question.variable!r}", slug="question-variable"
            )
        return _cells(question, placeholder)

    text = _BLOCK.sub(cells, solution)
    left = _OPEN.search(text)
    if left:
        raise AuthorError(f"{name}: `{left[0].strip()}` has no `# --- end`, or is indented", slug="question-open")
    missing = [each.id for each in questions if not re.search(rf"\b{each.variable}\b", text)]
    if missing:
        raise AuthorError(f"{name}: nothing asks the question {missing[0]!r}", slug="question-unasked")
    return text


def _cells(question: Question, placeholder: str) -> str:
    told = "\n".join(f"# {line}".rstrip() for line in _markdown(question))
    return f"# %% [markdown]\n{told}\n\n# %%\n{question.variable} = {placeholder}\n"


def without_answers(solution: str) -> str:
    """Return the solution without the answers to its questions: nothing that is trained depends on these."""
    return _BLOCK.sub("", solution)


def _markdown(question: Question) -> list[str]:
    noun = "point" if question.points == 1 else "points"
    lines = _wrapped(f"**Question** ({float(question.points):g} {noun}). {question.text}")
    if question.options and question.options != ("True", "False"):
        lines += ["", *(f"- **{letter})** {option}" for letter, option in zip(LETTERS, question.options, strict=False))]
    return [*lines, "", *_wrapped(_form(question))]


def _form(question: Question) -> str:
    name = f"`{question.variable}`"
    if question.options == ("True", "False"):
        return f"Assign `True` or `False` to {name}."
    return {
        Kind.CHOICE: f'Assign the letter of the right option to {name}, in quotation marks: `"a"`.',
        Kind.NUMERIC: f"Assign a number to {name}, or an expression that gives one.",
        Kind.TEXT: f'Assign your answer to {name}, in your own words: `"""Because …"""`. A person reads and marks it.',
    }[question.kind]


def _wrapped(text: str) -> list[str]:
    """Break paragraphs into lines; words are never broken, and neither are the author's own paragraphs."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.append("")
        for word in paragraph.split():
            if lines[-1] and len(lines[-1]) + 1 + len(word) > _WIDTH:
                lines.append("")
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
