"""What only staff read in a report: what was recorded of the run, what came out of it, and what to look into."""

from __future__ import annotations

from dataclasses import dataclass

from grader.language import N_
from grader.language import gettext as _
from grader.model import Event, Feedback, Grade
from grader.report.view import place_of
from grader.text import PARAGRAPH, clean, count, line

_TAIL = 3_000
"""Characters of a cell's output in the log: its end."""

_MOST_LOGGED = 60_000
"""Characters of output in the whole log; the earlier cells come first."""

_SPLITS = {
    "train": N_("training images"),
    "test": N_("test images"),
    "mixed": N_("training and test images"),
    "other": N_("other data"),
}
_LABELS = {
    "integer": N_("with their labels"),
    "one_hot": N_("with their labels, one-hot"),
    "mismatch": N_("with labels that are not theirs"),
    "absent": N_("without labels"),
    "unknown": N_("with labels that nobody knows"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """The end of what one cell printed."""

    cell: int
    seconds: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """The parts of a report that students do not get; rows of the story are in the order of `header`."""

    notes: tuple[str, ...]
    header: tuple[str, ...]
    story: tuple[tuple[str, ...], ...]
    log: tuple[Logged, ...]


def view(grade: Grade) -> Staff:
    """Return what staff read beside a student's report."""
    return Staff(
        notes=tuple(clean(note, PARAGRAPH) for note in grade.integrity),
        header=(_("Place"), _("Request"), _("Network"), _("Images"), _("What came of it")),
        story=tuple(_row(event) for event in grade.story),
        log=_log(grade),
    )


def _row(event: Event) -> tuple[str, ...]:
    where = "–" if event.cell is None else place_of(Feedback(rationale="", cell=event.cell, line=event.line))
    network = " · ".join(filter(None, (line(event.network, 60), line(event.role, 80)))) or "–"
    outcome = line(event.error) or ("" if event.finished else _("did not finish"))
    came = "; ".join(filter(None, (line(event.result), outcome)))
    return where, line(event.name, 60), network, _images(event), came or "–"


def _images(event: Event) -> str:
    if not event.split:
        return "–"
    told = (_(_SPLITS.get(event.split, line(event.split, 40))), _(_LABELS.get(event.labels, line(event.labels, 40))))
    rows = () if event.rows is None else (count(event.rows),)
    return " ".join((*rows, *filter(None, told)))


def _log(grade: Grade) -> tuple[Logged, ...]:
    left, found = _MOST_LOGGED, []
    for cell in grade.cells:
        text = clean(cell.output, 10 * _TAIL)[-_TAIL:].strip("\n") if left > 0 else ""
        if text:
            found.append(Logged(cell=cell.index, seconds=f"{cell.seconds:.1f}", text=text[:left]))
            left -= len(text)
    return tuple(found)
