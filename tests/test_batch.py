"""A class: graded several at a time, kept at once, gone on with after a stop, and judged again without running."""

from __future__ import annotations

import copy
import csv
import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from grader import batch, classroom, cli, labs, marks, pipeline, rejudging, report, scratch, tables
from grader.authoring import newlab
from grader.batch import How, Rerun, Scope
from grader.classroom import Assignment, Classroom
from grader.cluster import ClusterRunner
from grader.errors import AuthorError, ExitCode, MachineError, StudentError, TierUnavailable, UsageError
from grader.exchange import Entry
from grader.model import Effort
from grader.observation import Draws, Run
from grader.standings import State
from grader.stations import Station
from grader.store import MIGRATIONS, Store
from grader.submission import Submission
from grader.terms import Terms

RIGHT = "import numpy as np\ndef mean_squared_error(y, predicted):\n    return np.mean((y - predicted) ** 2)\n"
WRONG = RIGHT.replace("** 2", "** 3")
First = tuple[Path, dict[str, tuple[How, State, float]]]
"""The folder of a class that was graded, and the results."""

OTHER = RIGHT.replace("np.mean(", "np.average(")


@pytest.fixture(scope="module")
def lab_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return newlab.create("errors", tmp_path_factory.mktemp("labs"))


def hand_in(folder: Path, **codes: str) -> list[Entry]:
    folder.mkdir(exist_ok=True)
    for name, code in codes.items():
        (folder / f"{name}.py").write_text(code)
    return [Entry(id=path.stem, path=path) for path in sorted(folder.iterdir())]


def assignment(lab_folder: Path, out: Path) -> Assignment:
    terms = Terms(lab=labs.read(lab_folder), effort=Effort.QUICK, data="synthetic", seed=1)
    return Assignment(terms=terms, out=out)


def graded(
    task: Assignment, entries: Sequence[Entry], rerun: Rerun = Rerun.CHANGED, jobs: int = 2
) -> dict[str, tuple[How, State, float]]:
    done = batch.grade_class(task, entries, Scope(jobs=jobs, rerun=rerun))
    return {each.standing.id: (each.how, each.standing.state, float(each.standing.earned)) for each in done}


def table(out: Path) -> dict[str, str]:
    tables.write_tables(out)
    with (out / "gradebook.csv").open(encoding="utf-8-sig", newline="") as stream:
        return {row["id"]: row["score"] for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def first(
    lab_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, tuple[How, State, float]]]:
    folder = tmp_path_factory.mktemp("class")
    entries = hand_in(folder / "in", ada=RIGHT, bob=WRONG, cleo=RIGHT + "\r\n".replace("\r", ""), dan="", eve=RIGHT)
    return folder, graded(assignment(lab_folder, folder / "out"), entries)


def test_each_gets_a_grade_and_the_same_code_is_run_once(
    first: First,
) -> None:
    folder, results = first
    assert {name: (state, score) for name, (_, state, score) in results.items()} == {
        "ada": (State.GRADED, 100.0),
        "bob": (State.GRADED, 0.0),
        "cleo": (State.GRADED, 100.0),
        "dan": (State.NOT_GRADABLE, 0.0),
        "eve": (State.GRADED, 100.0),
    }
    assert [how for how, _, score in results.values() if score].count(How.RUN) == 2
    assert len(list((folder / "out" / "evidence").glob("??/*"))) == 3
    assert (folder / "out" / "ada" / "report.html").exists()
    assert not (folder / "out" / "dan").exists()
    assert table(folder / "out") == {"ada": "100.00", "bob": "0.00", "cleo": "100.00", "dan": "", "eve": "100.00"}


def test_what_killed_graders_left_is_removed_where_nothing_is_run_too(
    first: First, lab_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    left = tmp_path / "tmp" / f"{scratch.PREFIX}left"
    left.mkdir(parents=True)
    left.with_suffix(".lock").touch()
    monkeypatch.setattr("tempfile.tempdir", str(left.parent))
    scratch.sweep.cache_clear()
    entries = [Entry(id=path.stem, path=path) for path in sorted((folder / "in").iterdir())]
    again = graded(assignment(lab_folder, folder / "out"), entries)
    assert How.RUN not in {how for how, _, _ in again.values()}
    assert list(left.parent.iterdir()) == []


def test_what_has_not_changed_is_not_touched(first: First, lab_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    entries = [Entry(id=path.stem, path=path) for path in sorted((folder / "in").iterdir())]
    task = assignment(lab_folder, folder / "out")
    written = (folder / "out" / "ada" / "report.html").stat().st_mtime_ns
    again = graded(task, entries)
    assert {how for how, state, _ in again.values() if state is State.GRADED} == {How.UNCHANGED}
    assert (folder / "out" / "ada" / "report.html").stat().st_mtime_ns == written
    # Known code in another file needs no run; a report that is gone is written again; new code is run.
    (folder / "in" / "bob.py").write_text(RIGHT)
    (folder / "out" / "ada" / "report.html").unlink()
    (folder / "in" / "eve.py").write_text(OTHER)
    again = graded(task, entries)
    assert {name: again[name][0] for name in ("ada", "bob", "cleo", "eve")} == {
        "ada": How.KNOWN,
        "bob": How.KNOWN,
        "cleo": How.UNCHANGED,
        "eve": How.RUN,
    }
    assert again["bob"][2] == again["eve"][2] == 100.0
    assert {how for how, *_ in graded(task, entries[:1], Rerun.ALL).values()} == {How.RUN}
    # Another language is another report of the same evidence.
    assert {how for how, *_ in graded(replace(task, language="de"), entries[:1]).values()} == {How.KNOWN}
    assert '<html lang="de"' in (folder / "out" / "ada" / "report.html").read_text(encoding="utf-8")


def test_a_changed_rule_is_applied_without_running_anything(
    first: First,
    lab_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    changed = shutil.copytree(lab_folder, tmp_path / lab_folder.name)
    checks = changed / "checks.py"
    checks.write_text(checks.read_text().replace("** 2", "** 3"))
    monkeypatch.setattr("subprocess.Popen", None)
    task = classroom.remembered(folder / "out", str(changed))
    changes = {change.after.id: change for change in rejudging.rejudge(task)}
    assert {name: float(change.after.earned) for name, change in changes.items()} == {
        "ada": 0.0,
        "bob": 100.0,
        "cleo": 0.0,
        "eve": 0.0,
    }
    assert all(change.is_one and [(b and b.id, a and a.id) for b, a in change.parts] for change in changes.values())
    assert table(folder / "out")["bob"] == "100.00"
    assert "100.00" in (folder / "out" / "bob" / "report.html").read_text(encoding="utf-8")
    assert not any(change.is_one for change in rejudging.rejudge(task))


def test_a_folder_is_for_one_lab_and_one_command(first: First, lab_folder: Path, tmp_path: Path) -> None:
    folder, entries = shutil.copytree(first[0], tmp_path / "class"), hand_in(tmp_path / "in", ada=RIGHT)
    other = newlab.create("others", tmp_path)
    with pytest.raises(UsageError, match="'errors'"):
        graded(assignment(other, folder / "out"), entries)
    with Store(folder / "out") as store:
        store.note({"x": "y"})
        with pytest.raises(UsageError, match="another command"):
            graded(assignment(lab_folder, folder / "out"), entries)
    with pytest.raises(UsageError, match="no class"):
        classroom.remembered(tmp_path / "nowhere")


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(UsageError, match="later version"):
        Store(tmp_path)
    (tmp_path / "class.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(MachineError, match=r"class\.sqlite"):
        Store(tmp_path)


@pytest.mark.slow
def test_a_fault_of_the_machine_costs_nothing_and_is_tried_again(
    lab_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = hand_in(tmp_path / "in", ada=RIGHT, bob=WRONG)
    gather = pipeline.gather
    calls: list[str] = []

    def flaky(terms: Terms, submission: Submission, station: Station, folder: Path, *, draws: Draws) -> Run:
        calls.append(submission.id)
        if submission.id == "ada":
            raise MachineError("out of memory", slug="machine-memory")
        return gather(terms, submission, station, folder, draws=draws)

    monkeypatch.setattr(pipeline, "gather", flaky)
    results = graded(assignment(lab_folder, tmp_path / "out"), entries, jobs=1)
    assert results["ada"][1] is State.FAULT
    assert results["bob"][:2] == (How.RUN, State.GRADED)
    assert calls.count("ada") == 2
    assert table(tmp_path / "out") == {"ada": "", "bob": "0.00"}
    monkeypatch.undo()
    assert graded(assignment(lab_folder, tmp_path / "out"), entries, jobs=1) == {
        "ada": (How.RUN, State.GRADED, 100.0),
        "bob": (How.UNCHANGED, State.GRADED, 0.0),
    }


def test_a_class_keeps_its_terms(first: First, lab_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    entries = [Entry(id=path.stem, path=path) for path in sorted((folder / "in").iterdir())]
    task = assignment(lab_folder, folder / "out")
    terms = (replace(task.terms, effort=Effort.FULL), replace(task.terms, seed=2))
    for other in (*(replace(task, terms=each) for each in terms), replace(task, staff=True)):
        with pytest.raises(UsageError, match="name another folder"):
            graded(other, entries[:1])


def test_who_hands_in_nothing_or_is_gone_has_no_score(first: First, lab_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    task, ada = assignment(lab_folder, folder / "out"), Entry(id="ada", path=folder / "in" / "ada.py")
    empty = [Entry(id="bob", path=Path("essay.pdf"), name="Bob"), Entry(id="zoe", path=Path("essay.pdf"), name="Zoe")]
    done = {d.standing.id: d for d in batch.grade_class(task, [ada], Scope(jobs=1), empty=empty)}
    assert (done["ada"].how, done["bob"].standing.state) == (How.UNCHANGED, State.NOT_GRADABLE)
    assert table(folder / "out") == {"ada": "100.00", "bob": "", "cleo": "", "dan": "", "eve": "", "zoe": ""}
    assert not (folder / "out" / "bob" / "report.html").exists()
    # Judging again brings nobody back.
    assert {change.after.id for change in rejudging.rejudge(task)} == {"ada"}
    assert table(folder / "out")["eve"] == ""
    # Who comes back has what was there before.
    assert graded(task, [ada, Entry(id="eve", path=folder / "in" / "eve.py")])["eve"] == (
        How.KNOWN,
        State.GRADED,
        100.0,
    )


def test_a_lab_that_is_not_in_order_costs_nobody_anything(first: First, lab_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    broken = shutil.copytree(lab_folder, tmp_path / lab_folder.name)
    (broken / "checks.py").write_text("import nothing_of_that_name\n")
    task = assignment(broken, folder / "out")
    entries = [Entry(id=path.stem, path=path) for path in sorted((folder / "in").iterdir())]
    with pytest.raises(AuthorError, match="cannot be run"):
        graded(task, entries)
    assert (folder / "out" / "ada" / "report.html").exists()
    assert graded(assignment(lab_folder, folder / "out"), entries)["ada"][1:] == (State.GRADED, 100.0)


def test_whoever_stops_the_judge_stops_the_class(first: First, lab_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    stopped = shutil.copytree(lab_folder, tmp_path / lab_folder.name)
    checks = stopped / "checks.py"
    checks.write_text(checks.read_text().replace("return np.mean", "raise KeyboardInterrupt\n        return np.mean"))
    task, bob = assignment(stopped, folder / "out"), Entry(id="bob", path=folder / "in" / "bob.py")
    with pytest.raises(KeyboardInterrupt):
        graded(task, [bob])
    assert (folder / "out" / "bob" / "report.html").exists()


def test_damaged_evidence_is_made_anew(first: First, lab_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    task, bob = assignment(lab_folder, folder / "out"), Entry(id="bob", path=folder / "in" / "bob.py")
    for file in (folder / "out" / "evidence").rglob("verified.bin"):
        file.write_bytes(file.read_bytes()[:-30])
    (folder / "out" / "bob" / "report.html").unlink()
    assert [change.problem != "" for change in rejudging.rejudge(task)] == [True] * 4
    assert graded(task, [bob])["bob"][1] is State.FAULT
    assert graded(task, [bob])["bob"] == (How.RUN, State.GRADED, 0.0)


QUESTION = """
[[parts]]
id = "why"
title = "Say why"
points = 10

[[questions]]
id = "squares"
part = "why"
kind = "text"
text = "Why are the differences squared?"
rubric = "Signs must not cancel."
points = 10
"""


@pytest.mark.slow
def test_marks_of_a_person_reach_the_gradebook_and_outlast_a_second_judgement(lab_folder: Path, tmp_path: Path) -> None:
    asking = shutil.copytree(lab_folder, tmp_path / lab_folder.name)
    definition = (asking / "lab.toml").read_text()
    head, brace, limits = definition.partition("[effort.quick.limits]")
    (asking / "lab.toml").write_text(head + QUESTION + brace + limits)
    variable = labs.read(asking).questions[0].variable
    entries = hand_in(tmp_path / "in", ada=f"{RIGHT}{variable} = 'or signs cancel'\n", bob=RIGHT)
    task = assignment(asking, tmp_path / "out")
    graded(task, entries, jobs=1)
    assert table(tmp_path / "out") == {"ada": "", "bob": "100.00"}
    found = marks.find([tmp_path / "out"])[0]
    mark = marks.Mark(row=2, check=found.grade.written[0].check, points=Fraction(7), comment="")
    written = tmp_path / "marks.csv"
    marks.export([found], written)
    with written.open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    with written.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, row)
        writer.writeheader()
        writer.writerow({**row, "mark": "7"})
    before = (found.folder / "report.html").read_bytes()
    with Store(tmp_path / "out"):
        assert cli.run(["marks", "import", str(written), str(found.folder)]) == ExitCode.USAGE
    assert (found.folder / "report.html").read_bytes() == before
    changed = marks.bring_in([found], {found.folder: [mark]})
    # Brought in twice, by the command, too: the same is the same.
    assert cli.run(["marks", "import", str(written), str(found.folder), str(tmp_path / "out")]) == ExitCode.GRADED
    assert [float(each.grade.earned) for each in changed] == [107.0]
    assert table(tmp_path / "out")["ada"] == "107.00"
    assert graded(task, entries, jobs=1)["ada"] == (How.UNCHANGED, State.GRADED, 107.0)
    assert {change.after.id: float(change.after.earned) for change in rejudging.rejudge(task)} == {
        "ada": 107.0,
        "bob": 100.0,
    }


def test_marks_are_brought_in_only_while_nobody_grades(
    first: First, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    (tmp_path / "marks.csv").write_text("submission,sha256,lab,question_id,mark,comment\n")
    for given in (folder / "out", folder / "out" / "ada", folder / "out" / "." / "ada"):
        arguments = ["marks", "import", str(tmp_path / "marks.csv"), str(given), str(folder / "out")]
        with Store(folder / "out"):
            assert cli.run(arguments) == ExitCode.USAGE
        assert "another command is at work" in capfd.readouterr().err
        assert cli.run(arguments) == ExitCode.USAGE
        assert "no answer in these reports" in capfd.readouterr().err


def test_a_time_that_becomes_known_costs_no_run(first: First, lab_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    due = shutil.copytree(lab_folder, tmp_path / lab_folder.name)
    late = '\n[late]\ndeadline = 2026-11-20T23:59:00+01:00\npercent = 10\nper = "day"\n'
    (due / "lab.toml").write_text((due / "lab.toml").read_text() + late)
    task, ada = assignment(due, folder / "out"), Entry(id="ada", path=folder / "in" / "ada.py")
    assert graded(task, [ada])["ada"] == (How.KNOWN, State.GRADED, 100.0)
    ada = replace(ada, submitted_at=dt.datetime.fromisoformat("2026-11-22T12:00:00+01:00"))
    for until, score in (("", 80.0), ("2026-11-21T23:59:00+01:00", 90.0), ("2026-11-25T00:00:00+01:00", 100.0)):
        ada = replace(ada, extended_until=dt.datetime.fromisoformat(until) if until else None)
        assert graded(task, [ada])["ada"] == (How.KNOWN, State.GRADED, score)
        assert graded(task, [ada])["ada"] == (How.UNCHANGED, State.GRADED, score)
    # Judging again knows the extension, too.
    assert [float(change.after.earned) for change in rejudging.rejudge(task)] == [100.0]


def command(lab_folder: Path, folder: Path) -> list[str]:
    options = ["--lab", str(lab_folder), "--data", "synthetic", "--out", str(folder / "out"), "--jobs", "2"]
    return [sys.executable, "-m", "grader", "batch", str(folder / "in"), *options]


def codes(count: int) -> dict[str, str]:
    return {f"s{number:03}": f"{RIGHT if number % 3 else WRONG}# {number}\n" for number in range(count)}


def running(parent: int) -> list[psutil.Process]:
    return [each for each in psutil.Process(parent).children(recursive=True) if each.status() != "zombie"]


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_next_command_goes_on(lab_folder: Path, tmp_path: Path) -> None:
    hand_in(tmp_path / "in", **codes(12))
    with subprocess.Popen(
        command(lab_folder, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if ": 100.00 of 100.00" in line:
                break
        family = running(child.pid)
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=60)
    assert child.returncode == ExitCode.INTERRUPTED
    assert "interrupted" in told
    assert [each for each in family if each.is_running() and each.status() != "zombie"] == []
    done = {name for name, score in table(tmp_path / "out").items() if score}
    assert 0 < len(done) < 12
    after = subprocess.run(command(lab_folder, tmp_path), capture_output=True, text=True, check=True, timeout=300)
    assert f"12 graded ({len(done)} of them unchanged)" in after.stdout


@pytest.mark.slow
def test_kill_at_any_moment_loses_nothing_that_was_finished(lab_folder: Path, tmp_path: Path) -> None:
    """The gradebook is that of an undisturbed run, and nothing is left behind."""
    hand_in(tmp_path / "in", **codes(10))
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    scratch.chmod(0o755)
    environment = {**os.environ, "TMPDIR": str(scratch)}
    for number in range(6):
        with subprocess.Popen(
            command(lab_folder, tmp_path), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            time.sleep(2.0 + 1.7 * number)
            family = running(child.pid)
            child.kill()
        gone, alive = psutil.wait_procs(family, timeout=10)
        assert alive == [], gone
    done = subprocess.run(
        command(lab_folder, tmp_path), env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    assert "10 graded" in done.stdout
    assert table(tmp_path / "out") == {name: "0.00" if WRONG in code else "100.00" for name, code in codes(10).items()}
    assert list((tmp_path / "out" / "evidence").glob(".part-*")) == []
    assert list(scratch.glob("epochmark-run-*")) == []


@pytest.mark.parametrize(
    ("changed", "runs_again"), [("judge/checks.py", False), ("report/html.py", False), ("collect/runner.py", True)]
)
def test_only_what_collects_or_verifies_makes_evidence_old(tmp_path: Path, changed: str, *, runs_again: bool) -> None:
    package = shutil.copytree(Path(batch.__file__).parent, tmp_path / "grader")
    script = "from grader import observation; print(observation.environment())"

    def told() -> str:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        arguments = [sys.executable, "-c", script]
        done = subprocess.run(
            arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    before = told()
    (package / changed).write_text((package / changed).read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert (told() != before) is runs_again


def test_a_changed_template_makes_reports_anew(
    first: First, lab_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(first[0], tmp_path / "class")
    entries = [Entry(id="ada", path=folder / "in" / "ada.py")]
    templates = shutil.copytree(report.templates(), tmp_path / "templates")
    (templates / "style.css").write_text("body { color: rebeccapurple }", encoding="utf-8")
    monkeypatch.setattr(report, "templates", lambda: templates)
    assert graded(assignment(lab_folder, folder / "out"), entries)["ada"][0] is How.KNOWN


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2, 6])
def test_how_many_run_at_a_time_changes_no_grade(lab_folder: Path, tmp_path: Path, jobs: int) -> None:
    entries = hand_in(tmp_path / "in", **codes(8))
    results = graded(assignment(lab_folder, tmp_path / "out"), entries, jobs=jobs)
    assert {name: score for name, (_, _, score) in results.items()} == {
        name: 0.0 if WRONG in code else 100.0 for name, code in codes(8).items()
    }


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A real scheduler and two real workers on this machine, in processes of their own."""
    pytest.importorskip("distributed")
    file = folder / "scheduler.json"
    python = [sys.executable, "-m"]
    scheduler = [*python, "distributed.cli.dask_scheduler", "--no-dashboard", "--host", "127.0.0.1", "--port", "0"]
    worker = [*python, "distributed.cli.dask_worker", "--no-dashboard", "--no-nanny", "--nthreads", "1"]
    started = [subprocess.Popen([*scheduler, "--scheduler-file", str(file)], cwd=folder)]
    try:
        while not file.exists() or not file.read_text():
            assert started[0].poll() is None
            time.sleep(0.1)
        for number in range(2):
            local = ["--scheduler-file", str(file), "--local-directory", str(folder / f"worker{number}")]
            started.append(subprocess.Popen([*worker, *local], cwd=folder))
        yield json.loads(file.read_text())["address"], started[1:]
    finally:
        for each in started:
            each.kill()
            each.wait(30)


@pytest.mark.slow
def test_a_cluster_gives_the_same_grades_also_when_it_loses_a_worker(lab_folder: Path, tmp_path: Path) -> None:
    entries = codes(8)
    hand_in(tmp_path / "in", **entries)
    with cluster(tmp_path) as (address, workers):
        arguments = [*command(lab_folder, tmp_path), "--scheduler", address]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            assert child.stderr is not None
            for line in child.stderr:
                if " of 100.00" in line:
                    break
            workers[0].kill()
            told, log = child.communicate(timeout=240)
    assert child.returncode == ExitCode.GRADED, log
    assert "8 graded" in told
    assert table(tmp_path / "out") == {name: "0.00" if WRONG in code else "100.00" for name, code in entries.items()}


@pytest.mark.slow
def test_what_waits_for_a_cluster_without_workers_is_given_up(lab_folder: Path, tmp_path: Path) -> None:
    entries = hand_in(tmp_path / "in", ada=RIGHT)
    task = assignment(lab_folder, tmp_path / "out")
    with (
        cluster(tmp_path) as (address, workers),
        Classroom(task) as room,
        ClusterRunner(address, patience_s=1) as runner,
    ):
        assert runner.jobs >= 2
        for worker in workers:
            worker.kill()
        sent = batch._Pass(room, Scope(jobs=1))._look(entries[0])
        assert not isinstance(sent, batch.Done)
        todo = batch._Pass(room, Scope(jobs=1))._task(sent)
        with pytest.raises(MachineError, match="no worker left"):
            runner.submit(todo, tmp_path).result(timeout=120)
        with pytest.raises(MachineError, match="no worker left"):
            runner.submit(todo, tmp_path).result(timeout=120)


@pytest.mark.slow
def test_a_scheduler_that_is_not_there_is_said_to_be_so(lab_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    hand_in(tmp_path / "in", ada=RIGHT)
    arguments = [*command(lab_folder, tmp_path), "--scheduler", "tcp://127.0.0.1:9"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == ExitCode.FAULT
    assert "cannot be used" in done.stderr


def test_errors_travel_between_processes() -> None:
    for error in (StudentError("a", slug="b"), MachineError("a", slug="b"), TierUnavailable("a")):
        again = copy.copy(error)
        assert (type(again), str(again), again.slug) == (type(error), "a", error.slug)
