"""A table says who handed in when: each row goes to whom it belongs or is told; nothing is guessed, nothing skipped."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from grader import late
from grader.errors import UsageError
from grader.exchange import Entry, Layout, Person
from grader.exchange.times import Timed, timed

DUE = dt.datetime.fromisoformat("2026-11-20T23:59:00+01:00")
AT, UNTIL = "2026-11-21T10:00:00+01:00", "2026-11-27T23:59:00+01:00"
RULES = late.policy({"deadline": DUE, "percent": 10, "per": "day"})


def entry(id_: str, **fields: object) -> Entry:
    return Entry(**{"id": id_, "path": Path(id_), **fields})  # type: ignore[arg-type]


CLASS = (
    entry("Jane Doe_1234", layout=Layout.MOODLE, user_id="1234", name="Jane Doe"),
    entry("roejohn_51", layout=Layout.CANVAS, user_id="51", name="roejohn", is_late=True),
    entry(
        "submission_9",
        layout=Layout.GRADESCOPE,
        user_id="9",
        name="Pat Poe; Sam Coe",
        members=(Person(id="0077", name="Pat Poe", email="pat@example.org"), Person(id="78", name="Sam Coe")),
        submitted_at=DUE,
    ),
    entry("Ann Lee", user_id="Ann Lee"),
)


def read(text: str, rules: late.Policy | None = RULES) -> Timed:
    return timed(text.encode(), CLASS, rules, what="times.csv")


def at(told: Timed) -> dict[str, str]:
    return {each.id: each.submitted_at.isoformat() for each in told.entries if each.submitted_at not in (None, DUE)}


@pytest.mark.parametrize(
    ("head", "who", "id_"),
    [
        ("id", "roejohn_51", "roejohn_51"),
        ("ID", "51", "roejohn_51"),
        ("Identifier", "Participant 1234", "Jane Doe_1234"),
        ("Identifier", "Teilnehmer/in 1234", "Jane Doe_1234"),
        ("Identifier", "1234", "Jane Doe_1234"),
        ("Full name", "jane DOE", "Jane Doe_1234"),
        ("Student", '"Doe, Jane"', "Jane Doe_1234"),
        ("Email address", "PAT@example.org", "submission_9"),
        ("sid", "77", "submission_9"),
        ("sid", "0077", "submission_9"),
        ("name", "Sam Coe", "submission_9"),
        ("name", "Lee Ann", "Ann Lee"),
    ],
)
def test_a_student_is_named_as_somebody_lists_them(head: str, who: str, id_: str) -> None:
    told = read(f"{head},Submitted At\n{who},{AT}\n")
    assert (at(told), told.notes) == ({id_: AT}, ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_excel_saves_is_read(encoding: str, delimiter: str) -> None:
    rows = [["Größe", "name", "extended_until", "submitted_at"], ["", "Jane Doe", UNTIL, AT], ["", "", "", ""]]
    data = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    jane = timed(data, CLASS, RULES, what="times.csv").entries[0]
    assert (jane.submitted_at, jane.extended_until) == tuple(map(dt.datetime.fromisoformat, (AT, UNTIL)))


def test_a_row_that_is_nobodys_is_told_and_goes_nowhere() -> None:
    told = read(
        "id,email,name,extended_until,submitted_at\n"
        f"x,,Zoe Fox,,{AT}\n51,pat@example.org,,{UNTIL},\n77,pat@example.org,,,{AT}\n"
    )
    assert at(told) == {"submission_9": AT}
    assert [note.about for note in told.notes] == ["row 2", "row 3"]
    assert "no submissions could be that of 'Zoe Fox' by name" in told.notes[0].text


def test_nobody_is_guessed_at() -> None:
    twins = (
        entry("A Lee_1", layout=Layout.MOODLE, user_id="1", name="A Lee"),
        entry("A Lee_2", layout=Layout.MOODLE, user_id="2", name="A Lee"),
    )
    told = timed(f"name,submitted_at\nA Lee,{AT}\n".encode(), twins, RULES, what="t")
    assert at(told) == {}
    assert "2 submissions could be" in told.notes[0].text
    # Whoever has the name but another number is somebody else.
    told = read(f"id,name,submitted_at\n79,Sam Coe,{AT}\n")
    assert at(told) == {}
    assert "another id" in told.notes[0].text
    # The folder of a student is no number.
    assert at(read(f"id,name,submitted_at\nS0815,Ann Lee,{AT}\n")) == {"Ann Lee": AT}


def test_the_gradebook_of_a_class_can_be_filled_in() -> None:
    head = "id,name,email,score,max,late,status,part,submitted_at,extended_until\n"
    told = read(f"{head}roejohn_51,roejohn,,1,2,no,graded,3,{AT},{UNTIL}\nAnn Lee,,,1,2,,graded,3,,\n")
    john = told.entries[1]
    assert john.extended_until == dt.datetime.fromisoformat(UNTIL)
    # In time by the deadline of his own, whatever Canvas says.
    assert john.is_late is False
    assert [(note.about, note.text) for note in told.notes] == [
        ("columns", "not looked at: score, max, late, status, part")
    ]
    assert told.entries[0] == CLASS[0]
    assert told.entries[2:] == CLASS[2:]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("id,submited_at\na,b\n", "no column 'submited_at'; did you mean 'submitted_at'"),
        ("id,extended-untill,submitted_at\na,b,c\n", "did you mean 'extended_until'"),
        ("emial,submitted_at\na,b\n", "no column id or name or email, but 'emial'; did you mean 'email'"),
        ("id,when\na,b\n", "no column submitted_at or extended_until, but 'when'"),
        ("id,ID,submitted_at\n", "two columns are called 'id'"),
        ("nothing\n", "this is not a table"),
        ("", "this is not a table"),
        ("id,submitted_at\n51,yesterday\n", "row 2, submitted_at: 'yesterday' is no date and time"),
        ("id,submitted_at\n51,\n51,2026-11-20 23:59\n", "row 3, submitted_at: '2026-11-20 23:59' has no time zone"),
        ("id,extended_until\n51,2026-11-01T00:00:00Z\n", "row 2, extended_until: .* is before the deadline"),
        (f"id,submitted_at\n51,{AT}\nroejohn_51,{UNTIL}\n", "rows 2 and 3 are both about 'roejohn_51'"),
        (f"name,submitted_at\nSam Coe,{AT}\nPat Poe,{UNTIL}\n", "both about 'submission_9'"),
    ],
)
def test_tables_that_are_not_in_order_are_refused(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        read(text)
    assert str(caught.value).startswith("times.csv: ")


def test_an_extension_without_a_deadline_is_refused() -> None:
    with pytest.raises(UsageError, match="row 2, extended_until: this lab has no deadline"):
        read(f"id,extended_until\n51,{UNTIL}\n", rules=None)
    assert at(read(f"id,submitted_at\n51,{AT}\n", rules=None)) == {"roejohn_51": AT}
