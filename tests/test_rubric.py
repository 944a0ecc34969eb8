from __future__ import annotations

from fractions import Fraction

import pytest

from grader import rubric
from grader.errors import AuthorError
from grader.model import CheckResult, CheckSpec, Outcome


def spec(
    name: str = "a", *, part: str = "p", points: str = "5", needs: tuple[str, ...] = (), extra: bool = False
) -> CheckSpec:
    return CheckSpec(id=name, part=part, title=name, points=Fraction(points), needs=needs, extra=extra)


def result(outcome: Outcome, *, points: str = "5", earned: str = "0", extra: bool = False) -> CheckResult:
    return CheckResult(spec=spec(points=points, extra=extra), outcome=outcome, earned=Fraction(earned))


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


def test_checks_for_extra_credit_come_on_top() -> None:
    rubric.validate([spec("a"), spec("b", points="2", extra=True)], {"p": Fraction(5)})
    rubric.validate([spec("a"), spec("b", part="q")], {"p": Fraction(5), "q": Fraction(5)}, {"q"})
    with pytest.raises(AuthorError, match="add up to 0 points, not 5"):
        rubric.validate([spec("a", extra=True)], {"p": Fraction(5)})


@pytest.mark.parametrize(
    ("regular", "beyond", "status"),
    [
        (Outcome.PASSED, Outcome.FAILED, Outcome.PASSED),
        (Outcome.PASSED, Outcome.NOT_ATTEMPTED, Outcome.PASSED),
        (Outcome.FAILED, Outcome.PASSED, Outcome.FAILED),
        (Outcome.PASSED, Outcome.GRADER_ERROR, Outcome.GRADER_ERROR),
        (Outcome.PASSED, Outcome.NOT_RUN, Outcome.GRADER_ERROR),
    ],
)
def test_extra_credit_does_not_lower_a_status(regular: Outcome, beyond: Outcome, status: Outcome) -> None:
    part = rubric.settle("p", "P", [result(regular), result(beyond, points="2", extra=True)])
    assert part.status is status
    assert part.points == 5
    assert part.extra_points == 2
    assert part.extra_earned == (2 if beyond is Outcome.PASSED else 0)


@pytest.mark.parametrize(("cap", "counted"), [(None, 5), ("4", 4), ("0", 0), ("9", 5)])
def test_extra_credit_counts_up_to_its_cap(cap: str | None, counted: int) -> None:
    parts = [
        rubric.settle("p", "P", [result(Outcome.PASSED), result(Outcome.PASSED, points="3", extra=True)]),
        rubric.settle("q", "Q", [result(Outcome.PARTIAL, earned="2")], extra=True),
    ]
    assert rubric.regular(parts) == (Fraction(5), Fraction(5))
    credit = rubric.extra_credit(parts, None if cap is None else Fraction(cap))
    assert credit is not None
    assert (credit.earned, credit.points, credit.counted) == (Fraction(5), Fraction(8), Fraction(counted))
    assert rubric.extra_credit(parts[:0], None) is None


def test_errors_do_not_name_hidden_checks() -> None:
    hidden = CheckResult(
        spec=CheckSpec(id="secret", part="p", title="secret", points=Fraction(1), hidden=True),
        outcome=Outcome.PARTIAL,
        earned=Fraction(2),
    )
    with pytest.raises(AuthorError) as caught:
        rubric.pay(hidden)
    assert str(caught.value) == "a hidden check of 'p' gives 2 of 1 points"
