"""Functions of a lab: how their arguments are drawn, and what is judged of several in one part."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import checks_page
import numpy as np
import pytest
import trying

from grader import arguments, labs, wire
from grader.errors import AuthorError
from grader.judge.functions import _flat
from grader.judge.plugin import collect_specs, require_sound
from grader.labs import Argument, Function
from grader.model import Outcome
from grader.rubric import pay, settle


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> labs.Lab:
    return trying.write_lab(tmp_path_factory.mktemp("labs") / "losses")


def outcomes(lab: labs.Lab, code: str) -> dict[str, Outcome]:
    return {name.split("_")[1]: result.outcome for name, result in trying.judged(lab, code).items()}


def without(body: str) -> str:
    """Return the right code with the placeholder in the place of a body."""
    assert trying.RIGHT.count(body) == 1
    return trying.RIGHT.replace(body, "return XXXXXX")


P, F, N = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_ATTEMPTED
SQUARE, ABSOLUTE, STEPS = "return x ** 2", "return np.abs(x)", "return [value] * count"
TWICE = without(SQUARE) + "\ndef square(x):\n    return x * x\n"
NEVER_FILLED = "def square(x):\n    return x * x\n\n" + without(SQUARE)
IN_A_HELPER = trying.RIGHT.replace(SQUARE, "return helper(x)") + "\ndef helper(x):\n    return XXXXXX\n"
GONE = trying.RIGHT.replace("def absolute(x):\n    return np.abs(x)\n", "")


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (trying.RIGHT, (P, P, P)),
        (without(SQUARE), (N, P, P)),
        (without(STEPS), (P, P, N)),
        (without(SQUARE).replace(ABSOLUTE, "return x"), (N, F, P)),
        (without(SQUARE).replace(ABSOLUTE, "return XXXXXX").replace(STEPS, "return XXXXXX"), (N, N, N)),
        (TWICE, (P, P, P)),
        (NEVER_FILLED, (N, P, P)),
        (IN_A_HELPER, (N, P, P)),
        (GONE, (P, F, P)),
        (GONE.replace(SQUARE, "return XXXXXX"), (N, N, P)),
        (without(SQUARE).replace("def absolute(x):", "def absolute(x, y):"), (N, F, P)),
    ],
)
def test_each_function_of_a_part_is_judged_by_itself(
    lab: labs.Lab, code: str, wanted: tuple[Outcome, Outcome, Outcome]
) -> None:
    found = outcomes(lab, code)
    assert (found["square"], found["absolute"], found["steps"]) == wanted


def test_the_line_of_the_placeholder_is_told_and_the_part_is_partly_right(lab: labs.Lab) -> None:
    found = trying.judged(lab, without(ABSOLUTE))
    blank = found["losses_absolute_returns"].feedback
    assert (blank.line, "XXXXXX in line 7" in blank.rationale) == (7, True)
    part = settle("losses", "", list(found.values()))
    assert (part.status, part.earned) == (Outcome.PARTIAL, Fraction(7))
    untouched = without(ABSOLUTE).replace(SQUARE, "return XXXXXX").replace(STEPS, "return XXXXXX")
    assert settle("losses", "", list(trying.judged(lab, untouched).values())).status is Outcome.NOT_ATTEMPTED


@pytest.mark.parametrize(
    ("argument", "kind", "dtype"),
    [
        (Argument(kind="integers", low=0, high=9, shape=(5,)), np.ndarray, "int64"),
        (Argument(kind="integers", low=0, high=9, shape=(5,), dtype="uint8"), np.ndarray, "uint8"),
        (Argument(kind="integers", low=0, high=9, shape=(5,), dtype="float32"), np.ndarray, "float32"),
        (Argument(kind="uniform", low=0, high=9, shape=(5,)), np.ndarray, "float64"),
        (Argument(kind="integers", low=0, high=9), int, ""),
        (Argument(kind="uniform", low=0, high=9), float, ""),
        (Argument(kind="uniform", low=0, high=9, dtype="float32"), float, ""),
    ],
)
def test_arguments_are_of_the_type_that_a_student_would_use(argument: Argument, kind: type, dtype: str) -> None:
    drawn = arguments.draw([Function(name="f", arguments=(argument,))], 1)["f"][0]
    (value,) = wire.handed_over(drawn)
    assert type(value) is kind
    assert dtype in ("", str(getattr(value, "dtype", "")))


def test_a_function_cannot_change_what_it_is_judged_by(lab: labs.Lab) -> None:
    code = trying.RIGHT.replace(SQUARE, "x[:] = 0\n    return x")
    assert outcomes(lab, code)["square"] is Outcome.FAILED


@pytest.mark.parametrize(
    ("value", "count"),
    [(1.5, 1), ((1, 2), 2), ([1, 2], 1), ([[1], [2, 3]], 2), ({"a": 1, "b": [1, 2]}, 2), (((1, 2), np.ones(3)), 3)],
)
def test_results_are_counted_as_those_of_the_submission(value: object, count: int) -> None:
    assert len(_flat(value)) == count


@pytest.mark.parametrize("result", ["None", "'text'", "object()"])
def test_a_wanted_result_that_cannot_be_compared_is_told_with_its_place(tmp_path: Path, result: str) -> None:
    checks = trying.CHECKS.replace("return [value] * count", f"return {result}")
    told = trying.judged(trying.write_lab(tmp_path / "lab", checks=checks), trying.RIGHT)["losses_steps_returns"]
    assert told.outcome is Outcome.GRADER_ERROR
    assert "`wanted` for `steps` returns" in told.feedback.defect
    assert "functions.py:" in told.feedback.trace


def test_a_check_that_raises_says_where(tmp_path: Path) -> None:
    checks = trying.CHECKS.replace("return [value] * count", "return [value] / count")
    told = trying.judged(trying.write_lab(tmp_path / "lab", checks=checks), trying.RIGHT)["losses_steps_returns"]
    assert told.feedback.trace.splitlines()[-2] == "checks.py:18 in wanted: return [value] / count"
    assert told.feedback.trace.splitlines()[-1].startswith("TypeError: unsupported operand")
    assert "checks.py" not in told.feedback.rationale


@pytest.mark.parametrize(("tolerance", "outcome"), [("1e-4", Outcome.FAILED), ("0.2", Outcome.PASSED)])
def test_a_tolerance_of_ones_own(tmp_path: Path, tolerance: str, outcome: Outcome) -> None:
    checks = trying.CHECKS.replace(
        "wanted = staticmethod(np.abs)", f"wanted, tolerance = staticmethod(np.abs), {tolerance}"
    )
    lab = trying.write_lab(tmp_path / "lab", checks=checks)
    assert outcomes(lab, trying.RIGHT.replace(ABSOLUTE, "return np.abs(x) * 1.1"))["absolute"] is outcome


def specs(folder: Path, *changes: tuple[str, str]) -> list[str]:
    checks = trying.CHECKS
    for old, new in changes:
        assert old in checks
        checks = checks.replace(old, new)
    lab = trying.write_lab(folder / "lab", checks=checks)
    require_sound(lab)
    return [spec.id for spec in collect_specs(lab)]


def test_checks_of_one_part_have_names_of_their_own(tmp_path: Path) -> None:
    assert specs(tmp_path) == ["losses_square_returns", "losses_absolute_returns", "losses_steps_returns"]
    again = """
class TestAgain(TestSquare):
    points = {"returns": 0}
@pytest.mark.part("losses")
@pytest.mark.points(0)
def test_own(case): pass
class TestOther:
    test_own = staticmethod(test_own)
"""
    lab = trying.write_lab(tmp_path / "more", checks="import pytest\n" + trying.CHECKS + again)
    assert [spec.id for spec in collect_specs(lab)] == [
        "TestSquare_losses_square_returns",
        "losses_absolute_returns",
        "losses_steps_returns",
        "TestAgain_losses_square_returns",
        "own",
        "TestOther_own",
    ]


LONE = ('"losses", "square"', '"loses", "square"')
TOLD = [
    (LONE, "TestSquare: `part` names 'loses', which is no part of the lab; did you mean 'losses'?"),
    (('{"returns": 4}', '{"retuns": 4}'), "TestSteps gives points to 'retuns', and has no such check; did you mean"),
    (('{"returns": 4}', '{"returns": 4, "type": 1}'), "TestSteps gives points to 'type', and has no such check"),
    (('{"returns": 4}, None', "{}, None"), "TestSteps does not say what 'returns' pays; give it points"),
    (('{"returns": 4}', '{"returns": 5}'), "the checks of 'losses' add up to 11 points, not 10 as in lab.toml"),
    (("class TestSteps(checks.Returns):", "class TestSteps(checks.Returns):\n    needs = ('prep',)"),
        "TestSteps: `needs` names 'prep', which is no part of the lab; there are losses"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), TOLD, ids=lambda value: value[1][:30])
def test_a_mistake_in_the_checks_is_told_with_file_and_class(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    with pytest.raises(AuthorError) as caught:
        specs(tmp_path, change)
    assert f"checks.py: {told}" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert str(caught.value).count("checks.py:") == 1


LINE = """
format = 1
title = "A line"
placeholder = "XXXXXX"
roles = {}

[functions.fit_line]
arguments = [
    { kind = "uniform", low = -1, high = 1, shape = [30] },
    { kind = "uniform", low = -2, high = 2, shape = [30] },
]

[[parts]]
id = "fit"
title = "Fit the line"
points = 10
anchor = { defines = ["fit_line"] }
"""


@pytest.mark.parametrize(
    ("body", "outcome", "earned"),
    [
        ("return 2.0, y.mean() - 2.0 * x.mean()", Outcome.PASSED, 10),
        ("return 0.0, y.mean() + 0.1", Outcome.PARTIAL, 4),
        ("return 0.0, y.mean() + 1", Outcome.FAILED, 0),
        ("return 0.0, float('nan')", Outcome.FAILED, 0),
        ("return x", Outcome.FAILED, 0),
        ("return 'a', 'b'", Outcome.FAILED, 0),
        ("return x / None", Outcome.FAILED, 0),
        ("return XXXXXX", Outcome.NOT_ATTEMPTED, 0),
    ],
)
def test_the_example_of_a_check_of_ones_own(tmp_path: Path, body: str, outcome: Outcome, earned: int) -> None:
    own = checks_page.TEMPLATE.read_text(encoding="utf-8").partition('title="checks.py"\n')[2].partition("```")[0]
    lab = trying.write_lab(tmp_path / "line", definition=LINE, checks=own)
    require_sound(lab)
    found = pay(trying.judged(lab, f"def fit_line(x, y):\n    {body}\n")["through_the_middle"])
    assert (found.outcome, found.earned) == (outcome, Fraction(earned))
