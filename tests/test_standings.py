"""Standings travel as JSON and come back as they were."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from grader import standings
from grader.model import Outcome
from grader.standings import Mistake, PartStanding, Standing, State

GRADED = Standing(
    id="ada",
    file="lab.ipynb",
    state=State.GRADED,
    name="Ada Lovelace",
    content="c0ffee",
    earned=Fraction(200, 3),
    points=Fraction(100),
    waiting=Fraction(0),
    is_late=True,
    seconds=3.5,
    parts=(
        PartStanding(id="fc_build", title="Build", status=Outcome.PARTIAL, earned=Fraction(20, 3), points=Fraction(15)),
    ),
    mistakes=(Mistake(part="fc_build", check="fc_build_layers", title="Layers", defect="no-relu", rationale="…"),),
)


def test_a_standing_comes_back_as_it_was() -> None:
    assert standings.read(standings.render(GRADED)) == GRADED


def test_what_cost_points_for_lateness_was_late() -> None:
    assert replace(GRADED, is_late=None, off=Fraction(5)).was_late is True
    assert replace(GRADED, is_late=False, off=Fraction(5)).was_late is True
    assert [replace(GRADED, is_late=told).was_late for told in (True, False, None)] == [True, False, None]


def test_who_needs_a_person() -> None:
    assert not GRADED.needs_person
    assert Standing(id="b", file="b.txt", state=State.NOT_GRADABLE).needs_person
    assert replace(GRADED, waiting=Fraction(5)).needs_person
    broken = replace(GRADED.parts[0], status=Outcome.GRADER_ERROR)
    assert replace(GRADED, parts=(broken,)).needs_person
