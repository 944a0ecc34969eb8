"""The summary of a job in CI, in Markdown: score, parts, and what to do about those that did not pass.

Nothing in it that a student wrote is markup, a link or HTML; GitHub renders it beside the job, for everybody who may
read the repository. Source of the limit: GitHub, *Adding a job summary*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader import points
from grader.language import gettext as _
from grader.language import use
from grader.model import Grade, Outcome, PartResult
from grader.report import account, audience
from grader.report.view import place_of, points_of_part, waiting
from grader.report.words import HIDDEN_ONLY, WORDS, explain, first_problem
from grader.text import LINE, markdown

BYTES_LIMIT = 1024 * 1024
"""GitHub refuses the summaries of a step as a whole beyond this."""

_RESERVED = 1_000
"""Bytes for the sentence that says that something was cut."""

_MOST = 1_200
"""Characters of an explanation."""

_UNEXPLAINED = (Outcome.PASSED, Outcome.NOT_ATTEMPTED, Outcome.BLOCKED, Outcome.WAITING)


def render(grade: Grade, *, limit: int = BYTES_LIMIT) -> str:
    """Return the summary, of at most `limit` bytes in UTF-8; whole paragraphs are left out at its end."""
    with use(grade.language):
        return _joined(_blocks(grade), limit)


def refused(message: str, *, limit: int = BYTES_LIMIT) -> str:
    """Return the summary of a job in which nothing was graded, with the reason."""
    title = _("Not graded")
    return _joined((f"## {title}", prose(message)), limit)


def prose(text: str) -> str:
    """Return a sentence of a report as Markdown, with what stands between backticks as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # a backtick without a partner is a character like others
        return markdown(text, _MOST)
    shown = (f"<code>{markdown(piece)}</code>" if place % 2 else _spaced(piece) for place, piece in enumerate(pieces))
    return "".join(shown)


def _spaced(piece: str) -> str:
    """Return a piece of a sentence with the space that it begins and ends with, which one line has no use for."""
    before, after = " " * piece[:1].isspace(), " " * piece[-1:].isspace()
    text = markdown(piece, _MOST)
    return f"{before}{text}{after}" if text else before


def _joined(blocks: Iterable[str], limit: int) -> str:
    room, kept = limit - _RESERVED, []
    for block in blocks:
        room -= len(block.encode("utf-8", "replace")) + 2
        if room < 0:
            kept.append(_("The rest is left out here, as a summary may not be longer. The report has all of it."))
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def _blocks(grade: Grade) -> Iterator[str]:
    sentences = account.lines(grade)
    grade = audience.for_students(grade)
    score = _("{earned} of {maximum} points").format(
        earned=points.show(grade.earned, grade.points), maximum=points.total(grade.points)
    )
    waits = f"; {markdown(told)}" if (told := waiting(grade)) else ""
    yield f"## {markdown(grade.lab_title)}"
    yield f"**{markdown(score)}**{waits}"
    yield from (markdown(sentence) for sentence in sentences)
    yield _table(grade)
    yield from (_problem(part) for part in grade.parts if part.status not in _UNEXPLAINED)
    facts = (
        grade.submission_file,
        grade.run.effort,
        grade.run.data,
        f"seed {grade.run.seed}",
        f"tier {grade.run.tier}",
    )
    yield f"<sub>{' · '.join(map(markdown, facts))}</sub>"


def _table(grade: Grade) -> str:
    titles = (_("Part"), _("Status"), _("Points"))
    head = f"| | {' | '.join(titles)} |\n|---|---|---|---:|"
    rows = (
        f"| {(word := WORDS[part.status]).mark} | {markdown(part.title)} | {markdown(word.label)} "
        f"| {markdown(points_of_part(part))} |"
        for part in grade.parts
    )
    return "\n".join((head, *rows))


def _problem(part: PartResult) -> str:
    word, check = WORDS[part.status], first_problem(part)
    title = f"### {word.mark} {markdown(part.title)}"
    if check is None:
        return f"{title}\n\n{prose(word.note or _(HIDDEN_ONLY))}"
    if check.feedback.cell is not None:
        title += f" ({markdown(place_of(check.feedback))})"
    told = [title, prose(explain(check))]
    if check.feedback.hint:
        told.append(prose(_("Try: {hint}").format(hint=check.feedback.hint[: 4 * LINE])))
    return "\n\n".join(told)
