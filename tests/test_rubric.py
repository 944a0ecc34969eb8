from __future__ import annotations

from fractions import Fraction

import pytest

from grader import rubric
from grader.errors import AuthorError
from grader.model import CheckResult, CheckSpec, Outcome


def spec(name: str = "a", *, part: str = "p", points: str = "5", needs: tuple[str, ...] = ()) -> CheckSpec:
    return CheckSpec(id=name, part=part, title=name, points=Fraction(points), needs=needs)


def result(outcome: Outcome, *, points: str = "5", earned: str = "0") -> CheckResult:
    return CheckResult(spec=spec(points=points), outcome=outcome, earned=Fraction(earned))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_passed_and_partial_pay(outcome: Outcome) -> None:
    paid = rubric.pay(result(outcome, earned="2"))
    assert paid.earned == {Outcome.PASSED: 5, Outcome.PARTIAL: 2}.get(outcome, 0)


@pytest.mark.parametrize("earned", ["-1", "6"])
def test_a_partial_result_stays_within_its_points(earned: str) -> None:
    with pytest.raises(AuthorError):
        rubric.pay(result(Outcome.PARTIAL, earned=earned))


def test_an_outcome_has_no_truth_value() -> None:
    with pytest.raises(TypeError):
        bool(Outcome.FAILED)


@pytest.mark.parametrize(
    ("outcomes", "wanted"),
    [
        ([], Outcome.GRADER_ERROR),
        ([Outcome.PASSED, Outcome.PASSED], Outcome.PASSED),
        ([Outcome.PASSED, Outcome.FAILED], Outcome.PARTIAL),
        ([Outcome.PARTIAL], Outcome.PARTIAL),
        ([Outcome.FAILED, Outcome.NOT_ATTEMPTED], Outcome.FAILED),
        ([Outcome.NOT_ATTEMPTED, Outcome.NOT_ATTEMPTED], Outcome.NOT_ATTEMPTED),
        ([Outcome.BLOCKED, Outcome.NOT_ATTEMPTED], Outcome.NOT_ATTEMPTED),
        ([Outcome.BLOCKED], Outcome.BLOCKED),
        ([Outcome.TIMED_OUT, Outcome.BLOCKED], Outcome.TIMED_OUT),
        ([Outcome.PASSED, Outcome.GRADER_ERROR], Outcome.GRADER_ERROR),
        ([Outcome.PASSED, Outcome.NOT_RUN], Outcome.GRADER_ERROR),
    ],
)
def test_the_status_of_a_part(outcomes: list[Outcome], wanted: Outcome) -> None:
    assert rubric.status(outcomes) is wanted


def test_a_part_adds_up_exactly() -> None:
    third = [result(Outcome.PARTIAL, points="1", earned="1/3") for _ in range(3)]
    assert rubric.settle("p", "P", third).earned == 1


@pytest.mark.parametrize(
    "specs",
    [
        [spec("a"), spec("a")],
        [spec("a", points="4")],
        [spec("a"), spec("b", part="q")],
        [spec("a", needs=("nothing",))],
    ],
)
def test_a_rubric_that_does_not_add_up_is_the_authors_fault(specs: list[CheckSpec]) -> None:
    with pytest.raises(AuthorError):
        rubric.validate(specs, {"p": Fraction(5)})
