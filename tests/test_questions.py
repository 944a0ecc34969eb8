"""Questions of a lab: what an answer is taken for, what is told about it, and how their points add up."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import quiz

from grader import labs, rubric
from grader.authoring import bench, calibrate, sheet, skeleton, verify_lab
from grader.collect import answers as collected
from grader.errors import AuthorError
from grader.evidence import Answer
from grader.judge import answers
from grader.judge.plugin import collect_specs
from grader.model import Grade, Outcome
from grader.questions import Question, question


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> labs.Lab:
    return labs.read(quiz.write_lab(tmp_path_factory.mktemp("quiz")))


def told(code: str) -> Answer:
    namespace: dict[str, Any] = {}
    exec(f"import numpy as np, fractions\nanswer = {code}", namespace)  # noqa: S102 - the code of a test
    return Answer(name="answer", cell=1, **collected.described(namespace["answer"]))


def choice(*options: str, answer: object = "a") -> Question:
    fields = {"id": "q", "part": "p", "kind": "choice", "text": "?", "points": 1, "answer": answer}
    return question(fields | ({"options": list(options)} if options else {}))


def numeric(answer: object, tolerance: object = None) -> Question:
    fields = {"id": "q", "part": "p", "kind": "numeric", "text": "?", "points": 1, "answer": answer}
    return question(fields if tolerance is None else fields | {"tolerance": tolerance})


def numbers(*values: Fraction) -> list[float]:
    return [float(value) for value in values]


THREE = choice("A softmax", "Nothing at all", "A ReLU")


@pytest.mark.parametrize(
    "code",
    [
        '"b"', '"B"', '" b) "', '"(b)"', '"[B]"', '"b."', '"b:"', '"option b"', '"Answer: B"', '"ｂ"', '["b"]',
        '("b",)',
        '"nothing  at ALL."', '"b) Nothing at all"', '"b) because the loss does it"', "np.array(['b'])", '"\'b\'"',
        '"b, as nothing follows"', '"b - nothing follows"', '"B) a softmax comes later"',
    ],
)  # fmt: skip
def test_ways_to_write_the_letter_b(code: str) -> None:
    assert answers.choice(THREE, told(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        '"a, b"', '"a) and b)"', '"a - b"',
        '"d"', '"a or b"', '["a", "b"]', '"ab"', '"a) Nothing at all"', "2", "None", '""', "{'b': 1}", '"a thing"',
        '"\\x00"', "True", "object()", '"b" * 1_000_000', "float('nan')",
    ],
)  # fmt: skip
def test_what_means_no_option_or_two(code: str) -> None:
    assert answers.choice(THREE, told(code)) is None


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("True", 0),
        ("False", 1),
        ('"true"', 0),
        ('"F"', 1),
        ('"no"', 1),
        ("np.bool_(False)", 1),
        ('"b"', 1),
        ("[True]", 0),
        ("1", 0),
        ('"0"', 1),
        ('"Nein."', 1),
        ('"Yes!"', 0),
        ('"False, because there is no dropout layer"', 1),
        ('"True: no dropout changes that"', 0),
        ('"No - it is the same"', 1),
        ('"Falsch, es gibt kein Dropout"', 1),
        ('"Sí, porque la exponencial crece"', 0),
        ('"stimmt nicht"', 1),
    ],
)
def test_true_and_false(code: str, place: int) -> None:
    assert answers.choice(choice(answer=True), told(code)) == place
    assert answers.choice(choice("Yes", "No"), told(code)) == place


@pytest.mark.parametrize("code", ['"True, it is false"', '"no idea"', '"yes and no"', '"0.5"', '"1,5"'])
def test_what_is_neither_true_nor_false(code: str) -> None:
    assert answers.choice(choice(answer=True), told(code)) is None


def test_options_that_are_numbers() -> None:
    question = choice("1", "2", "10")
    assert answers.choice(question, told("2")) == 1
    assert answers.choice(question, told("10.0")) == 2
    assert answers.choice(question, told("3")) is None


@pytest.mark.parametrize(
    "code",
    [
        "235146", "235146.0", '"235146"', '"235,146"', '"235.146"', '"235 146"', '"235_146"', "\"235'146\"",
        '"235146 parameters"', '"≈ 235146"', "np.int64(235146)", "np.float32(235146)", "np.array([[235146]])",
        "[235146]", "235146,", "fractions.Fraction(470292, 2)", '"2.35146e5"', '"470292/2"', '"２３５１４６"',
        '"+235146"', '"784 * 300 - 54"', '"784*300-54 = 235146"', '"(784 + 1) x 300 - 3 · 118"', '"470_292 // 2"',
        '"235146 parámetros"', '"about 235,146"', '"It has 235146 parameters"', '"N = 235146 "',
    ],
)  # fmt: skip
def test_ways_to_write_a_number(code: str) -> None:
    question = numeric(235146)
    assert any(answers.is_right(question, value) for value in answers.numbers(told(code)))


@pytest.mark.parametrize(
    "code",
    [
        '"784 * 300 +"', '"(" * 100', '"9**9**9"', '"not 235146"', '"less than 7"', '"a"', "True", "None",
        "float('nan')", "float('inf')", '"1e999999999"', '"1/0"', "1j", "[1, 2]", '"1 2"', '"--5"', '"9" * 1_000_000',
        "10**5000", '"1;2"', "lambda: 5",
    ],
)  # fmt: skip
def test_what_is_no_number(code: str) -> None:
    assert answers.numbers(told(code)) in ((), (Fraction(12),))


@pytest.mark.parametrize(
    ("answer", "tolerance", "code", "right"),
    [
        (0.5, None, '"50 %"', True),
        (50, None, '"50%"', True),
        (0.5, None, '"0,5"', True),
        (0.1, None, "np.float32(0.1)", True),
        (0.3, None, "0.1 + 0.2", True),
        (0.3, None, "0.3001", False),
        (10, None, "10.001", False),
        (10, 0.01, "10.009", True),
        (10, 0.01, "10.011", False),
        (200, {"relative": 0.01}, "202", True),
        (200, {"relative": 0.01, "absolute": 3}, "203", True),
        (200, {"relative": 0.01}, "203", False),
        (-4, None, '"−4"', True),
        (0, None, "0.0", True),
        (0, 0.1, "-0.05", True),
    ],
)
def test_how_near_is_near_enough(answer: object, tolerance: object, code: str, right: object) -> None:
    question = numeric(answer, tolerance)
    assert any(answers.is_right(question, value) for value in answers.numbers(told(code))) is right


class Liar(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __str__(self) -> str:
        raise SystemExit

    def __getitem__(self, place: object) -> str:
        raise SystemExit


class Endless(list[str]):
    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        while True:
            yield "b"


class Number(float):
    __slots__ = ()

    def __float__(self) -> float:
        raise SystemExit


class Explosive:
    def __array__(self) -> None:
        raise RuntimeError

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: Liar("b"), "text", "b"),
        (Explosive, "other", ""),
        (lambda: Endless(["b"]), "text", "b"),
        (lambda: Number(2.5), "number", "2.5"),
        (lambda: 10**10_000, "number", "more than 10^40"),
        (lambda: [[]], "other", ""),
    ],
)
def test_values_that_do_something_when_they_are_looked_at(make: Callable[[], object], kind: str, text: str) -> None:
    found = collected.described(make())
    assert (found["kind"], found["text"]) == (kind, text)


def test_a_long_answer_is_cut_before_it_travels() -> None:
    found = collected.described("é" * 1_000_000)
    assert (len(found["text"]), found["cut"]) == (collected.TEXT_LIMIT, True)


@pytest.mark.parametrize(
    ("code", "outcomes"),
    [
        (quiz.RIGHT, ("passed", "passed", "passed", "waiting")),
        ("", ("not_attempted",) * 4),
        (quiz.SOLUTION.replace("--- ", ""), ("passed", "passed", "passed", "waiting")),
        ("answer_last = 'a'\nanswer_parameters = 235200\nanswer_trains = True\nanswer_why = 5",
         ("failed", "failed", "failed", "waiting")),
        ("answer_last = XXXXXX\nanswer_parameters = None\nanswer_trains = ...\nanswer_why = ' '",
         ("not_attempted",) * 4),
        ("answer_last = 'XXXXXX'\nanswer_why = '''XXXXXX.'''", ("not_attempted",) * 4),
        ("answer_last = ['a', 'b']\nanswer_parameters = 784 * q\nanswer_trains = 'maybe'\nanswer_why = object()",
         ("failed",) * 4),
        ("answer_last = XXXXXX\nanswer_last = 'b'\n", ("passed", *("not_attempted",) * 3)),
    ],
)  # fmt: skip
def test_what_becomes_of_answers(lab: labs.Lab, code: str, outcomes: tuple[str, ...]) -> None:
    result = quiz.graded(lab, code)
    ids = [each.id for each in lab.questions]
    assert tuple(quiz.outcome_of(result, each)[0] for each in ids) == outcomes


def test_the_points_of_a_part_with_something_that_waits(lab: labs.Lab) -> None:
    result = quiz.graded(lab, quiz.RIGHT)
    layers, loss = result.parts
    assert numbers(result.earned, result.waiting, result.points) == [7, 3, 10]
    assert (layers.status, loss.status) == (Outcome.PASSED, Outcome.WAITING)
    assert numbers(layers.earned, layers.waiting, loss.earned, loss.waiting) == [6, 0, 1, 3]
    assert not bench.lost(result)
    assert bench.lost(quiz.graded(lab, "")) == {"layers", "loss"}


@pytest.mark.parametrize(
    "code",
    [
        "answer_last = 'a'\nanswer_parameters = 1\nanswer_trains = 1",
        "answer_last = 'zz'\nanswer_parameters = 'many'\nanswer_trains = True",
        "answer_last = []\nanswer_parameters = 235499\nanswer_trains = 'c'",
    ],
)
def test_feedback_never_tells_the_right_answer(lab: labs.Lab, code: str) -> None:
    result = quiz.graded(lab, code)
    for each, secret in (("last", "Nothing: the outputs"), ("parameters", "235500"), ("parameters", "235,500")):
        assert secret not in quiz.outcome_of(result, each)[1]
    for each in ("last", "parameters", "trains"):
        outcome, text = quiz.outcome_of(result, each)
        assert outcome == "failed"
        assert "False" not in text.replace("`True` or `False`", "")
        assert "b)" not in text


def test_feedback_names_what_was_read_and_how_to_write_it(lab: labs.Lab) -> None:
    result = quiz.graded(lab, "answer_last = 'd'\nanswer_parameters = 'many'\nanswer_trains = True")
    assert 'from "a" to "c"' in quiz.outcome_of(result, "last")[1]
    assert "“many” (of the type str)" in quiz.outcome_of(result, "parameters")[1]
    assert "What does it compute?" in quiz.outcome_of(result, "trains")[1]
    result = quiz.graded(lab, "answer_trains = 'perhaps'")
    assert "`True` or `False`, without quotation marks" in quiz.outcome_of(result, "trains")[1]


def test_a_question_that_is_not_answered_says_so_at_its_place(lab: labs.Lab) -> None:
    check = quiz.graded(lab, "import math\nanswer_last = XXXXXX\n").parts[0].checks[0]
    assert "`answer_last` has no answer yet" in check.feedback.rationale
    assert (check.feedback.cell, check.feedback.line) == (1, 2)


def test_an_answer_with_a_key_in_it_is_masked(lab: labs.Lab) -> None:
    result = quiz.graded(lab, quiz.RIGHT + "api_key = 'abcdef0123456789abcdef'\nanswer_why = 'It is ' + api_key\n")
    assert "abcdef0123456789" not in str(result.written)
    assert "abcdef0123456789" not in str(result.parts)


def test_questions_count_where_points_are_added_up(lab: labs.Lab, tmp_path: Path) -> None:
    specs = collect_specs(lab)
    rubric.validate(specs, {part.id: part.points for part in lab.parts})
    assert [spec.id for spec in specs if spec.part == "layers"] == [
        "question_last", "question_parameters", "question_trains",
    ]  # fmt: skip
    wrong = labs.read(quiz.write_lab(tmp_path, quiz.DEFINITION.replace("points = 6", "points = 7")))
    with pytest.raises(AuthorError, match="add up to 6 points, not 7"):
        rubric.validate(collect_specs(wrong), {part.id: part.points for part in wrong.parts})


def test_a_lab_of_nothing_but_questions_needs_no_checks(tmp_path: Path) -> None:
    definition = quiz.DEFINITION.replace("points = 4", "points = 3")
    folder = quiz.write_lab(tmp_path, definition)
    (folder / "checks.py").unlink()
    result = quiz.graded(labs.read(folder), quiz.RIGHT)
    assert numbers(result.earned, result.waiting, result.points) == [6, 3, 9]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('kind = "choice"', 'kind = "guess"', "guess"),
        ('answer = "b"', 'answer = "d"', "one of the letters 'abc'"),
        ('answer = "b"', "", "'answer' is missing"),
        ('id = "last"', 'id = "not a name"', "an id is a word"),
        ("answer = 235500", "answer = nan", "nan"),
        ("answer = 235500", 'answer = "235500"', "is a number"),
        ("answer = 235500", "answer = 1\ntolerance = -1", "not negative"),
        ('rubric = "', 'answer = "x"\nrubric = "', "has a rubric"),
        ('part = "loss"\nkind', 'parts = "loss"\nkind', "unknown key `parts`"),
        ('options = ["A softmax"', 'options = ["c"', "letter of another one"),
        ('options = ["A softmax"', 'options = ["a RELU."', "say the same"),
        ("points = 2", "points = 0", "pays something"),
        ('id = "trains"', 'id = "trains"\nvariable = "answer_last"', "two questions are answered by answer_last"),
    ],
)
def test_a_question_that_makes_no_sense_is_the_authors_fault(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    assert before in quiz.DEFINITION
    with pytest.raises(AuthorError, match=words):
        labs.read(quiz.write_lab(tmp_path, quiz.DEFINITION.replace(before, after)))


def test_answers_are_no_part_of_what_is_calibrated(tmp_path: Path) -> None:
    folder = quiz.write_lab(tmp_path)

    def digest(solution: str) -> str:
        (folder / "solution.py").write_text(solution)
        return calibrate.reference_hash(labs.read(folder))

    before = digest(quiz.SOLUTION)
    assert digest(quiz.SOLUTION.replace("784 * 300 + 300", "235_500")) == before
    assert (
        digest(quiz.SOLUTION.replace("# %%\n# --- question trains\nanswer_trains = False\n# --- end\n", "")) == before
    )
    assert digest(quiz.SOLUTION.replace('"cross-entropy"', '"mse"')) != before


def test_a_reference_whose_words_wait_for_a_person_is_as_it_should_be(
    lab: labs.Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grade_many(_: object, paths: list[Path]) -> Iterator[tuple[Path, Grade]]:
        yield paths[0], quiz.graded(lab, paths[0].read_text())

    monkeypatch.setattr(bench.Bench, "grade_many", grade_many)
    [row] = verify_lab.verify(lab, progress=lambda _: None, only=("reference",))
    assert row.fate is verify_lab.Fate.RIGHT
    assert "3.00 points wait for a person" in verify_lab.line_of(row).plain


def test_what_students_receive(lab: labs.Lab) -> None:
    script = skeleton.generate(lab)["lab.py"]
    assert script.count(" = XXXXXX\n") == 4
    for secret in ("overshoot", "235500", "784 * 300", '"b"\n', "= False", "---"):
        assert secret not in script
    assert "# - **b)** Nothing: the outputs as they are" in script
    assert "# **Question** (2 points). What belongs at the end" in script
    assert "Assign `True` or `False` to `answer_trains`." in script
    assert "# %%\n# %%" not in script.replace("\n\n", "\n")
    ast.parse(script)
    blank = quiz.graded(lab, script)
    assert {check.outcome for part in blank.parts[:1] for check in part.checks} == {Outcome.NOT_ATTEMPTED}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("question last", "question lost", "no question 'lost'"),
        ("# --- question last\n", "", "above this `# --- end`|nothing asks"),
        ("answer_last =", "answer =", "does not assign"),
        ('"b"\n# --- end', '"b"', "no `# --- end`"),
    ],
)
def test_a_solution_that_asks_wrongly(lab: labs.Lab, before: str, after: str, words: str) -> None:
    assert before in quiz.SOLUTION
    changed = quiz.SOLUTION.replace(before, after, 1)
    with pytest.raises(AuthorError, match=words):
        skeleton.strip_solution(sheet.ask(changed, lab.questions, placeholder="XXXXXX", name="s"), name="s")
