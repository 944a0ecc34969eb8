"""What was downloaded is read as what it is; nothing in it can act, lead elsewhere, or vanish silently."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from downloads import CANVAS, CODE, GRADESCOPE, MOODLE, NBGRADER, archive, folder, linked
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader import submission
from grader.archives import SIZE_LIMIT
from grader.errors import UsageError
from grader.exchange import Entry, Intake, Layout, Why, names, opened, read, source
from grader.exchange.layouts import canvas, moodle, nbgrader

Make = Callable[[Mapping[str, str]], Path]


def by_id(intake: Intake) -> dict[str, Entry]:
    assert len({entry.id.casefold() for entry in intake.entries}) == len(intake.entries)
    return {entry.id: entry for entry in intake.entries}


def reasons(intake: Intake) -> dict[str, Why]:
    return {left.name: left.why for left in intake.left_out}


@pytest.fixture(params=["folder", "zip"])
def laid_out(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Make a download of the files, once as a folder and once as an archive."""

    def make(files: Mapping[str, str]) -> Path:
        if request.param == "folder":
            return folder(tmp_path / "download", files)
        return archive(tmp_path / "download.zip", files)

    return make


def test_each_file_of_a_flat_folder_is_a_submission(laid_out: Make, tmp_path: Path) -> None:
    files = {"alice.ipynb": CODE, "Bob Müller.py": CODE, "carol.zip": "PK", "README.txt": "x", "~$bob.py": "lock"}
    intake = read(laid_out(files), into=tmp_path / "into")
    assert intake.layout is Layout.PLAIN
    assert sorted(by_id(intake)) == ["Bob Müller", "alice", "carol"]
    assert reasons(intake) == {"README.txt": Why.NOTHING_GRADABLE}
    assert by_id(intake)["alice"].path.read_text() == CODE
    assert by_id(intake)["alice"].path.suffix == ".ipynb"


def test_each_folder_is_a_submission_where_each_has_one(laid_out: Make, tmp_path: Path) -> None:
    files = {
        "alice/lab.ipynb": CODE,
        "alice/.ipynb_checkpoints/lab-checkpoint.ipynb": "old",
        "__MACOSX/alice/._lab.ipynb": "x",
        "bob/deep/er/work.py": CODE,
        "carol/notes.pdf": "x",
        "dave/a.py": CODE,
        "dave/b.py": CODE,
        "erin/lab.py": CODE,
        "erin/helper.py": CODE,
    }
    intake = read(laid_out(files), into=tmp_path / "into")
    found = by_id(intake)
    assert sorted(found) == ["alice", "bob", "dave", "erin"]
    assert found["bob"].path.name == "work.py"
    assert found["erin"].path.name == "lab.py"
    assert reasons(intake) == {
        "carol": Why.NOTHING_GRADABLE,
        "dave/a.py": Why.SEVERAL,
        "dave/b.py": Why.SEVERAL,
        "erin/helper.py": Why.NOT_CHOSEN,
    }
    with pytest.raises(UsageError, match="several files"):
        submission.take(found["dave"].path)


def test_a_person_says_which_of_several_files_is_graded(laid_out: Make, tmp_path: Path) -> None:
    files = {
        "dave/a.py": CODE,
        "dave/tries/b.py": "named",
        "dave/plot.png": "x",
        "erin/lab.py": CODE,
        "erin/cafe\u0301.py": "named",
        "frank/essay.pdf": "x",
    }
    chosen = {"dave": "b.py", "erin": "erin/caf\xe9.py"}
    intake = read(laid_out(files), into=tmp_path / "into", files=chosen)
    assert {id_: entry.path.read_text() for id_, entry in by_id(intake).items()} == {"dave": "named", "erin": "named"}
    assert reasons(intake) == {
        "dave/a.py": Why.NOT_CHOSEN,
        "dave/plot.png": Why.NO_CODE,
        "erin/lab.py": Why.NOT_CHOSEN,
        "frank": Why.NOTHING_GRADABLE,
    }
    assert {left.entry for left in intake.left_out} == {"dave", "erin", "frank"}


@pytest.mark.parametrize(
    ("id_", "name", "what"),
    [
        ("dvae", "a.py", "no submission 'dvae'; did you mean 'dave'"),
        ("frank", "essay.pdf", "no submission 'frank'"),
        ("dave", "aa.py", r"no file 'aa.py' that can be graded; did you mean 'a.py'\?; there is 'a.py', 'x/c.py', 'y/"),
        ("dave", "c.py", "no file 'c.py'"),
        ("dave", "plot.png", "no file 'plot.png'"),
        ("dave", "../frank/essay.pdf", "no file"),
    ],
)
def test_files_and_students_that_are_not_there_are_named(id_: str, name: str, what: str, tmp_path: Path) -> None:
    files = {"dave/a.py": CODE, "dave/x/c.py": CODE, "dave/y/c.py": CODE, "dave/plot.png": "x", "frank/essay.pdf": "x"}
    with pytest.raises(UsageError, match=what):
        read(archive(tmp_path / "x.zip", files), into=tmp_path / "into", files={id_: name})
    assert not (tmp_path / "into").exists()


def test_nothing_is_written_before_it_is_taken(tmp_path: Path) -> None:
    with opened(archive(tmp_path / "x.zip", CANVAS), skip=tmp_path / "into") as download:
        assert download.offered["coesam_54"] == ("lab1-2.py",)
        assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]
        assert len(download.take(tmp_path / "into").entries) == 3
    assert (tmp_path / "into").exists()


def test_one_stem_with_two_suffixes_is_two_submissions_and_said(laid_out: Make, tmp_path: Path) -> None:
    intake = read(laid_out({"a.ipynb": CODE, "a.py": CODE, "b.py": CODE}), into=tmp_path / "into")
    assert sorted(by_id(intake)) == ["a.ipynb", "a.py", "b"]
    assert "'a'" in intake.notes[0]


def test_a_folder_and_a_file_of_one_name_do_not_meet(laid_out: Make, tmp_path: Path) -> None:
    intake = read(laid_out({"a/lab.py": CODE, "a.py": CODE}), into=tmp_path / "into")
    assert sorted(by_id(intake)) == ["a", "a.py"]


def test_the_folder_that_an_archive_was_made_from_is_not_a_student(tmp_path: Path) -> None:
    flat = archive(tmp_path / "one.zip", {"lab1/alice.py": CODE, "lab1/bob.py": CODE})
    assert sorted(by_id(read(flat, into=tmp_path / "1"))) == ["alice", "bob"]
    single = archive(tmp_path / "two.zip", {"alice/lab.py": CODE})
    assert sorted(by_id(read(single, into=tmp_path / "2"))) == ["alice"]


def test_canvas(laid_out: Make, tmp_path: Path) -> None:
    intake = read(laid_out(CANVAS), into=tmp_path / "into")
    assert intake.layout is Layout.CANVAS
    found = by_id(intake)
    assert sorted(found) == ["coesam_54", "doejane_50", "roejohn_51"]
    jane, john, sam = found["doejane_50"], found["roejohn_51"], found["coesam_54"]
    assert (jane.user_id, jane.name, jane.is_late, jane.original) == (
        "50",
        "doejane",
        False,
        "doejane_50_1234_lab1.ipynb",
    )
    assert john.is_late is True
    assert sam.path.read_text() == "newest"
    assert reasons(intake) == {
        "poepat_52_text.html": Why.TEXT_ENTRY,
        "moeann_LATE_53_link.html": Why.LINK,
        "coesam_54_1240_lab1.py": Why.SUPERSEDED,
        "coesam_54_1260_lab1-1.py": Why.SUPERSEDED,
        "loelee_55_1290_notes.pdf": Why.NOTHING_GRADABLE,
    }
    assert {left.entry for left in intake.left_out if left.why is Why.SUPERSEDED} == {"coesam_54"}
    # Who gave a text or an address handed in something: a person has to look.
    assert sorted((entry.id, entry.is_late) for entry in intake.empty) == [
        ("loelee_55", False),
        ("moeann_53", True),
        ("poepat_52", False),
    ]
    assert {left.entry for left in intake.left_out} == {"coesam_54", *(entry.id for entry in intake.empty)}


def test_several_attachments_are_one_entry(laid_out: Make, tmp_path: Path) -> None:
    files = {
        "doejane_50_1_lab.ipynb": CODE,
        "doejane_50_2_helper.py": CODE,
        "roejohn_51_3_a.py": CODE,
        "roejohn_51_4_b.py": CODE,
    }
    found = by_id(read(laid_out(files), into=tmp_path / "into"))
    assert sorted(found) == ["doejane_50", "roejohn_51"]
    assert found["doejane_50"].path.name.endswith("lab.ipynb")
    assert sorted(path.name for path in found["roejohn_51"].path.iterdir()) == ["a.py", "b.py"]


def test_the_newest_attachment_counts_whatever_a_student_calls_it(laid_out: Make, tmp_path: Path) -> None:
    files = {"doejane_50_100_lab-9.py": "first", "doejane_50_200_lab.py": "second"}
    assert read(laid_out(files), into=tmp_path / "into").entries[0].path.read_text() == "second"


@pytest.mark.parametrize(
    ("name", "user", "late", "file"),
    [
        ("doejane_50_1234_lab1.py", "50", False, "lab1.py"),
        ("doejane_LATE_50_1234_lab1.py", "50", True, "lab1.py"),
        ("anon_x7Qz2_1234_lab.py", "anon_x7Qz2", False, "lab.py"),
        ("LATE_anon_x7Qz2_1234_lab.py", "anon_x7Qz2", True, "lab.py"),
        ("50_1234_lab.py", "50", False, "lab.py"),
        ("group1_60_1_9_9_my_lab.py", "60", False, "9_9_my_lab.py"),
        ("josé_50_1234_mein laborübung_1.py", "50", False, "mein laborübung_1.py"),
        ("doejane_50_1234_text.html", "50", False, "text.html"),
    ],
)
def test_names_of_canvas(name: str, user: str, late: bool, file: str) -> None:  # noqa: FBT001 - a table
    found = canvas.upload(name)
    assert found is not None
    assert (found.user, found.is_late, found.file) == (user, late, file)
    assert name.startswith(f"{found.head}_")


@pytest.mark.parametrize(
    "name", ["doejane_50_text.html", f"a_1_{'9' * 5_000}_x.py", "lab.py", "my_lab_1.py", "anon_x_text.html", ""]
)
def test_what_is_no_upload_of_canvas(name: str) -> None:
    assert canvas.upload(name) is None


def test_moodle(laid_out: Make, tmp_path: Path) -> None:
    intake = read(laid_out(MOODLE), into=tmp_path / "into")
    assert intake.layout is Layout.MOODLE
    found = by_id(intake)
    assert sorted(found) == ["Jane Doe_1234", "Zoë O'Brien-Smith_1235"]
    zoe = found["Zoë O'Brien-Smith_1235"]
    assert (zoe.name, zoe.user_id, zoe.is_late) == ("Zoë O'Brien-Smith", "1235", None)
    assert zoe.original == "Zoë O'Brien-Smith_1235_assignsubmission_file_"
    assert list(reasons(intake).values()) == [Why.TEXT_ENTRY] * 2
    assert [(entry.id, entry.name) for entry in intake.empty] == [("Pat Poe_1236", "Pat Poe")]
    assert [left.entry for left in intake.left_out] == ["Pat Poe_1236", "Zoë O'Brien-Smith_1235"]


def test_moodle_without_folders_blind_and_teams(laid_out: Make, tmp_path: Path) -> None:
    files = {
        "Participant_1234_assignsubmission_file_lab_2_final.py": CODE,
        "Team A_17_assignsubmission_file_x_9_assignsubmission_file_y.py": CODE,
        "Jane Doe_1235_assignsubmission_onlinetext_onlinetext.html": "<p>",
    }
    found = by_id(read(laid_out(files), into=tmp_path / "into"))
    assert sorted(found) == ["Participant_1234", "Team A_17"]
    assert found["Participant_1234"].name == ""
    assert found["Team A_17"].user_id == "17"
    assert found["Team A_17"].original in files


def test_gradescope(laid_out: Make, tmp_path: Path) -> None:
    intake = read(laid_out(GRADESCOPE), into=tmp_path / "into")
    assert intake.layout is Layout.GRADESCOPE
    jane, team, nobody = intake.entries
    assert (jane.id, jane.name, jane.email) == ("submission_409194023", "Jane Doe", "jane@example.org")
    assert jane.members[0].id == "0012345"
    assert jane.submitted_at == dt.datetime(2026, 4, 26, 17, 34, 0, 861687, tzinfo=dt.UTC)
    assert [(person.id, person.name) for person in team.members] == [("77", "John Roe"), ("", "Pat Poe")]
    assert team.name == "John Roe; Pat Poe"
    assert team.submitted_at == dt.datetime(2026, 4, 26, 17, 34, tzinfo=dt.UTC)
    assert (nobody.members, nobody.people, nobody.submitted_at) == ((), (), None)
    assert nobody.path.read_text() == CODE
    assert reasons(intake) == {"submission_409194026": Why.NO_FILES}


@pytest.mark.parametrize(
    "metadata",
    [
        "submission_1: [",
        "\x00",
        "&a [*a]",
        "- " * 30_000,
    ],
)
def test_metadata_that_cannot_be_read_are_named(metadata: str, tmp_path: Path) -> None:
    root = folder(tmp_path / "x", {"submission_metadata.yml": metadata, "submission_1/lab.py": CODE})
    with pytest.raises(UsageError, match="submission_metadata"):
        read(root, into=tmp_path / "into")


@pytest.mark.parametrize(
    "metadata",
    [
        "submission_1: !!python/object/apply:os.system ['touch owned']",
        "submission_1: {':submitters': [{':name': [1], ':sid': {}, ':email': !!binary aGk=}, 3]}",
        "submission_1: {':submitters': !ruby/object:User {name: x}, ':created_at': 5}",
        "",
    ],
)
def test_metadata_are_texts_and_nothing_else(metadata: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = folder(tmp_path / "x", {"submission_metadata.yml": metadata, "submission_1/lab.py": CODE})
    assert [entry.id for entry in read(root, into=tmp_path / "into").entries] == ["submission_1"]
    assert not (tmp_path / "owned").exists()


def test_nbgrader(laid_out: Make, tmp_path: Path) -> None:
    intake = read(laid_out(NBGRADER), into=tmp_path / "into")
    assert intake.layout is Layout.NBGRADER
    found = by_id(intake)
    assert sorted(found) == ["bitdiddle", "hacker", "reasoner"]
    assert found["hacker"].submitted_at == dt.datetime(2015, 2, 3, 0, 0, 0, 500_000, tzinfo=dt.UTC)
    moment = found["bitdiddle"].submitted_at
    assert moment is not None
    assert moment.astimezone(dt.UTC) == dt.datetime(2015, 2, 2, 22, 58, 23, 948203, tzinfo=dt.UTC)
    assert found["reasoner"].submitted_at is None
    assert "reasoner" in intake.notes[0]


def test_nbgrader_with_several_assignments_asks_which(tmp_path: Path) -> None:
    files = {f"submitted/ann/{ps}/p.ipynb": ps for ps in ("ps1", "ps2")}
    root = folder(tmp_path / "course", files)
    with pytest.raises(UsageError, match="'ps1', 'ps2'"):
        read(root, into=tmp_path / "into")
    with pytest.raises(UsageError, match="no assignment 'ps3'"):
        read(root, into=tmp_path / "into", assignment="ps3")
    assert read(root, into=tmp_path / "into", assignment="ps2").entries[0].path.read_text() == "ps2"
    assert read(root / "submitted", into=tmp_path / "into", layout="nbgrader", assignment="ps1").entries[0].id == "ann"


@pytest.mark.parametrize("stamp", ["", "2015-02-02", "2015-02-30 10:00:00 UTC", "2015-02-02 10:00:00 ../../etc/passwd"])
def test_time_stamps_that_are_none(stamp: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        nbgrader.instant(stamp)


def test_one_student_does_not_decide_how_all_are_read(tmp_path: Path) -> None:
    files = {f"student{n}/lab.py": CODE for n in range(5)}
    files |= {"student0/ps1/timestamp.txt": "x", "student1/x_1_2_lab.py": CODE, "student2/submission_metadata.yml": "x"}
    assert read(folder(tmp_path / "x", files), into=tmp_path / "into").layout is Layout.PLAIN


def test_one_file_in_a_flat_folder_does_not_decide_either(tmp_path: Path) -> None:
    files = {"alice.py": CODE, "bob.py": CODE, "smith_12_345_lab.py": CODE, "x_1_assignsubmission_file_y.py": CODE}
    assert len(read(folder(tmp_path / "x", files), into=tmp_path / "into").entries) == 4


def test_a_layout_can_be_named(tmp_path: Path) -> None:
    root = folder(tmp_path / "x", CANVAS)
    assert read(root, into=tmp_path / "into", layout="plain").layout is Layout.PLAIN
    with pytest.raises(UsageError, match="read as moodle"):
        read(root, into=tmp_path / "into", layout="moodle")
    with pytest.raises(UsageError, match="no layout 'blackboard'"):
        read(root, into=tmp_path / "into", layout="blackboard")


def test_what_is_no_download_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 and then nothing")
    for name, what in {"empty": "empty", "no.zip": "no .zip archive", "missing": "no folder"}.items():
        with pytest.raises(UsageError, match=what):
            read(tmp_path / name, into=tmp_path / "into")


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    root = folder(tmp_path / "x", {"good.py": CODE})
    (tmp_path / "secret.py").write_text("secret")
    (root / "link.py").symlink_to(tmp_path / "secret.py")
    (root / "up").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(root / "pipe.py")
    intake = read(root, into=tmp_path / "into")
    assert [entry.id for entry in intake.entries] == ["good"]
    assert reasons(intake) == {"link.py": Why.SYMLINK, "up": Why.SYMLINK, "pipe.py": Why.SPECIAL}


def test_folders_without_end_are_left(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 60)
    files = {"a/lab.py": CODE, f"b/{deep}/lab.py": CODE}
    for download in (folder(tmp_path / "x", files), archive(tmp_path / "x.zip", files)):
        intake = read(download, into=tmp_path / "into")
        assert [(entry.id, [left.why for left in intake.left_out]) for entry in intake.entries] == [
            ("a", [Why.TOO_DEEP])
        ]


def test_what_is_written_is_not_read_as_handed_in(tmp_path: Path) -> None:
    root = folder(tmp_path / "x", {"a.py": CODE, "out/intake/b/b.py": CODE})
    assert [entry.id for entry in read(root, into=root / "out" / "intake").entries] == ["a"]


def test_names_of_what_is_left_out_are_safe_to_show(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"a.py": CODE, "\x1b[31m\u202ered.txt": "x"})
    assert [left.name for left in read(path, into=tmp_path / "into").left_out] == ["red.txt"]


def test_a_file_that_became_a_link_since_it_was_listed_is_not_followed(tmp_path: Path) -> None:
    root = folder(tmp_path / "x", {"a.py": CODE})
    with source.listed(root, skip=tmp_path) as download:
        (root / "a.py").unlink()
        (root / "a.py").symlink_to("/etc/passwd")
        with pytest.raises(source.Unreadable):
            download.read(download.files[0])


def test_archives_write_nothing_outside(tmp_path: Path) -> None:
    files = {
        "../evil.py": CODE,
        "/evil.py": CODE,
        "a/../../evil.py": CODE,
        "C:evil.py": CODE,
        "x\\..\\evil.py": CODE,
        "good.py": CODE,
    }
    path = linked(archive(tmp_path / "x.zip", files), "link.py", "/etc/passwd")
    intake = read(path, into=tmp_path / "in" / "to")
    assert [entry.id for entry in intake.entries] == ["good"]
    assert sorted(intake.left_out, key=lambda left: left.name)[-2].why is Why.SYMLINK
    assert sum(left.why is Why.UNSAFE_NAME for left in intake.left_out) == 5
    assert not list(tmp_path.rglob("evil*"))
    assert [p for p in (tmp_path / "in").rglob("*") if p.is_file()] == [tmp_path / "in" / "to" / "good" / "good.py"]


def test_a_member_without_a_name_is_left_out(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"good.py": CODE})
    with zipfile.ZipFile(path, "a") as members:
        members.writestr(zipfile.ZipInfo(""), CODE)
    assert reasons(read(path, into=tmp_path / "into")) == {"": Why.UNSAFE_NAME}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_said(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"a.py": "first"})
    with zipfile.ZipFile(path, "a") as members:
        members.writestr("a.py", "second")
    intake = read(path, into=tmp_path / "into")
    assert reasons(intake) == {"a.py": Why.TWICE}


def test_files_that_are_too_large_or_damaged_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = b"0" * (SIZE_LIMIT + 1)
    path = archive(tmp_path / "x.zip", {"big.py": big, "bad.py": "y" * 100, "good.py": "x" * 100})
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as members:
        start = members.getinfo("bad.py").header_offset + 30 + len("bad.py")
    path.write_bytes(raw[:start] + b"\xff\xff" + raw[start + 2 :])
    intake = read(path, into=tmp_path / "into")
    assert [entry.id for entry in intake.entries] == ["good"]
    assert reasons(intake) == {"big.py": Why.TOO_LARGE, "bad.py": Why.DAMAGED}
    monkeypatch.setattr(source, "UNPACKED_LIMIT", 50)
    with pytest.raises(UsageError, match="unpacked"):
        read(path, into=tmp_path / "into")


def test_names_in_utf8_that_do_not_say_so(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"Jos__.py": CODE})
    path.write_bytes(path.read_bytes().replace(b"Jos__", "José".encode()))
    assert read(path, into=tmp_path / "into").entries[0].id == "José"


def test_reading_again_leaves_nothing_of_before(tmp_path: Path) -> None:
    several = archive(tmp_path / "x.zip", {"a_1_1_x.py": CODE, "a_1_2_y.py": CODE})
    fewer = archive(tmp_path / "y.zip", {"a_1_3_x.py": CODE, "a_1_4_z.py": CODE})
    read(several, into=tmp_path / "into")
    entry = read(fewer, into=tmp_path / "into").entries[0]
    assert sorted(path.name for path in entry.path.iterdir()) == ["x.py", "z.py"]


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("alice", "alice"),
        ("s1234567-lab.v2", "s1234567-lab.v2"),
        ("Jane Doe_1234", "Jane Doe_1234"),
        ("李雷", "李雷"),
        (unicodedata.normalize("NFD", "é"), None),
        ("CON", None),
        ("nul.txt", None),
        ("index.html", None),
        ("-rf", None),
        ("=1+1", None),
        ("..", None),
        ("", None),
        ("a/b", None),
        ("a\x00\x1b[31mb", None),
        ("a\u202egnp", None),
        ("trailing.", None),
        ("trailing ", None),
        ("x" * 300, None),
    ],
)
def test_ids_are_kept_or_made_safe(text: str, id_: str | None) -> None:
    found = names.folder_name(text)
    assert found == id_ if id_ is not None else found != text
    assert names.folder_name(found) == found


def test_ids_that_meet_all_say_whose_they_are() -> None:
    """Which one would keep the plain name must not depend on the order."""
    one, other = names.unique_ids(["Alice", "alice"])
    assert one.startswith("Alice-")
    assert other.startswith("alice-")
    assert names.unique_ids(["alice", "bob", "Alice"]) == [other, "bob", one]


NAMES = st.text(min_size=0, max_size=120) | st.sampled_from(
    ["CON", "con.py", "..", "a", "A", "ａ", "ß", "SS", "gradebook.csv"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(NAMES, max_size=8))
@example(["a", "A", "a", "a-2"])
def test_ids_are_unique_and_stay_inside(wanted: list[str]) -> None:
    ids = names.unique_ids(wanted)
    assert len({unicodedata.normalize("NFKC", id_).casefold() for id_ in ids}) == len(wanted)
    for id_ in ids:
        assert Path(id_).name == id_
        assert not id_.startswith((".", "-", "=", "+", "@", " "))
        assert not set(id_) & set('<>:"/\\|?*')
        assert id_.isprintable()
        assert len(id_.encode("utf-8", "surrogatepass")) < 240


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES.map(lambda name: f"{name}.py"), st.just("x = 1"), min_size=1, max_size=5))
def test_whatever_members_are_called_they_stay_inside(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        try:
            path = archive(Path(place) / "x.zip", files)
        except (UnicodeEncodeError, IndexError):  # no archive has such names
            return
        into = Path(place) / "deep" / "into"
        try:
            intake = read(path, into=into)
        except UsageError:
            return
        assert all(into in entry.path.resolve().parents for entry in intake.entries)
        written = {found for found in Path(place).rglob("*") if found.is_file() and found != path}
        assert written == {entry.path for entry in intake.entries}
        assert all(entry.path.suffix == ".py" for entry in intake.entries)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60), st.integers(1, 10**7), st.integers(1, 10**9), st.booleans(), st.text(min_size=1, max_size=60)
)
def test_names_of_canvas_round_trip(name: str, user: int, attachment: int, late: bool, file: str) -> None:  # noqa: FBT001
    word = "".join(char for char in name.lower() if char.isalpha()) or "x"
    found = canvas.upload("_".join([word, *(["LATE"] if late else []), str(user), str(attachment), file]))
    assert found is not None
    assert (found.name, found.user, found.attachment, found.file) == (word, str(user), attachment, file)
    assert found.is_late == late


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=60), st.integers(1, 10**7), st.text(max_size=60))
def test_names_of_moodle_round_trip(name: str, number: int, file: str) -> None:
    shown = name.replace("_", " ")
    found = moodle.place(f"{shown}_{number}_assignsubmission_file_{file}")
    assert found is not None
    assert (found.name, found.id, found.plugin, found.file) == (shown, str(number), "file", file)
