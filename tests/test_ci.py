"""CI: remarks at the right lines, nothing of a student that acts, and numbers on which all who count agree."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import graded
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from grader import pipeline
from grader.cli import run
from grader.errors import MachineError
from grader.model import CellView, Grade, Outcome
from grader.report import classrooms, jobsummary, rawlines, remarks

EVIL = (
    "\n::error::evil\r\n::set-output name=score::100\n##[error]evil %0A::stop-commands::x "
    "<b onclick=alert(1)> [a](javascript:x) ![i](http://e.x) http://e.x www.e.x @all #1 `c` | a | **b** \x1b[31m\x9b2J"
)
CLASSROOM = {
    "CLASSROOM": "dl",
    "ASSIGNMENT": "mnist",
    "SUBMISSION_TAG": "submit/20261121T120000Z-0123456",
    "OWNER": "ada",
    "ASSIGNMENT_TYPE": "individual",
    "COMMIT_URL": "https://example.org/c",
}


def hostile() -> Grade:
    """Return a grade with something evil in every text that a student may reach."""
    made = []
    for part in graded.parts():
        checks = [
            replace(c, feedback=replace(c.feedback, rationale=f"a{EVIL}", hint=f"b{EVIL}"))
            for c in part.checks
            if not c.spec.hidden
        ]
        made.append(graded.part(part.id, f"T{EVIL}", *checks))
    return graded.grade(parts=tuple(made), submission_file=f"lab{EVIL}.ipynb", lab_title=f"L{EVIL}", findings=(EVIL,))


# Where a line of a cell stands in the file.


def notebook(*sources: str | list[str], indent: int | None = 1, **more: Any) -> str:  # noqa: ANN401 - JSON
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": {}, "source": ["model.evaluate(images)\n", "in words"]}
    ]
    cells += [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": s} for s in sources
    ]
    return json.dumps({"cells": cells, "metadata": more, "nbformat": 4, "nbformat_minor": 5}, indent=indent)


def lines_of(source: str) -> list[str]:
    return source.splitlines(keepends=True)


def found(text: str, cell: int, line: int | None, *, suffix: str = ".ipynb", cells: Any = graded.CELLS) -> str | None:  # noqa: ANN401 - cells
    number = rawlines.read(text.encode(), cells, suffix=suffix).find(cell, line)
    return None if number is None else text.split("\n")[number - 1].strip()


def test_a_line_of_a_notebook_is_found_as_jupyter_saves_it() -> None:
    text = notebook(*(lines_of(cell.source) for cell in graded.CELLS))
    assert found(text, 2, 2) == '"    return None\\n",'
    assert found(text, 2, 4) == '"model = build()"'
    assert found(text, 1, 3) == '"images = 1"'
    assert found(text, 2, None) == '"def build():\\n",'
    # In the cell of code, and not in that of text that has the same line.
    assert found(text, 3, 1) == '"model.evaluate(images)"'
    assert found(text.replace("\n", "\r\n"), 2, 2) == '"    return None\\n",'


def test_a_cell_that_is_saved_as_one_string_is_found_as_a_whole() -> None:
    text = notebook(*(cell.source for cell in graded.CELLS))
    assert found(text, 2, 2) == json.dumps(graded.CELLS[1].source).join(('"source": ', ""))
    assert found(notebook(*(lines_of(cell.source) for cell in graded.CELLS), indent=None), 2, 2) is None


def test_the_second_of_two_cells_that_are_alike_is_told_from_the_first() -> None:
    cells = tuple(replace(graded.CELLS[1], index=index) for index in (1, 2))
    text = notebook(*(lines_of(cell.source) for cell in cells))
    numbers = [rawlines.read(text.encode(), cells, suffix=".ipynb").find(index, 2) for index in (1, 2)]
    assert None not in numbers
    assert numbers[0] != numbers[1]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("line", "number"), [("x = {}\n", 60_000), ("x = 1\n", None)])
def test_a_cell_of_very_many_lines_keeps_nobody_waiting(line: str, number: int | None) -> None:
    source = "".join(line.format(each) for each in range(60_000))
    cell = CellView(index=1, state="ok", source=source)
    lines = rawlines.read(source.encode(), (cell,), suffix=".py")
    assert {lines.find(1, 60_000) for _ in range(12)} == {number}


def test_a_masked_key_does_not_hide_its_cell() -> None:
    cell = CellView(index=1, state="ok", source="a = 1\nkey = '••••'\nb = 2\nfit()")
    text = notebook(lines_of(cell.source.replace("••••", "sk-123")))
    assert found(text, 1, 4, cells=(cell,)) == '"fit()"'


def test_lines_of_scripts_are_found_and_cells_that_are_not_there_are_not() -> None:
    script = "# %% [markdown]\n# text\n\n# %%\n" + "\n\n# %%\n".join(cell.source for cell in graded.CELLS) + "\n"
    assert found(script, 2, 2, suffix=".py") == "return None"
    assert found(script, 3, 1, suffix=".py") == "model.evaluate(images)"
    assert found("x = 1\n", 2, 2, suffix=".py") is None
    assert found(script, 9, 1, suffix=".py") is None
    whole = CellView(index=1, state="ok", source="a = 1\nb = 2\n")
    assert found("a = 1\r\nb = 2\r\n", 1, 2, suffix=".py", cells=(whole,)) == "b = 2"


def test_a_file_of_one_endless_line_or_of_the_same_line_takes_no_time() -> None:
    cell = CellView(index=1, state="ok", source="\n".join(["x = 1"] * 1_000))
    assert found(notebook(["x = 1\n"] * 20_000), 1, 3, cells=(cell,)) in ('"x = 1\\n",', None)
    assert found('"' + "\\\\" * 5_000_000, 1, 3, cells=(cell,)) is None
    assert found('"a"' + " " * 190_000 + "x", 1, 3, cells=(cell,)) is None


# Remarks.


def remarked(made: Grade, file: str = "labs/lab.ipynb") -> tuple[remarks.Remark, ...]:
    text = notebook(*(lines_of(cell.source) for cell in graded.CELLS))
    return remarks.remarks(made, file=file, lines=rawlines.read(text.encode(), made.cells, suffix=".ipynb"))


def parsed(command: str) -> tuple[str, dict[str, str], str]:
    """Read a command as the runner of GitHub does (`ActionCommand.TryParseV2`)."""
    assert command.startswith("::")
    head, message = command[2:].split("::", 1)
    name, _, rest = head.partition(" ")

    def unescaped(text: str, *, is_property: bool) -> str:
        if is_property:
            text = text.replace("%3A", ":").replace("%2C", ",")
        return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")

    pairs = [pair.split("=", 1) for pair in rest.split(",") if pair]
    return name, {k: unescaped(v, is_property=True) for k, v in pairs}, unescaped(message, is_property=False)


def test_remarks_stand_at_the_lines_and_say_each_reason_once() -> None:
    made = remarked(graded.grade())
    assert [(r.kind, r.key) for r in made] == [
        ("error", "build.softmax"),
        ("warning", "fit.trains"),
        ("notice", "tape.steps"),
    ]
    name, properties, message = parsed(next(remarks.commands(made)))
    assert name == "error"
    assert properties["file"] == "labs/lab.ipynb"
    text = notebook(*(lines_of(cell.source) for cell in graded.CELLS)).split("\n")
    assert "return None" in text[int(properties["line"]) - 1]
    assert properties["title"] == "Build: not right yet"
    assert message == "No `softmax`.\nTry: Add one.\n(cell 2, line 2)"


def test_no_hidden_check_is_in_anything_that_ci_gets() -> None:
    made = graded.grade()
    told = "".join([*remarks.commands(remarked(made)), remarks.code_quality(remarked(made)), jobsummary.render(made)])
    told += classrooms.classroom50(made, CLASSROOM, committed="now")
    told += base64.b64decode(classrooms.legacy(made)).decode()
    assert graded.SECRET not in told
    assert "deep" not in told


def test_nothing_that_a_student_wrote_is_a_command() -> None:
    made = remarks.remarks(hostile(), file=f"labs/a,line=1::{EVIL}.ipynb", lines=None)
    commands = list(remarks.commands(made))
    assert len(commands) > 2
    for command in commands:
        assert not {"\n", "\r", "\x1b", "\x9b"} & set(command)
        name, properties, message = parsed(command)
        assert name in {"error", "warning", "notice"}
        assert set(properties) <= {"file", "title"}
        assert message.startswith("a")


def test_github_shows_ten_of_a_kind() -> None:
    checks = [graded.check(f"c{n}", "x", Outcome.FAILED, 1, rationale=f"reason {n}") for n in range(30)]
    part = graded.part("x", "X", *checks, graded.check("p", "x", Outcome.PARTIAL, 2, 1, rationale="half"))
    kinds = [parsed(command)[0] for command in remarks.commands(remarked(graded.grade(parts=(part,))))]
    assert (kinds.count("error"), kinds.count("warning")) == (10, 1)


def test_gitlab_gets_code_quality() -> None:
    issues = json.loads(remarks.code_quality(remarked(graded.grade())))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == 3
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["path"] == "labs/lab.ipynb"
        assert issue["location"]["lines"]["begin"] > 1
    assert json.loads(remarks.code_quality(remarked(graded.grade(), file=""))) == []


# The summary.


def tokens(text: str) -> list[Any]:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    return [token for block in html for token in (block, *(block.children or ()))]


def test_the_summary_is_markdown_with_a_row_for_each_part() -> None:
    text = jobsummary.render(graded.grade())
    kinds = [token.type for token in tokens(text)]
    assert kinds.count("tr_open") == 1 + 6
    assert "<code>softmax</code>" in text
    assert "10.00 points wait for a person" in text.replace("\\", "")


def test_nothing_of_a_student_is_structure_in_the_summary() -> None:
    harmless, evil = (tokens(jobsummary.render(made)) for made in (graded.grade(parts=hostile_but_plain()), hostile()))
    kinds = [token.type for token in evil]
    assert not {"link_open", "image", "html_block", "strong_open_", "em_open", "code_inline", "fence"} & set(kinds)
    inline = {token.content for token in evil if token.type == "html_inline"}
    assert inline <= {"<code>", "</code>", "<sub>", "</sub>"}
    for kind in ("heading_open", "tr_open", "td_open", "strong_open", "paragraph_open"):
        assert kinds.count(kind) == [token.type for token in harmless].count(kind), kind
    shown = "".join(token.content for token in evil)
    assert "://" not in shown
    assert not re.search(r"@\w|#\d", shown)


def hostile_but_plain() -> tuple[Any, ...]:
    return tuple(
        graded.part(
            part.id,
            "T",
            *(
                replace(c, feedback=replace(c.feedback, rationale="a", hint="b"))
                for c in part.checks
                if not c.spec.hidden
            ),
        )
        for part in graded.parts()
    )


def test_the_summary_is_never_larger_than_github_takes() -> None:
    many = tuple(
        graded.part(f"p{n}", "é" * 300, graded.check(f"c{n}", f"p{n}", Outcome.FAILED, 1, rationale="ü" * 4_000))
        for n in range(40)
    )
    assert len(jobsummary.render(graded.grade(parts=many)).encode()) > 80_000
    text = jobsummary.render(graded.grade(parts=many), limit=80_000)
    assert 70_000 < len(text.encode()) <= 80_000
    assert "left out" in text.splitlines()[-1]
    assert len(jobsummary.render(graded.grade(), limit=1_200).encode()) <= 1_200


# Classrooms.


def test_classroom_50_gets_whole_points() -> None:
    made = json.loads(classrooms.classroom50(graded.grade(), CLASSROOM, committed="2026-11-21T12:00:00Z"))
    assert made["schema"] == "classroom50/result/v1"
    assert (made["score"], made["max-score"]) == (23, 50)
    assert made["points"] == 22.5
    for test in made["tests"]:
        assert {"test-name", "passed", "score", "max-score"} <= set(test)
        assert type(test["score"]) is type(test["max-score"]) is int
    assert sum(test["score"] for test in made["tests"]) == made["score"]
    assert [test["passed"] for test in made["tests"]] == [True, False, False, False, False, False]


def test_lateness_and_extra_credit_are_tests_of_their_own() -> None:
    made = json.loads(classrooms.classroom50(graded.late(graded.grade(), 4), CLASSROOM, committed=""))
    assert made["score"] == 19
    assert made["tests"][-1] == {"test-name": "Late", "passed": False, "score": -4, "max-score": 0}
    made = json.loads(classrooms.classroom50(graded.beyond(graded.grade(), 3), CLASSROOM, committed=""))
    assert (made["score"], made["max-score"]) == (26, 50)


def reported(result: str) -> tuple[float, float, float]:
    """Return what GitHub Classroom's reporter makes of a result: notice, table, maximum."""
    made = json.loads(base64.b64decode(result))
    tests = made["tests"]
    passed = sum(test["status"] == "pass" for test in tests)
    table = passed / len(tests) * made["max_score"] if tests else 0
    return sum(test["score"] for test in tests), table, made["max_score"]


POINTS = st.fractions(min_value=0, max_value=30, max_denominator=8)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(POINTS, st.fractions(min_value=0, max_value=1, max_denominator=12)), min_size=1, max_size=9),
    POINTS,
)
def test_all_who_count_agree(pairs: list[tuple[Fraction, Fraction]], off: Fraction) -> None:
    parts = []
    for number, (most, share) in enumerate(pairs):
        outcome = Outcome.PASSED if share == 1 else Outcome.PARTIAL if share * most else Outcome.FAILED
        parts.append(
            graded.part(f"p{number}", "P", graded.check(f"c{number}", f"p{number}", outcome, most, most * share))
        )
    made = graded.grade(parts=tuple(parts))
    made = graded.late(made, min(off, made.earned))
    document = json.loads(classrooms.classroom50(made, CLASSROOM, committed=""))
    assert sum(test["score"] for test in document["tests"]) == document["score"]
    assert sum(test["max-score"] for test in document["tests"]) == document["max-score"]
    assert abs(document["score"] - made.earned) <= 1
    assert (document["score"] < document["max-score"]) is (made.earned < made.points) or made.points < 1
    assert all(0 <= test["score"] <= test["max-score"] for test in document["tests"] if "status" in test)
    notice, table, maximum = reported(classrooms.legacy(made))
    assert (notice, maximum) == (document["score"], document["max-score"])
    assert table == pytest.approx(notice)


def test_a_result_of_github_classroom_has_tests_whatever_happens() -> None:
    assert reported(classrooms.legacy(graded.beyond(graded.grade(), 40))) == (50, 50, 50)
    fault = json.loads(base64.b64decode(classrooms.legacy_fault("lost" * 500)))
    assert (fault["status"], fault["tests"], len(fault["message"])) == ("error", [], 500)
    made = json.loads(base64.b64decode(classrooms.legacy(graded.grade())))
    assert {"version", "status", "max_score", "tests"} <= set(made)
    told = [test["output"] for test in made["tests"] if "output" in test]
    assert "No `softmax`.\nAdd one." in told
    assert all(len(text) <= 500 for text in told)


# The command.


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A step of GitHub Actions in a scratch checkout."""
    monkeypatch.chdir(tmp_path)
    for name in ("CI_PROJECT_DIR", "GITLAB_CI", *CLASSROOM):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        (tmp_path / name).write_text("before\n")
        monkeypatch.setenv(name, str(tmp_path / name))
    (tmp_path / "lab.ipynb").write_text(notebook(*(lines_of(cell.source) for cell in graded.CELLS)))
    return tmp_path


def answer(monkeypatch: pytest.MonkeyPatch, made: Grade | Exception) -> None:
    def fake(request: pipeline.Request) -> Grade:
        if isinstance(made, Exception):
            raise made
        request.out.mkdir(exist_ok=True)
        return made

    monkeypatch.setattr(pipeline, "grade", fake)


def outside_of_brackets(text: str) -> list[str]:
    """Return the lines that the runner of GitHub looks for commands in; every bracket has to be closed."""
    shown, token = [], ""
    for line in text.splitlines():
        if token:
            token = "" if line == f"::{token}::" else token
        elif match := re.fullmatch(r"::stop-commands::([0-9a-f]{32})", line):
            token = match[1]
        else:
            shown.append(line)
    assert not token
    return shown


def test_a_step_tells_github(step: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answer(monkeypatch, hostile())
    assert run(["ci", "--data", "synthetic", "--lab", "mnist_cnn", "--github-classroom"]) == 0
    told = capsys.readouterr()
    commands = [parsed(line) for line in outside_of_brackets(told.out) if line]
    assert {name for name, _, _ in commands} == {"error", "warning", "notice"}
    assert {properties["file"] for _, properties, _ in commands} == {"lab.ipynb"}
    assert told.err == ""
    summary = (step / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith("before\n## L")
    outputs = (step / "GITHUB_OUTPUT").read_text().splitlines()
    assert outputs[:4] == ["before", "score=22.50", "max_score=48.00", "summary=22.50 of 48.00 points"]
    assert outputs[4].startswith("result=ey")
    assert json.loads((step / "grade-report" / "code-quality.json").read_text())


def test_exit_codes_are_those_of_run(step: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert step.is_dir()
    for made, options, code in (
        (graded.grade(), (), 0),
        (graded.grade(), ("--fail-under", "90"), 1),
        (graded.grade(), ("--fail-under", "50"), 0),
        (graded.grade(parts=(graded.part("x", "X", graded.check("c", "x", Outcome.GRADER_ERROR, 1)),)), (), 3),
        (MachineError("lost", slug="x"), (), 3),
        (ValueError("lost"), (), 3),
    ):
        answer(monkeypatch, made)
        assert run(["ci", "--lab", "mnist_cnn", "--data", "synthetic", *options]) == code, made
    assert run(["ci", "none.ipynb"]) == 2
    assert run(["ci", "--effort", "heroic"]) == 2


def test_a_failure_is_one_annotation_whatever_the_file_is_called(
    step: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "a\n::set-env name=PATH::x\n##[error]x.ipynb"
    (step / name).write_text("")
    assert run(["ci", name, "--github-classroom"]) == 2
    answer(monkeypatch, ValueError(EVIL))
    assert run(["ci", "lab.ipynb", "--lab", "mnist_cnn"]) == 3
    told = capsys.readouterr()
    commands = [parsed(line) for line in outside_of_brackets(told.out) if line]
    assert [(kind, properties) for kind, properties, _ in commands] == [("error", {"title": "Not graded"})] * 2
    assert "the file is empty" in commands[0][2]
    assert "not your fault" in commands[1][2]
    assert told.err == ""
    assert (step / "GITHUB_STEP_SUMMARY").read_text().count("## Not graded") == 2
    result = (step / "GITHUB_OUTPUT").read_text().split("result=")[1]
    assert json.loads(base64.b64decode(result))["status"] == "error"


def test_elsewhere_no_command_is_printed(
    step: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    answer(monkeypatch, graded.grade())
    assert run(["ci", "lab.ipynb", "--lab", "mnist_cnn"]) == 0
    assert "::" not in capsys.readouterr().out
    assert (step / "grade-report" / "summary.md").read_text().startswith("## Digits")
    assert (step / "GITHUB_STEP_SUMMARY").read_text() == "before\n"
    assert run(["ci", "none\x1b[2J.ipynb"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("grade: none")
    assert "\x1b" not in told


def test_classroom_50_is_written_where_it_is(step: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, graded.grade())
    command = ["ci", "--lab", "mnist_cnn", "--classroom50", "result.json", "--summary", "release-body.md"]
    assert run(command) == 2
    for name, value in CLASSROOM.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COMMIT_DATE", "2026-11-21T12:00:00+01:00")
    assert run(command) == 0
    made = json.loads((step / "result.json").read_text())
    assert made["datetime"] == "2026-11-21T12:00:00+01:00"
    assert made["submission"] == CLASSROOM["SUBMISSION_TAG"]
    assert (step / "release-body.md").read_text().startswith("## Digits")
    assert (step / "GITHUB_STEP_SUMMARY").read_text().count("Not graded") == 0
