"""Gradebooks: a score goes to whom it belongs or nowhere, and nothing else in the file of an LMS changes."""

from __future__ import annotations

import csv
import datetime as dt
import io
import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest
from downloads import CANVAS, CODE, MOODLE, archive
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import UsageError
from grader.exchange import Entry, Filled, Layout, PartScore, Person, Result, bundles, read
from grader.exchange.gradebooks import canvas, moodle, plain
from grader.exchange.matching import Row, match
from grader.exchange.tables import own_cell, parse

HEAD = "Student,ID,SIS User ID,SIS Login ID,Section,Notes,Lab 1 (12345),Lab 2 (12346),Current Score,Final Score"
EXPORT = f"""\
{HEAD}
,,,,,,Manual Posting,,,
    Points Possible,,,,,,100.00,50.00,(read only),(read only)
"Doe, Jane",50,S001,jdoe,"Group ""A"", morning",=1+1,80.50,,91.2,91.2
"Roe, John",51,S002,jroe@example.org,B,,,,,
"Poe, Pat",52,S003,ppoe,B,,EX,,,
"Moe, Ann",53,S004,amoe,B,,N/A,,,
"Coe, Sam",54,S005,scoe,B,,,,,
"Coe, Sam",55,S006,scoe2,B,,,,,
"Student, Test",99,,abcdef,B,,,,,
"""

WORKSHEET = """\
Identifier,Full name,Email address,Status,Group,Grade,Maximum Grade,Grade can be changed,\
Last modified (submission),Online text,Last modified (grade),Feedback comments
Participant 1234,Jane Doe,jane@example.org,Submitted,Team A,,100.00,Yes,"Monday, 2 March 2026","<p>""x""</p>",-,
Participant 1235,Zoë O'Brien-Smith,zoe@example.org,Submitted,Team A,70.00,100.00,Yes,-,,-,"<p>By hand, well done</p>"
Participant 17,Pat Poe,pat@example.org,No submission,Team B,,100.00,Yes,-,,-,
Participant 18,Sam Coe,sam1@example.org,No submission,Team B,,100.00,Yes,-,,-,
Participant 19,Sam Coe,sam2@example.org,No submission,,,100.00,Yes,-,,-,
"""


def entry(id_: str, **fields: object) -> Entry:
    return Entry(id=id_, path=Path(id_), **fields)  # type: ignore[arg-type]


def canvas_entry(user: str, name: str = "") -> Entry:
    original = f"{name or 'x'}_{user}_9_lab.py"
    return entry(f"{name}_{user}", layout=Layout.CANVAS, user_id=user, name=name, original=original)


def moodle_entry(number: str, name: str) -> Entry:
    original = f"{name or 'Participant'}_{number}_assignsubmission_file"
    return entry(f"{name}_{number}", layout=Layout.MOODLE, user_id=number, name=name, original=original)


def result(of: Entry, points: str | None = "87.5", **fields: object) -> Result:
    score = None if points is None else Fraction(points)
    return Result(**{"entry": of, "points": score, "max_points": Fraction(100), **fields})  # type: ignore[arg-type]


def rows(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def told(filled: Filled, about: str) -> str:
    return " ".join(note.text for note in filled.notes if note.about == about)


def test_scores_go_into_the_export_and_all_else_stays_byte_for_byte() -> None:
    filled = canvas.fill(EXPORT.encode(), [result(canvas_entry("51", "roejohn"))], assignment="12345")
    before, after = EXPORT.encode().split(b"\n"), filled.data.split(b"\n")
    assert after[4] == b'"Roe, John",51,S002,jroe@example.org,B,,87.50,,,'
    assert before[:4] + before[5:] == after[:4] + after[5:]
    assert filled.entries == ("roejohn_51",)


@pytest.mark.parametrize("assignment", ["12345", "Lab 1 (12345)", "Lab 1", " Lab 1 "])
def test_an_assignment_is_named_by_number_or_title(assignment: str) -> None:
    filled = canvas.fill(EXPORT.encode(), [result(canvas_entry("51"))], assignment=assignment)
    assert rows(filled.data)[4][6] == "87.50"


@pytest.mark.parametrize(
    "assignment", ["Lab 3", "lab 1", "12", "Lab 1 (99)", "Section", "ID", "Final Score", "Current Score", "Student", ""]
)
def test_no_assignment_is_made_by_accident(assignment: str) -> None:
    with pytest.raises(UsageError, match=r"create a new assignment") as caught:
        canvas.fill(EXPORT.encode(), [result(canvas_entry("51"))], assignment=assignment)
    assert "'Lab 1 (12345)'" in str(caught.value)


def test_a_title_that_is_there_twice_is_refused() -> None:
    export = EXPORT.replace("Lab 2 (12346)", "Lab 1 (12346)")
    with pytest.raises(UsageError, match="several columns"):
        canvas.fill(export.encode(), [], assignment="Lab 1")
    assert canvas.fill(export.encode(), [], assignment="Lab 1 (12346)").data == export.encode()


def test_excused_students_and_those_without_the_assignment_are_left_alone() -> None:
    results = [result(canvas_entry("52", "poe")), result(canvas_entry("53", "moe"))]
    filled = canvas.fill(EXPORT.encode(), results, assignment="12345")
    assert filled.data == EXPORT.encode()
    assert "excused" in told(filled, "poe_52")
    assert "N/A" in told(filled, "moe_53")


def test_an_older_score_is_said() -> None:
    filled = canvas.fill(EXPORT.encode(), [result(canvas_entry("50"))], assignment="12345")
    assert told(filled, "Doe, Jane") == "'80.50' was there before; now it is 87.50"
    again = canvas.fill(filled.data, [result(canvas_entry("50"))], assignment="12345")
    assert again.data == filled.data
    assert told(again, "Doe, Jane") == ""


def test_scores_that_wait_or_failed_are_written_only_when_asked_for() -> None:
    waiting = result(canvas_entry("51", "roe"), waiting=Fraction(5))
    failed = result(canvas_entry("54", "coe"), None, status="grader_error")
    for include_waiting, column in ((False, ""), (True, "87.50")):
        filled = canvas.fill(EXPORT.encode(), [waiting, failed], assignment="12345", include_waiting=include_waiting)
        assert rows(filled.data)[4][6] == column
        assert rows(filled.data)[7][6] == ""
        assert "not graded" in told(filled, "coe_54")
        assert ("5.00 points still wait" in told(filled, "roe_51")) is not include_waiting


def test_students_of_one_name_get_nothing_by_name() -> None:
    by_name = result(entry("s", layout=Layout.GRADESCOPE, members=(Person(name="Sam Coe"),)))
    filled = canvas.fill(EXPORT.encode(), [by_name], assignment="12345")
    assert filled.data == EXPORT.encode()
    assert "2 students" in told(filled, "s")
    by_id = result(entry("s", layout=Layout.GRADESCOPE, members=(Person(name="Sam Coe", id="s006"),)))
    assert rows(canvas.fill(EXPORT.encode(), [by_id], assignment="12345").data)[8][6] == "87.50"


def test_groups_from_elsewhere_are_matched_by_number_mail_and_name() -> None:
    people = (Person(id="S001"), Person(email="JROE@example.org"), Person(name="Pat  POE"), Person(name="Not Here"))
    export = EXPORT.replace("EX", "")
    filled = canvas.fill(
        export.encode(), [result(entry("g", layout=Layout.GRADESCOPE, members=people))], assignment="Lab 1"
    )
    assert [row[6] for row in rows(filled.data)[3:7]] == ["87.50", "87.50", "87.50", "N/A"]
    assert told(filled, "g") == "'Not Here' is not in the gradebook"


def test_two_submissions_of_one_student_are_a_question_for_a_person() -> None:
    results = [result(entry("jdoe", user_id="jdoe"), "1"), result(entry("S001", user_id="S001"), "2")]
    filled = canvas.fill(EXPORT.encode(), results, assignment="12345")
    assert filled.data == EXPORT.encode()
    assert "several submissions are theirs (jdoe, S001)" in told(filled, "Doe, Jane")


def test_contradicting_ids_are_refused() -> None:
    person = Person(id="S001", email="jroe@example.org")
    filled = canvas.fill(
        EXPORT.encode(), [result(entry("g", layout=Layout.GRADESCOPE, members=(person,)))], assignment="12345"
    )
    assert filled.data == EXPORT.encode()


def test_numbers_of_other_systems_are_not_taken_for_those_of_canvas() -> None:
    stranger = result(entry("submission_50", layout=Layout.GRADESCOPE, user_id="50", members=(Person(id="51"),)))
    nobody = result(entry("submission_51", layout=Layout.GRADESCOPE, user_id="51"))
    filled = canvas.fill(EXPORT.encode(), [stranger, nobody, result(entry("54", user_id="54"))], assignment="12345")
    assert filled.data == EXPORT.encode()
    assert "whose" in told(filled, "submission_51")


def test_students_without_a_submission_are_listed() -> None:
    filled = canvas.fill(EXPORT.encode(), [result(canvas_entry("51"))], assignment="12345")
    assert {note.about for note in filled.notes} >= {"Doe, Jane", "Student, Test", "Poe, Pat"}


def test_other_maxima_are_refused_or_converted() -> None:
    with pytest.raises(UsageError, match=r"50\.00 points .* the lab 100\.00"):
        canvas.fill(EXPORT.encode(), [result(canvas_entry("51"))], assignment="12346")
    filled = canvas.fill(EXPORT.encode(), [result(canvas_entry("51"))], assignment="12346", rescale=True)
    assert rows(filled.data)[4][7] == "43.75"


def test_a_byte_order_mark_semicolons_and_decimal_commas_stay() -> None:
    export = (
        '\ufeffStudent;ID;Section;Lab 1 (12345)\r\n    Points Possible;;;100,00\r\n"Doe; Jane";50;A;80,5\r\nRoé;51;A;'
    )
    filled = canvas.fill(export.encode(), [result(canvas_entry("51"))], assignment="12345")
    assert filled.data.decode() == export + "87,50"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_stay(encoding: str) -> None:
    export = EXPORT.replace("Moe", "Möé")
    filled = canvas.fill(export.encode(encoding), [result(canvas_entry("51"))], assignment="12345")
    assert filled.data.decode(encoding) == export.replace("example.org,B,,", "example.org,B,,87.50")


def test_names_in_two_columns() -> None:
    export = "LastName,FirstName,ID,Section,Lab (7)\nDoe,Jane,50,A,\nRoe,John,51,A,\n"
    person = result(entry("x", layout=Layout.GRADESCOPE, members=(Person(name="Jane Doe"),)))
    assert rows(canvas.fill(export.encode(), [person], assignment="7").data)[1][4] == "87.50"


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"a,b,c\n1,2,3\n", b"PK\x03\x04", b'Student,ID,Section,Lab (7)\n"x,1\n']
)
def test_what_is_no_gradebook_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError):
        canvas.fill(data, [], assignment="7")


def test_the_short_form_needs_the_number_of_the_assignment() -> None:
    results = [result(canvas_entry("50", "=doe")), result(entry("alice")), result(canvas_entry("51"), None)]
    with pytest.raises(UsageError, match="create a new assignment"):
        canvas.create(results, assignment="Lab 1")
    made = canvas.create(results, assignment="Lab 1 (12345)")
    assert rows(made.data) == [
        ["Student", "ID", "Section", "Lab 1 (12345)"],
        ["    Points Possible", "", "", "100.00"],
        ["'=doe", "50", "", "87.50"],
    ]
    assert {note.about for note in made.notes} == {"alice", "_51"}
    assert rows(canvas.fill(made.data, results[:1], assignment="12345").data)[2][3] == "87.50"


def test_anonymous_students_are_in_no_short_form() -> None:
    made = canvas.create([result(canvas_entry("anon_x7Qz2"))], assignment="Lab (7)")
    assert made.entries == ()
    assert "is not known" in made.notes[0].text


def test_the_worksheet_gets_grades_and_comments_and_nothing_else() -> None:
    results = [result(moodle_entry("1234", "Jane Doe"), summary="=1+1 <b>\nsecond, line")]
    filled = moodle.fill(WORKSHEET.encode(), results)
    before, after = WORKSHEET.encode().split(b"\n"), filled.data.split(b"\n")
    assert before[0] == after[0]
    assert before[2:] == after[2:]
    old, new = rows(WORKSHEET.encode())[1], rows(filled.data)[1]
    assert new[5] == "87.50"
    assert new[11] == "'=1+1 &lt;b&gt;<br>second, line"
    assert [cell for n, cell in enumerate(new) if n not in (5, 11)] == [
        c for n, c in enumerate(old) if n not in (5, 11)
    ]


def test_a_grade_and_a_comment_that_were_there_are_said() -> None:
    who = moodle_entry("1235", "Zoë O'Brien-Smith")
    filled = moodle.fill(WORKSHEET.encode(), [result(who, summary="better")])
    assert told(filled, "Zoë O'Brien-Smith") == "'70.00' was there before; now it is 87.50"
    assert "another comment" in told(filled, who.id)
    kept = moodle.fill(WORKSHEET.encode(), [result(who)])
    assert rows(kept.data)[2][11] == "<p>By hand, well done</p>"


def test_the_number_of_a_team_is_no_participant() -> None:
    """The team is number 17, and so is Pat, who is in the other one."""
    filled = moodle.fill(WORKSHEET.encode(), [result(moodle_entry("17", "Team A"))])
    assert [row[5] for row in rows(filled.data)[1:]] == ["87.50", "87.50", "", "", ""]
    unknown = moodle.fill(WORKSHEET.encode(), [result(moodle_entry("17", "Team Z"))])
    assert unknown.data == WORKSHEET.encode()
    assert "'Pat Poe'" in told(unknown, "Team Z_17")


def test_blind_downloads_are_matched_by_number_alone() -> None:
    filled = moodle.fill(WORKSHEET.encode(), [result(moodle_entry("18", ""))])
    assert rows(filled.data)[4][5] == "87.50"
    blind = "Identifier,Status,Grade,Maximum Grade,x\nParticipant 5,Submitted,,100,\nParticipant 6,Submitted,,100,\n"
    filled = moodle.fill(blind.encode(), [result(moodle_entry("5", ""))])
    assert rows(filled.data)[1][2] == "87.50"
    assert [note.about for note in filled.notes] == ["6"]


LANGUAGES = {
    "de": ("ID", "Vollständiger Name", "E-Mail-Adresse", "Bewertung", "Bestwertung", "Feedback als Kommentar"),
    "es": (
        *("Identificador", "Nombre completo", "Dirección de correo", "Calificación", "Calificación máxima"),
        "Comentarios de retroalimentación",
    ),
    "fr": (
        *("Identifiant", "Nom complet", "Adresse de courriel", "Note", "Note maximale"),
        "Feedback par commentaires",
    ),
    "pl": ("Identyfikator", "Imię, nazwisko", "Adres e-mail", "Ocena", "Maks.", "Kom."),
}


def in_language(language: str) -> bytes:
    """Return the worksheet with the labels of a language."""
    english = ("Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Feedback comments")
    labels = dict(zip(english, LANGUAGES[language], strict=True))
    head, *others = rows(WORKSHEET.encode())
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[labels.get(label, label) for label in head], *others])
    return text.getvalue().encode()


@pytest.mark.parametrize(
    ("language", "columns"),
    [
        ("de", ""),
        ("es", ""),
        ("fr", ""),
        ("pl", "grade=Ocena, name=Imię, nazwisko, email=adres e-mail,maximum=Maks.,comments=Kom."),
        ("pl", "id=Identyfikator,grade=OCENA,comments=Kom."),
    ],
)
def test_worksheets_in_other_languages_take_the_same(language: str, columns: str) -> None:
    results = [
        result(moodle_entry("1234", "Jane Doe"), summary="fine"),
        result(entry("g", layout=Layout.GRADESCOPE, members=(Person(name="Pat Poe"),)), "50"),
    ]
    filled = moodle.fill(in_language(language), results, columns=moodle.columns(columns))
    assert [(row[5], row[11]) for row in rows(filled.data)[1:4:2]] == [("87.50", "fine"), ("50.00", "")]


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ("grad=Ocena", "no column 'grad'; did you mean 'grade'"),
        ("grade", "'grade' is not like grade=LABEL"),
        ("grade=", "is not like"),
        ("grade=Ocena,grade=Maks.", "two labels for 'grade'"),
        ("grade=Ocna", "no column 'Ocna'; did you mean 'Ocena'"),
        ("id=Numer,grade=Ocena", "no column 'Numer'"),
        ("", "no column for grades that is known; name it as --columns grade=LABEL"),
    ],
)
def test_columns_that_are_not_there_are_named(columns: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        moodle.fill(in_language("pl"), [], columns=moodle.columns(columns))


def test_the_column_of_the_participants_can_be_named() -> None:
    worksheet = "".join(f"x,{line}\n" for line in WORKSHEET.splitlines()).encode()
    with pytest.raises(UsageError, match="no row begins"):
        moodle.fill(worksheet, [])
    filled = moodle.fill(worksheet, [result(moodle_entry("1234", "Jane Doe"))], columns=moodle.columns("id=Identifier"))
    assert rows(filled.data)[1][6] == "87.50"


def test_other_languages_are_known_or_named() -> None:
    german = WORKSHEET
    for label, other in {
        "Identifier": "ID",
        "Full name": "Vollständiger Name",
        "Maximum Grade": "Bestwertung",
        ",Grade,": ",Bewertung,",
        "Feedback comments": "Feedback als Kommentar",
        "100.00": '"100,00"',
        "70.00": '"70,00"',
    }.items():
        german = german.replace(label, other)
    filled = moodle.fill(german.encode(), [result(moodle_entry("1234", "Jane Doe"), summary="gut")])
    assert rows(filled.data)[1][5:7] == ["87,50", "100,00"]
    assert rows(filled.data)[1][11] == "gut"
    polish = (
        WORKSHEET.replace(",Grade,", ",Ocena,").replace("Maximum Grade", "Maks.").replace("Feedback comments", "Kom.")
    )
    with pytest.raises(UsageError, match="'Ocena'"):
        moodle.fill(polish.encode(), [])
    named = moodle.fill(
        polish.encode(), [result(moodle_entry("1234", "Jane Doe"), summary="x")], columns=moodle.Columns(grade="ocena")
    )
    assert rows(named.data)[1][5] == "87.50"
    assert "no column for comments" in told(named, "worksheet")
    with pytest.raises(UsageError, match="no column 'Punkte'"):
        moodle.fill(polish.encode(), [], columns=moodle.Columns(grade="Punkte"))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("100.00", "Good (3)", "scale"),
        ("100.00", "20.00", r"20\.00 points"),
        ("Participant", "x", "no row begins"),
    ],
)
def test_worksheets_that_cannot_take_points(old: str, new: str, what: str) -> None:
    worksheet = WORKSHEET.replace(old, new) if old != "Participant" else WORKSHEET.splitlines()[0]
    with pytest.raises(UsageError, match=what):
        moodle.fill(worksheet.encode(), [result(moodle_entry("1234", "Jane Doe"))])


def test_a_row_is_found_by_what_gradescope_knows() -> None:
    person = Person(name="Sam Coe", email="SAM2@example.org")
    filled = moodle.fill(WORKSHEET.encode(), [result(entry("g", layout=Layout.GRADESCOPE, members=(person,)))])
    assert rows(filled.data)[5][5] == "87.50"


def test_our_own_gradebook() -> None:
    parts = (
        PartScore(id="fc_build", points=Fraction("9.996"), max_points=Fraction(10)),
        PartScore(id="score", points=Fraction(-1), max_points=Fraction(5)),
    )
    results = [
        result(entry("alice", name="=HYPERLINK(1)", is_late=False), "99.999", parts=parts, status="graded"),
        result(entry("bob"), "50", penalty=Fraction(10), waiting=Fraction(5), status="waiting"),
        result(entry("carol"), None, status="grader_error"),
    ]
    assert rows(plain.table(results)) == [
        ["id", "name", "email", "score", "max", "late", "status", "fc_build", "part_score"],
        ["alice", "'=HYPERLINK(1)", "", "99.99", "100.00", "no", "graded", "9.99", "-1.00"],
        ["bob", "", "", "", "100.00", "yes", "waiting", "", ""],
        ["carol", "", "", "", "100.00", "", "grader_error", "", ""],
    ]
    assert rows(plain.table(results, include_waiting=True))[2][3] == "50.00"
    assert plain.table([]).startswith(b"id,name,email,score,max,late,status\r\n")


def test_the_table_of_nbgrader() -> None:
    moment = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    one = entry("ann", layout=Layout.NBGRADER, user_id="ann", name="Doe, Ann", submitted_at=moment)
    made = rows(plain.nbgrader([result(one, "80", penalty=Fraction(10))], assignment="ps1"))
    assert dict(zip(*made, strict=True)) == {
        "assignment": "ps1",
        "duedate": "",
        "timestamp": "2026-03-01 12:00:00+00:00",
        "student_id": "ann",
        "last_name": "Doe",
        "first_name": "Ann",
        "email": "",
        "raw_score": "90.00",
        "late_submission_penalty": "10.00",
        "score": "80.00",
        "max_score": "100.00",
    }


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'=1+1"),
        ("\r=1", "'=1"),
        ("＝1", "'＝1"),
        ("a;=1+1", "a;'=1+1"),
        ("a, @x", "a, '@x"),
        ("-3.5", "-3.5"),
        ("-3,5", "-3,5"),
        ("Doe, Jane", "Doe, Jane"),
        ("well done; -5 points", "well done; '-5 points"),
    ],
)
def test_cells_of_ours_are_no_formulas(text: str, cell: str) -> None:
    assert own_cell(text) == cell


def test_bundles_for_canvas_keep_the_ids(tmp_path: Path) -> None:
    intake = read(archive(tmp_path / "in.zip", CANVAS), into=tmp_path / "into")
    report = tmp_path / "report.html"
    report.write_text("<html>")
    results = [result(e, report=report) for e in intake.entries]
    notes = bundles.canvas([*results, result(entry("alice"), report=report)], tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as members:
        assert sorted(members.namelist()) == [
            "coesam_54_1280_report.html",
            "doejane_50_1234_report.html",
            "roejohn_LATE_51_1235_report.html",
        ]
    assert [note.about for note in notes] == ["alice"]


def test_bundles_for_moodle_have_the_names_of_the_download(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("<html>")
    flat = {"Ann Moe_7_assignsubmission_file_lab.py": CODE}
    for name, files, expected in (
        (
            "folders",
            MOODLE,
            [
                "Jane Doe_1234_assignsubmission_file/report.html",
                "Zoë O'Brien-Smith_1235_assignsubmission_file_/report.html",
            ],
        ),
        ("flat", flat, ["Ann Moe_7_assignsubmission_file_report.html"]),
    ):
        intake = read(archive(tmp_path / f"{name}.zip", files), into=tmp_path / name)
        missing = result(moodle_entry("1", "No Report"), report=tmp_path / "missing.html")
        notes = bundles.moodle([*(result(e, report=report) for e in intake.entries), missing], tmp_path / "out.zip")
        with zipfile.ZipFile(tmp_path / "out.zip") as members:
            assert sorted(members.namelist()) == expected
        assert [note.about for note in notes] == ["No Report_1"]


def test_a_bundle_is_there_in_full_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        bundles.canvas([], tmp_path / "missing" / "out.zip")
    assert list(tmp_path.iterdir()) == []


def test_the_guide_says_what_works(tmp_path: Path) -> None:
    guide = (Path(__file__).parent.parent / "docs" / "exchange.md").read_text(encoding="utf-8")
    (tmp_path / "example.py").write_text(guide.split("```python\n")[1].split("```")[0], encoding="utf-8")
    archive(tmp_path / "submissions.zip", CANVAS)
    (tmp_path / "grades.csv").write_text(EXPORT, encoding="utf-8")
    (tmp_path / "report.html").write_text("<html>", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "loelee_55_1290_notes.pdf: no notebook" in done.stdout
    assert "Poe, Pat: no submission is theirs" in done.stdout
    assert rows((tmp_path / "grades-filled.csv").read_bytes())[4][6] == "87.50"
    assert len(rows((tmp_path / "gradebook.csv").read_bytes())) == 4
    with zipfile.ZipFile(tmp_path / "feedback.zip") as members:
        assert len(members.namelist()) == 3


CELLS = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('",;\r\n\t=+-@ '), max_size=12
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=6),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_table_that_is_read_and_not_changed_is_the_same(cells: list[list[str]], delimiter: str, end: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(["Student", "ID", "Section", "Lab (7)"])
    writer.writerows(cells)
    data = text.getvalue().encode()
    assert canvas.fill(data, [], assignment="7").data == data


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.fractions(0, 100)), max_size=8
    )
)
def test_what_was_written_is_read_again(people: list[tuple[str, Fraction]]) -> None:
    results = [result(canvas_entry(str(n), name), str(score)) for n, (name, score) in enumerate(people, start=1)]
    made = canvas.create(results, assignment="Lab (7)")
    assert len(made.entries) == len(people)
    found = {row[1]: Fraction(row[3]) for row in rows(made.data)[2:]}
    for n, (_, score) in enumerate(people, start=1):
        assert abs(found[str(n)] - score) <= Fraction(1, 100)
        assert (found[str(n)] == 100) == (score == 100)
        assert (found[str(n)] == 0) == (score == 0)
    assert canvas.fill(made.data, results, assignment="7").data == made.data


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["", "1", "2", "s3"]), st.sampled_from(["", "Ann Lee", "Lee, Ann", "Bo"])), max_size=6
    ),
    st.lists(st.tuples(st.sampled_from(["1", "2", "s3", "4"]), st.sampled_from(["Ann Lee", "Bo", "Cy"])), max_size=6),
)
def test_no_row_gets_a_grade_that_somebody_else_may_own(
    people: list[tuple[str, str]], students: list[tuple[str, str]]
) -> None:
    results = [
        result(entry(str(n), layout=Layout.GRADESCOPE, members=(Person(id=id_, name=name),)))
        for n, (id_, name) in enumerate(people)
    ]
    book = [Row(index=n, ids=(id_,), name=name) for n, (id_, name) in enumerate(students)]
    pairs, _ = match(results, book, Layout.CANVAS)
    rows_used = [row.index for _, row in pairs]
    assert len(rows_used) == len(set(rows_used))
    for taken, row in pairs:
        (person,) = taken.entry.members
        same_id = [other for other in book if other.ids == (person.id,)]
        assert same_id == [row] or (not same_id and sorted(person.name.replace(",", "").split()) == row.name.split())


def test_tables_with_quotes_out_of_order_are_refused() -> None:
    with pytest.raises(UsageError, match="quotes"):
        parse(b'a,b\n"x,1\ny,2\n', what="a table", is_head=lambda cells: cells[0] == "a")
