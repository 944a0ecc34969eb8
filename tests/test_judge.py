"""Judgements on single records: what counts as learning."""

from __future__ import annotations

import pytest

from grader.evidence import Call
from grader.judge.training import _is_still_learning


def fit(*losses: float) -> Call:
    return Call(
        number=1,
        name="fit",
        cell=1,
        line=1,
        model=1,
        data=None,
        settings={},
        result={"history": {"loss": list(losses)}},
        error="",
        finished=True,
    )


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ((2.2, 2.1, 2.0), True),
        ((2.35, 2.34, 2.29), True),
        ((2.35, 2.35, 2.35), False),
        ((1e6, 1e5, 1e4), False),
        ((9.0, 2.31, 2.31), False),
        ((2.0,), True),
        ((2.29,), False),
        ((), False),
    ],
)
def test_a_loss_that_falls_is_learning(losses: tuple[float, ...], expected: object) -> None:
    assert _is_still_learning([fit(*losses)]) is expected
