"""Marks of a person: out into a table, through whatever a spreadsheet makes of it, and back into the reports."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import quiz
from rich.console import Console

from grader import cli, labs, marks
from grader.errors import MachineError, UsageError
from grader.model import Grade, Outcome
from grader.report import html, jsonreport, junit, record, terminal, write_reports

GRADES: dict[tuple[str, str], Grade] = {}
"""Grades by submission and answer: they are values, and judging anew for each test would take most of the time."""

WHY = "answer_why = {!r}\n"

HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    " =1+1",
    "one;=HYPERLINK(A1)",
    "first line\n=1+1\r\nthird",
    "\t=1+1",
    "\x1b]0;title\x07red \x1b[31m",
    "{{ 7 * 7 }}",
    '"quoted", and ; separated',
    "\u202egnp.exe\x00",
    "x" * 1_000_000,
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> labs.Lab:
    return labs.read(quiz.write_lab(tmp_path_factory.mktemp("quiz")))


def report_of(lab: labs.Lab, folder: Path, *, name: str = "lovelace", why: str = "Steps overshoot.") -> Path:
    key = (name, why)
    if key not in GRADES:
        GRADES[key] = quiz.graded(lab, quiz.RIGHT + WHY.format(why), name=name)
    write_reports(GRADES[key], folder)
    return folder


def exported(*folders: Path) -> tuple[bytes, list[dict[str, str]]]:
    path = folders[0].parent / "marks.csv"
    marks.export(marks.find(folders), path)
    data = path.read_bytes()
    return data, list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def filled(rows: list[dict[str, str]], mark: str, comment: str = "", separator: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, marks.COLUMNS, delimiter=separator)
    writer.writeheader()
    writer.writerows({**row, "mark": mark, "comment": comment} for row in rows)
    return text.getvalue()


def brought_in(data: str | bytes, *folders: Path) -> list[marks.Report]:
    reports = marks.find(folders)
    return marks.bring_in(reports, marks.read(data.encode() if isinstance(data, str) else data, reports))


def score(folder: Path) -> tuple[float, float]:
    document = json.loads((folder / "report.json").read_text())
    return document["score"]["points"], document["waiting_points"]


def complaints(data: str | bytes, *folders: Path) -> tuple[str, ...]:
    before = {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(marks.MarksError) as caught:
        brought_in(data, *folders)
    assert before == {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert all("\n" not in line for line in caught.value.complaints)
    return caught.value.complaints


def test_a_grade_comes_back_from_its_record_as_it_was(lab: labs.Lab) -> None:
    grade = quiz.graded(lab, quiz.RIGHT)
    assert record.read(record.render(grade)) == grade
    assert html.render(record.read(record.render(grade))) == html.render(grade)


def test_a_record_of_the_first_version_is_read(lab: labs.Lab) -> None:
    grade = quiz.graded(lab, quiz.RIGHT)
    document = json.loads(record.render(grade))
    document["format"] = 1
    for later in ("mistakes", "story", "integrity"):
        del document["grade"][later]
    assert record.read(json.dumps(document)) == replace(grade, mistakes=(), story=(), integrity=())


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 3}', '{"format": true}', '{"format": 1, "grade": {"lab": 5}}', "null", "[" * 9999],
)
def test_a_record_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MachineError, match="no record of a grade"):
        record.read(text)


def test_a_lab_without_answers_for_a_person_keeps_nothing(lab: labs.Lab, tmp_path: Path) -> None:
    folder = report_of(lab, tmp_path / "a")
    assert (folder / record.PLACE).exists()
    write_reports(quiz.graded(lab, "answer_last = 'b'"), folder)
    assert not (folder / record.PLACE).exists()
    with pytest.raises(UsageError, match="no answer in these reports"):
        marks.find([folder])
    with pytest.raises(UsageError, match="there is no report"):
        marks.find([tmp_path / "nothing"])


def test_what_stands_in_the_table(lab: labs.Lab, tmp_path: Path) -> None:
    folders = [report_of(lab, tmp_path / "all" / name, name=name) for name in ("hopper", "lovelace")]
    data, rows = exported(*folders)
    assert data.startswith(b"\xef\xbb\xbf")
    assert [row["submission"] for row in rows] == ["hopper", "lovelace"]
    assert rows[0] | {"sha256": ""} == {
        "submission": "hopper",
        "sha256": "",
        "lab": "quiz",
        "question_id": "why",
        "question": "Why is the learning rate not simply as large as possible? ⏎ Two sentences will do.",
        "rubric": "1 point: steps overshoot. 2 points: and the loss grows or oscillates.",
        "answer": "Steps overshoot.",
        "points": "3.00",
        "mark": "",
        "comment": "",
    }
    assert exported(tmp_path / "all")[1] == rows


@pytest.mark.parametrize("answer", HOSTILE, ids=lambda text: repr(text[:12]))
def test_a_hostile_answer_acts_nowhere(lab: labs.Lab, tmp_path: Path, answer: str) -> None:
    folder = report_of(lab, tmp_path / "a", why=answer)
    data, rows = exported(folder)
    text = data.decode("utf-8-sig")
    assert len(text) < 6_000
    for separator in ",;\t":
        cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]
        assert not [cell for cell in cells if re.match(r"[\s'\"]*[=+@-]", cell) and not cell.lstrip().startswith("'")]
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202e]", text)
    assert "<script>alert" not in (folder / "report.html").read_text()
    console = Console(file=io.StringIO(), width=100)
    console.print(terminal.summary(marks.find([folder])[0].grade, report=None))
    brought_in(filled(rows, "3", answer), folder)
    assert "<script>alert" not in (folder / "report.html").read_text()
    assert score(folder) == (10.0, 0.0)


@pytest.mark.parametrize(
    ("separator", "mark", "written"),
    [
        (",", "2.5", str.encode),
        (";", "2,5", lambda text: text.encode("utf-8-sig")),
        (";", "2,50", lambda text: ("sep=;\r\n" + text).encode()),
        ("\t", "2,5", lambda text: text.encode("utf-16")),
        (";", " +2.5 ", lambda text: text.encode("cp1252", "replace")),
        (",", "2.5", lambda text: text.replace("\r\n", "\n").encode()),
        (",", "2.5", lambda text: (text + ",,,,,,,,,\r\n\r\n").encode()),
        (",", "2.5", lambda text: text.replace("submission,", "Submission ,").encode()),
        (",", "2.5", lambda text: text.replace("mark,comment", "mark,comment,by").encode()),
    ],
)
def test_what_spreadsheets_make_of_a_table(
    lab: labs.Lab, tmp_path: Path, separator: str, mark: str, written: Callable[[str], bytes]
) -> None:
    folder = report_of(lab, tmp_path / "a")
    _, rows = exported(folder)
    brought_in(written(filled(rows, mark, "Größer ist nicht besser; schön.", separator)), folder)
    assert score(folder) == (9.5, 0.0)
    assert "Größer ist nicht besser; schön." in (folder / "report.html").read_text()


def test_a_spreadsheet_that_takes_an_id_for_a_number(lab: labs.Lab, tmp_path: Path) -> None:
    folder = report_of(lab, tmp_path / "a", name="00123")
    _, rows = exported(folder)
    brought_in(filled([row | {"submission": "123"} for row in rows], "1"), folder)
    assert score(folder) == (8.0, 0.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mark": "4"}, "row 2: the mark '4' is not between 0 and 3.00"),
        ({"mark": "-0.5"}, "row 2: the mark '-0.5' is not between"),
        ({"mark": "good"}, "row 2: the mark 'good' is not a number"),
        ({"mark": "nan"}, "row 2: the mark 'nan' is not a number"),
        ({"mark": "1e0"}, "is not a number"),
        ({"mark": "1/2"}, "is not a number"),
        ({"question_id": "how"}, "row 2: 'lovelace' has answered no question 'how'"),
        ({"question_id": "last"}, "row 2: 'lovelace' has answered no question 'last'"),
        ({"submission": "hopper"}, "row 2: none of these reports is of a submission 'hopper'"),
        ({"lab": "other"}, "row 2: none of these reports is of a lab 'other'"),
        ({"sha256": "0" * 64}, "row 2: 'lovelace' has handed in another file"),
    ],
)
def test_a_row_that_is_wrong_is_named_and_nothing_is_written(
    lab: labs.Lab, tmp_path: Path, change: dict[str, str], words: str
) -> None:
    folder = report_of(lab, tmp_path / "a")
    _, rows = exported(folder)
    good = {**rows[0], "mark": "1"}
    text = filled([], "")
    lines = io.StringIO()
    csv.DictWriter(lines, marks.COLUMNS).writerows([good | change, good, {**good, "mark": "x"}])
    found = complaints(text + lines.getvalue(), folder)
    assert words in found[0]
    assert found[-1].startswith("row 4: the mark 'x'")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b"hello",
        b"a,b\n1,2\n",
        b"\xff\xfe\x00",
        b"\x81\x8d",
        b'"' + b"x" * 3_000_000,
        b"PK\x03\x04\x00",
    ],
)
def test_what_is_no_table(lab: labs.Lab, tmp_path: Path, data: bytes) -> None:
    assert len(complaints(data, report_of(lab, tmp_path / "a"))) == 1


def test_two_marks_for_one_answer_contradict_each_other(lab: labs.Lab, tmp_path: Path) -> None:
    folder = report_of(lab, tmp_path / "a")
    _, rows = exported(folder)
    one, other = filled(rows, "1"), filled(rows, "2").partition("\r\n")[2]
    assert complaints(one + other, folder) == ("row 3: this answer has another mark or comment in row 2",)
    brought_in(one + filled(rows, "1").partition("\r\n")[2], folder)
    assert score(folder) == (8.0, 0.0)


def test_marks_are_counted_once_and_a_later_import_overrides(lab: labs.Lab, tmp_path: Path) -> None:
    folders = [report_of(lab, tmp_path / name, name=name) for name in ("hopper", "lovelace")]
    _, rows = exported(*folders)
    table = filled(rows[:1], "1.125", "=Look; =again\nand again")
    (changed,) = brought_in(table, *folders)
    assert changed.folder == folders[0]
    assert score(folders[1]) == (7.0, 3.0)
    first = [(folders[0] / name).read_bytes() for name in ("report.html", "report.json", "junit.xml")]
    brought_in(table, *folders)
    assert first == [(folders[0] / name).read_bytes() for name in ("report.html", "report.json", "junit.xml")]
    # What is exported again brings its marks with it, and says the same when it comes back.
    data, again = exported(*folders)
    assert [row["mark"] for row in again] == ["1.125", ""]
    brought_in(data, *folders)
    assert first == [(folders[0] / name).read_bytes() for name in ("report.html", "report.json", "junit.xml")]
    brought_in(filled(rows[:1], "3", "After all."), *folders)
    assert score(folders[0]) == (10.0, 0.0)
    assert "=Look" not in (folders[0] / "report.html").read_text()


@pytest.mark.parametrize(
    ("mark", "status", "outcome"),
    [("0", "partial", "failed"), ("1.5", "partial", "partial"), ("3", "passed", "passed")],
)
def test_what_a_mark_makes_of_its_part(lab: labs.Lab, tmp_path: Path, mark: str, status: str, outcome: str) -> None:
    folder = report_of(lab, tmp_path / "a")
    brought_in(filled(exported(folder)[1], mark, "Read on <b>page 3</b>."), folder)
    part = json.loads((folder / "report.json").read_text())["parts"][1]
    assert (part["status"], part["waiting_points"]) == (status, 0.0)
    assert part["checks"][1]["outcome"] == outcome
    assert part["checks"][1]["rationale"].endswith("Read on <b>page 3</b>.")
    assert "Read on &lt;b&gt;page 3&lt;/b&gt;." in (folder / "report.html").read_text()


def shown(grade: Grade) -> str:
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(terminal.summary(grade, report=None))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_report_says_what_waits(lab: labs.Lab) -> None:
    grade = quiz.graded(lab, quiz.RIGHT)
    text = shown(grade)
    assert "7.00 of 10.00 points; 3.00 points wait for a person" in text
    assert "✎ Waits for a person: The loss (3.00 points)" in text
    page = html.render(grade)
    assert "3.00 points wait for a person; they are not in the score yet" in page
    assert '<span class="outcome">Waits for a person</span>' in page
    assert "Nothing more to do: a person reads your answers" in page
    document = jsonreport.read(jsonreport.render(grade))
    assert document["waiting_points"] == 3.0
    assert [(part["status"], part["waiting_points"]) for part in document["parts"]] == [
        ("passed", 0.0),
        ("waiting", 3.0),
    ]
    suite = junit.render(grade)
    assert 'name="waiting_points" value="3.00"' in suite
    assert 'type="grade.waiting"' in suite
    assert "rubric" not in (page + text + suite + json.dumps(document)).casefold()


def test_a_part_in_which_one_answer_waits_and_another_is_wrong(lab: labs.Lab) -> None:
    grade = quiz.graded(lab, "answer_why = 'Because.'")
    assert grade.parts[1].status is Outcome.WAITING
    alone = replace(grade, parts=grade.parts[1:], earned=Fraction(0), points=Fraction(4))
    assert "No name yet." in shown(alone)
    assert "No name yet." in html.render(alone).partition("Part by part")[0]
    assert "1.00 points to gain" in html.render(alone)


def test_the_whole_way_through_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quiz.write_lab(tmp_path)
    share = labs.share
    monkeypatch.setattr(labs, "share", lambda name: tmp_path / name if name == "reference" else share(name))
    monkeypatch.chdir(tmp_path)
    code = (
        "import tensorflow as tf\n"
        "answer_last = 'A'\n"
        "answer_parameters = tf.constant(784 * 300 + 300)\n"
        "answer_trains = XXXXXX\n"
        "loss_name = 'x'\n"
        "answer_why = '<img src=x onerror=alert(1)>' + 'é' * 1_000_000\n"
        "import os; os._exit(0)\n"
    )
    (tmp_path / "lovelace.py").write_text(code)
    assert cli.run(["lovelace.py", "--lab", "quiz", "--data", "synthetic", "--fail-under", "50"]) == 0
    assert "4.00 of 10.00 points; 3.00 points wait for a person" in capsys.readouterr().out
    assert "<img src=x" not in (tmp_path / "grade-report" / "report.html").read_text()
    document = json.loads((tmp_path / "grade-report" / "report.json").read_text())
    outcomes = {check["id"]: check["outcome"] for part in document["parts"] for check in part["checks"]}
    assert outcomes == {
        "question_last": "failed",
        "question_parameters": "passed",
        "question_trains": "not_attempted",
        "loss_is_named": "passed",
        "question_why": "waiting",
    }
    assert cli.run(["marks", "export", "grade-report", "--out", "marks.csv"]) == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "marks.csv").read_text("utf-8-sig"), newline="")))
    assert "longer than 4,000 characters" in rows[0]["answer"] or rows[0]["answer"].endswith("…")
    (tmp_path / "marks.csv").write_text(filled(rows, "7", "Good."))
    assert cli.run(["marks", "import", "marks.csv", "grade-report"]) == 2
    assert capsys.readouterr().err == "grade: marks.csv, row 2: the mark '7' is not between 0 and 3.00\n"
    (tmp_path / "marks.csv").write_text(filled(rows, "2", "Good."))
    assert cli.run(["marks", "import", "marks.csv", "grade-report"]) == 0
    assert "lovelace: 6.00 of 10.00 points" in capsys.readouterr().out
    assert score(tmp_path / "grade-report") == (6.0, 0.0)
    assert cli.run(["marks", "import", "none.csv", "grade-report"]) == 2
