"""Who is in a class: what a person said stays said, what is left out is listed, and nothing is written out of turn."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from downloads import CANVAS, CODE, archive

from grader import classroom, cli, exchange, labs, rollcall
from grader.authoring import newlab
from grader.classroom import Assignment, Classroom
from grader.errors import ExitCode, UsageError
from grader.exchange import Intake
from grader.model import Effort
from grader.rollcall import Wishes
from grader.store import Row, Store
from grader.terms import Terms

LATE = '\n[late]\ndeadline = 2026-11-20T23:59:00+01:00\npercent = 10\nper = "day"\n'
DOWNLOAD = {
    "Jane Doe_1_assignsubmission_file/a.py": "first",
    "Jane Doe_1_assignsubmission_file/b=2.py": "second",
    "Pat Poe_2_assignsubmission_file/lab.py": CODE,
    "Pat Poe_2_assignsubmission_file/=notes.md": "x",
    "stray.py": CODE,
}
TIMES = "name,submitted_at,extended_until\nJane Doe,2026-11-22T12:00:00+01:00,2026-11-30T00:00:00+01:00\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = newlab.create("errors", tmp_path_factory.mktemp("labs"))
    definition = folder / "lab.toml"
    definition.write_text(definition.read_text() + LATE)
    return folder


@pytest.fixture
def task(lab: Path, tmp_path: Path) -> Assignment:
    terms = Terms(lab=labs.read(lab), effort=Effort.QUICK, data="synthetic", seed=1)
    return Assignment(terms=terms, out=tmp_path / "out")


def called(task: Assignment, source: Path, *files: str, times: Path | None = None) -> Intake:
    with exchange.opened(source, skip=task.out) as download:
        wishes = Wishes(files=rollcall.wished(files, download), times=times)
        with Classroom(task) as room:
            return rollcall.call(room, download, wishes)


def texts(intake: Intake) -> dict[str, str]:
    return {entry.id: entry.path.read_text() if entry.path.is_file() else "?" for entry in intake.entries}


def test_a_choice_counts_until_it_is_taken_back_or_its_file_is_gone(task: Assignment, tmp_path: Path) -> None:
    source, jane = archive(tmp_path / "in.zip", DOWNLOAD), "Jane Doe_1"
    assert texts(called(task, source)) == {jane: "?", "Pat Poe_2": CODE}
    assert texts(called(task, source, f"{jane}=b=2.py"))[jane] == "second"
    assert texts(called(task, source))[jane] == "second"
    other = archive(tmp_path / "other.zip", {f"{jane}_assignsubmission_file/c.py": "third"})
    resubmitted = called(task, other)
    assert texts(resubmitted) == {jane: "third"}
    assert "'b=2.py', which was named for it, is not among its files" in resubmitted.notes[0]
    assert texts(called(task, source))[jane] == "second"
    assert texts(called(task, source, f"{jane}="))[jane] == "?"
    assert texts(called(task, source))[jane] == "?"


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (["Jane Doe_1"], "is not ID=NAME"),
        (["Jane Do_1=a.py"], "no submission 'Jane Do_1'; did you mean 'Jane Doe_1'"),
        (["Jane Doe_1=aa.py"], "no file 'aa.py' that can be graded; did you mean 'a.py'"),
        (["Jane Doe_1=a.py", "Jane Doe_1=b=2.py"], "two files are named"),
        (["nobody="], "no submission 'nobody'"),
    ],
)
def test_choices_that_make_no_sense_are_refused(
    given: Sequence[str], what: str, task: Assignment, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=what):
        called(task, archive(tmp_path / "in.zip", DOWNLOAD), *given)
    assert not task.out.exists()


def test_times_are_kept_for_later_commands(task: Assignment, tmp_path: Path) -> None:
    source, times = archive(tmp_path / "in.zip", DOWNLOAD), tmp_path / "when.csv"
    times.write_text(TIMES, encoding="utf-8-sig")
    for given in (times, None):
        intake = called(task, source, times=given)
        jane, pat = intake.entries
        assert jane.submitted_at is not None
        assert jane.submitted_at.day == 22
        assert jane.extended_until is not None
        assert (jane.is_late, pat.submitted_at) == (False, None)
    assert "as before" in intake.notes[0]
    # Who hands in what travels through the file of the class.
    row = classroom.entry_of(Row(key="", judged="", entry=classroom.as_json(jane), standing=None))  # type: ignore[arg-type]
    assert row == jane
    times.write_text(TIMES.replace("+01:00,", ","))
    with pytest.raises(UsageError, match=r"when\.csv: row 2, submitted_at: .* has no time zone"):
        called(task, source, times=times)
    assert (task.out / "times.csv").read_text(encoding="utf-8-sig") == TIMES
    with pytest.raises(UsageError, match="cannot read"):
        called(task, source, times=tmp_path / "missing.csv")


def test_what_is_left_out_is_listed_in_a_table(task: Assignment, tmp_path: Path) -> None:
    called(task, archive(tmp_path / "in.zip", DOWNLOAD), "Jane Doe_1=a.py")
    with (task.out / "left-out.csv").open(encoding="utf-8", newline="") as stream:
        rows = [(row["id"], row["file"].split("/")[-1], row["why"]) for row in csv.DictReader(stream)]
    assert rows == [
        ("", "stray.py", "not a name that this layout gives"),
        ("Jane Doe_1", "b=2.py", "another file of the same student is graded (--file names one)"),
        ("Pat Poe_2", "=notes.md", "no notebook, no Python file and no archive, beside one that is"),
    ]
    called(task, archive(tmp_path / "fine.zip", {"ada.py": CODE}))
    assert (task.out / "left-out.csv").read_text() == "id,file,why\n"


def test_nothing_is_unpacked_into_the_folder_of_another_class_or_one_in_use(
    lab: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, out = archive(tmp_path / "in.zip", CANVAS), tmp_path / "out"
    arguments = ["batch", str(source), "--lab", str(lab), "--data", "synthetic", "--out", str(out)]
    with Store(out) as store:
        store.note({"lab": "another"})
        assert cli.run(arguments) == ExitCode.USAGE
        assert "another command is at work" in capfd.readouterr().err
    assert cli.run(arguments) == ExitCode.USAGE
    assert "was graded with lab 'another'" in capfd.readouterr().err
    assert not (out / "submissions").exists()
    assert cli.run([*arguments, "--only", "doejane_5"]) == ExitCode.USAGE
    assert "did you mean 'doejane_50'" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (["--slurm", "--scheduler", "tcp://127.0.0.1:9"], "give one of them"),
        (["--slurm-options", "in.zip"], "is for --slurm"),
        (["--slurm", "--slurm-options", "in.zip"], r"in\.zip"),
        (["--times", "missing.csv"], "does not exist"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    given: Sequence[str],
    what: str,
    lab: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    archive(tmp_path / "in.zip", CANVAS)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["batch", "in.zip", "--lab", str(lab), *given]) == ExitCode.USAGE
    err = capfd.readouterr().err
    assert err.startswith("grade: ")
    assert re.search(what, err), err
    assert [path.name for path in tmp_path.iterdir()] == ["in.zip"]
