"""What a submission says about a part at all: blank, out of time, stopped by an error, or there."""

from __future__ import annotations

from typing import NoReturn

from grader.evidence import Cell, Mark
from grader.judge.case import Case
from grader.judge.verdict import NOWHERE, Place, no_evidence, not_attempted, timed_out

_STOPPED = {
    "timed_out": "cell-timed-out",
    "memory_limit": "cell-memory",
    "output_flood": "cell-output",
    "crashed": "cell-crashed",
}


def require_filled(case: Case, part_id: str) -> None:
    """End the check as not attempted where a placeholder still stands in the part."""
    blank = case.unfilled(case.lab.part(part_id))
    if blank is not None:
        not_attempted("placeholder", blank, placeholder=case.lab.placeholder, line=blank[1])


def require_written(case: Case, part_id: str) -> list[tuple[Cell, Mark]]:
    """Return the places of a part in the code; ends the check where the part is blank."""
    require_filled(case, part_id)
    part = case.lab.part(part_id)
    places = case.places(part)
    if not places:
        not_attempted("nothing-written", part=part.title)
    return places


def place_of(case: Case, part_id: str) -> Place:
    """Return where a part is written, the last place if there are several."""
    places = case.places(case.lab.part(part_id))
    return (places[-1][0].index, places[-1][1].line) if places else NOWHERE


def nothing_recorded(case: Case, part_id: str, what: str) -> NoReturn:
    """End a check for which nothing was recorded, saying why as well as can be known."""
    places = require_written(case, part_id)
    for cell, mark in places:
        _complain_of_stop(case, cell, mark)
    for cell, mark in places:
        if cell.failure is not None:
            _complain_of_failure(cell)
        if cell.state == "ok":
            no_evidence("not-recorded", (cell.index, mark.line), what=what)
    no_evidence("not-recorded", place_of(case, part_id), what=what)


def _complain_of_stop(case: Case, cell: Cell, mark: Mark) -> None:
    place = (cell.index, mark.line)
    if cell.state in _STOPPED:
        timed_out(_STOPPED[cell.state], place)
    if cell.state == "skipped" and case.evidence.ending != "done":
        timed_out("cell-not-reached", place)


def _complain_of_failure(cell: Cell) -> NoReturn:
    failure = cell.failure
    if failure is None:
        raise AssertionError("only called for a cell that stopped")
    place = (failure.cell or cell.index, failure.line)
    error = f"{failure.type}: {failure.message}"
    no_evidence("cell-raised", place, error=error, advice=_advice_for(failure.type, failure.message))


def _advice_for(kind: str, message: str) -> str:
    if kind in _ADVICE:
        return _ADVICE[kind]
    if any(word in message for word in ("shape", "ndim", "incompatible")):
        return "The shape of the data does not fit the network. Print the shape of what you pass."
    return "Read the last line of the message: it names what Python could not do."


_ADVICE = {
    "NameError": "A name is used before it has a value. Is it spelt the same everywhere, and does its cell run?",
    "SyntaxError": "Python cannot read this line. Look for a missing bracket, comma or quotation mark, here or above.",
    "ModuleNotFoundError": "This package is not part of the lab; the lab can be done without it.",
}
