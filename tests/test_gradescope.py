"""Gradescope: the archive, what it answers, and that nothing of ours becomes a student's zero."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import hashlib
import io
import json
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import container
import graded
import outside
import pytest
from packaging.requirements import Requirement

from grader import gradescope, labs, late, pipeline
from grader.authoring import gradescope as packing
from grader.authoring import wheel
from grader.errors import AuthorError, MachineError, StudentError
from grader.model import Effort, Grade, Outcome
from grader.report.gradescope import HiddenTests, refused, render
from grader.sandbox.contract import Tier
from grader.terms import Terms

LAB = labs.find("mnist_cnn")
DEADLINE = dt.datetime(2026, 11, 20, 23, 59, tzinfo=dt.UTC)
POLICY = late.Policy(deadline=DEADLINE)


def results(made: Grade, hidden: HiddenTests = HiddenTests.HIDDEN) -> dict[str, Any]:
    return dict(json.loads(render(made, hidden=hidden)))


def assert_as_specified(found: dict[str, Any]) -> None:
    """Hold results against what Gradescope's specification names."""
    assert set(found) <= {
        *("score", "execution_time", "output", "output_format", "test_output_format", "test_name_format"),
        *("visibility", "stdout_visibility", "extra_data", "tests"),
    }
    assert isinstance(found["score"], (int, float))
    seen = {"hidden", "after_due_date", "after_published", "visible"}
    assert {found["visibility"], found["stdout_visibility"], *(t["visibility"] for t in found["tests"])} <= seen
    for test in found["tests"]:
        assert set(test) <= {
            *("score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"),
            *("visibility", "extra_data"),
        }
        assert test.get("status", "passed") in ("passed", "failed")


@pytest.mark.parametrize("hidden", HiddenTests)
def test_results_are_as_gradescope_specifies_them(hidden: HiddenTests) -> None:
    found = results(graded.grade(), hidden)
    assert_as_specified(found)
    assert found["score"] == 22.5
    assert found["stdout_visibility"] == "hidden"
    assert found["execution_time"] == 1.5
    assert "leaderboard" not in found


def test_the_total_is_ours_and_not_the_sum_of_the_tests() -> None:
    assert results(graded.late(graded.grade(), "2.25"))["score"] == 20.25
    assert results(graded.beyond(graded.grade(), 3))["score"] == 25.5


def test_only_staff_sees_what_hidden_checks_ask() -> None:
    for hidden in (HiddenTests.HIDDEN, HiddenTests.AFTER_PUBLISHED, HiddenTests.AFTER_DUE_DATE):
        found = results(graded.grade(), hidden)
        secret = [test for test in found["tests"] if graded.SECRET in json.dumps(test)]
        assert [test["visibility"] for test in secret] == [hidden.value]
        assert graded.SECRET not in found["output"]
    assert graded.SECRET not in render(graded.grade(), hidden=HiddenTests.SUM)
    assert {test["visibility"] for test in results(graded.grade(), HiddenTests.SUM)["tests"]} == {"visible"}


def test_what_waits_for_a_person_is_neither_passed_nor_failed() -> None:
    tests = {test["name"]: test for test in results(graded.grade())["tests"]}
    assert not {"status", "score", "max_score"} & set(tests["Explain: Explains"])
    assert "wait for a person" in results(graded.grade())["output"]
    assert (tests["Train: Trains"]["status"], tests["Train: Trains"]["score"]) == ("failed", 7.5)
    assert "Too short. (cell 3, line 1)" in tests["Train: Trains"]["output"]


def test_nothing_of_a_student_is_html() -> None:
    evil = "<img src=x onerror=alert(1)> </table> &lt;"
    bad = graded.part("x", evil, graded.check("x", "x", Outcome.FAILED, 5, rationale=evil, hint=evil, title=evil))
    made = graded.grade(parts=(bad,), lab_title=evil, findings=(evil,))
    found = results(made)
    assert "<img" not in found["output"]
    assert found["output"].count("</table>") == 1
    assert found["test_output_format"] == found["test_name_format"] == "text"


def test_a_flood_of_findings_is_left_out() -> None:
    assert len(results(graded.grade(findings=("much ado " * 300,) * 50))["output"]) < 5_000


def test_what_is_nothing_to_grade_gets_no_points_and_the_reason() -> None:
    found = json.loads(refused("lab.ipynb: the file is empty"))
    assert_as_specified(found)
    assert found["score"] == 0
    assert "the file is empty" in found["output"]
    assert found["output_format"] == "text"


def metadata(folder: Path, **fields: object) -> Path:
    path = folder / "submission_metadata.json"
    path.write_text(json.dumps({"id": 1, "created_at": "2026-11-22T06:00:00.365935+01:00", **fields}))
    return path


def test_a_later_due_date_of_gradescope_is_an_extension_and_an_earlier_one_is_none(tmp_path: Path) -> None:
    moment = gradescope.handed_in(metadata(tmp_path), POLICY)
    assert moment is not None
    assert moment.at == dt.datetime(2026, 11, 22, 5, 0, 0, 365935, tzinfo=dt.UTC)
    assert moment.extended_until is None
    for due, extended in (("2026-11-25T23:59:00-07:00", True), ("2026-11-01T23:59:00-07:00", False), (None, False)):
        given = gradescope.handed_in(metadata(tmp_path, assignment={"due_date": due}), POLICY)
        assert given is not None
        assert (given.extended_until is not None) is extended, due
    own = [{"id": 3, "assignment": {"due_date": "2026-12-01T00:00:00Z"}}, "nonsense", {"id": 4}]
    group = gradescope.handed_in(metadata(tmp_path, users=own), POLICY)
    assert group is not None
    assert group.extended_until == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"created_at": "yesterday"}', '{"created_at": "2026-11-22T06:00:00"}']
)
def test_where_lateness_costs_points_an_unknown_time_is_a_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "submission_metadata.json"
    path.write_text(text)
    with pytest.raises(MachineError):
        gradescope.handed_in(path, POLICY)
    assert gradescope.handed_in(path, None) is None
    assert gradescope.handed_in(tmp_path / "missing", None) is None


def test_the_lab_file_is_found_in_a_folder_that_was_handed_in(tmp_path: Path) -> None:
    with pytest.raises(StudentError, match="no notebook"):
        gradescope.find(tmp_path)
    inner = tmp_path / "my work" / "lab"
    inner.mkdir(parents=True)
    (tmp_path / "__MACOSX").mkdir()
    (inner / "mine.ipynb").write_text("{}")
    assert gradescope.find(tmp_path) == inner / "mine.ipynb"
    (inner / "other.ipynb").write_text("{}")
    with pytest.raises(StudentError, match="several files"):
        gradescope.find(tmp_path)
    with pytest.raises(MachineError):
        gradescope.find(tmp_path / "none")


def settings(root: Path) -> gradescope.Settings:
    (root / "submission").mkdir(exist_ok=True)
    (root / "results").mkdir(exist_ok=True)
    (root / "submission" / "lab.py").write_text("x = 1\n")
    (root / "results" / "results.json").write_text('{"score": 100}')
    terms = Terms(lab=LAB, effort=Effort.QUICK, data="synthetic", seed=1, tier=Tier.C)
    return gradescope.Settings(root=root, terms=terms, hidden=HiddenTests.HIDDEN)


@pytest.mark.parametrize("error", [MachineError("lost", slug="x"), AuthorError("lost", slug="x"), OSError("lost")])
def test_where_the_grader_fails_there_are_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_request: pipeline.Request) -> Grade:
        raise error

    monkeypatch.setattr(pipeline, "grade", fail)
    with pytest.raises(type(error)):
        gradescope.run(settings(tmp_path))
    assert list((tmp_path / "results").iterdir()) == []


def test_a_part_that_could_not_be_judged_is_a_fault_and_no_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = graded.part("x", "X", graded.check("x", "x", Outcome.GRADER_ERROR, 5))
    monkeypatch.setattr(pipeline, "grade", lambda _request: graded.grade(parts=(bad, *graded.parts())))
    with pytest.raises(MachineError, match="could not judge x"):
        gradescope.run(settings(tmp_path))
    assert not (tmp_path / "results" / "results.json").exists()


def test_a_grade_and_a_refusal_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "grade", lambda _request: graded.grade())
    assert gradescope.run(settings(tmp_path)) is not None
    place = tmp_path / "results" / "results.json"
    assert json.loads(place.read_text())["score"] == 22.5
    again = settings(tmp_path)
    (tmp_path / "submission" / "lab.py").write_bytes(b" ")
    assert gradescope.run(again) is None
    assert json.loads(place.read_text())["score"] == 0


@pytest.fixture(scope="module")
def archive() -> Iterator[zipfile.ZipFile]:
    data = packing.build(packing.Settings(lab=LAB, data="synthetic"))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        yield packed


def test_the_archive_has_what_gradescope_asks_for_and_nothing_that_is_not_needed(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    assert {"setup.sh", "run_autograder"} <= names
    assert {name for name in names if name.startswith("lab/")} == {
        f"lab/mnist_cnn/{name}" for name in ("checks.py", "expected.json", "lab.toml")
    }
    for name in ("setup.sh", "run_autograder"):
        assert stat.S_IMODE(archive.getinfo(name).external_attr >> 16) == 0o755
        subprocess.run(["bash", "-n"], input=archive.read(name), check=True, timeout=20)  # noqa: S607
    grade_sh = archive.read("grade.sh").decode()
    assert "@" not in grade_sh.replace('"$@"', "")
    assert len(archive.read("key")) == 32


def test_the_archive_is_the_same_each_time(archive: zipfile.ZipFile) -> None:
    again = packing.build(packing.Settings(lab=LAB, data="synthetic"))
    with zipfile.ZipFile(io.BytesIO(again)) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {
            name: archive.read(name) for name in archive.namelist()
        }


def test_requirements_are_those_in_use_with_all_that_they_need(archive: zipfile.ZipFile) -> None:
    lines = archive.read("requirements.txt").decode().splitlines()
    pins = dict(line.split("==") for line in lines)
    assert pins["tensorflow"] == version("tensorflow")
    assert {"absl-py", "h5py", "markupsafe", "nbformat", "rpds-py"} <= set(pins)
    assert not {"epochmark", "ruff", "mypy", "scipy", "distributed"} & set(pins)
    for text in wheel.declared():
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[requirement.name.lower()])


def test_the_wheel_is_whole_and_has_no_lab(archive: zipfile.ZipFile, tmp_path: Path) -> None:
    name = next(name for name in archive.namelist() if name.endswith(".whl"))
    with zipfile.ZipFile(io.BytesIO(archive.read(name))) as packed:
        packed.extractall(tmp_path)
    record = next(tmp_path.glob("*.dist-info")) / "RECORD"
    rows = {row[0]: row[1:] for row in csv.reader(record.read_text().splitlines())}
    files = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    assert rows.keys() == files.keys()
    for place, path in files.items():
        if path != record:
            digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
            assert rows[place] == [f"sha256={digest}", str(path.stat().st_size)]
    assert not [place for place in files if place.endswith(("lab.toml", "solution.py")) and "example" not in place]
    command = [sys.executable, "-c", "from grader import labs; print(labs.names())"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "[]"


def test_the_real_images_travel_along(mnist: str) -> None:
    data = packing.build(packing.Settings(lab=LAB, data=mnist))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.read("mnist.npz") == Path(mnist).read_bytes()
        assert "--data mnist " in packed.read("grade.sh").decode()


def test_a_lab_of_ones_own_with_an_ugly_name(tmp_path: Path) -> None:
    folder = outside.write_lab(tmp_path / "it's a lab; $(touch x)")
    (folder / "notes.txt").write_text("needed by checks")
    data = packing.build(packing.Settings(lab=labs.read(folder), data="synthetic"))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert f"lab/{folder.name}/notes.txt" in packed.namelist()
        assert outside.SECRET_CANARY not in "".join(packed.read(name).decode("latin-1") for name in packed.namelist())
        script = packed.read("grade.sh")
    subprocess.run(["bash", "-n"], input=script, check=True, timeout=20)  # noqa: S607
    assert b"""/lab/'it'"'"'s a lab; $(touch x)' """ in script


SPY = """
import os
leaked = 0
for name in ("/autograder/source/lab/mnist_cnn/expected.json", "/autograder/source/key", "/opt/epochmark/keys/key",
             "/autograder/submission_metadata.json", "/autograder/submission/lab.py"):
    try:
        open(name, "rb").read()
        leaked = 1
    except OSError:
        pass
for name in ("/autograder/results/results.json", "/autograder/run_autograder", "/opt/epochmark/lib/spy", "/etc/spy"):
    try:
        open(name, "w").write("spied")
        leaked = 1
    except OSError:
        pass
leaked = leaked or os.getuid() == 0
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> container.Container:
    """A container in which `setup.sh` has run."""
    if why := container.obstacle():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("gradescope")
    (folder / "root").mkdir()
    # With time enough for a machine on which other tests run.
    lab = outside.write_lab(folder / "mnist_cnn", changes=(("wall_s = 90.0", "wall_s = 900.0"),))
    zipped = packing.write(packing.Settings(lab=labs.read(lab), data="synthetic"), folder / "autograder.zip")
    assert stat.S_IMODE(zipped.stat().st_mode) == 0o600
    made = container.Container(folder / "root", zipped)
    ran = made.run("bash source/setup.sh")
    assert ran.code == 0, ran.output[-3000:]
    assert "mnist_cnn: ready to grade" in ran.output
    return made


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("tier", ["B", "C"])
def test_a_submission_is_graded_as_here_and_sees_nothing(box: container.Container, tier: str) -> None:
    source = LAB.solution_file.read_text().replace("/ 255.0)", "/ (1.0 if leaked else 255.0))")
    assert source.count("leaked") == 2
    box.submit("lab.py", (SPY + source).encode())
    before = (box.autograder / "run_autograder").read_bytes()
    ran = box.run("./run_autograder", GRADER_TIER=tier)
    assert ran.code == 0, ran.output
    assert box.results is not None, ran.output
    assert_as_specified(box.results)
    assert box.results["score"] == 100.0
    assert (box.autograder / "run_autograder").read_bytes() == before
    # What docs/gradescope.md says of the container to choose.
    assert 0 < ran.peak_bytes < 2.0e9


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nonsense_gets_an_answer_and_a_fault_gets_none(box: container.Container) -> None:
    for name, content in (("notes.txt", b"hello"), ("lab.ipynb", b"{]"), ("lab.py", b"")):
        box.submit(name, content)
        ran = box.run("./run_autograder")
        assert ran.code == 0, ran.output
        assert box.results is not None
        assert_as_specified(box.results)
        assert box.results["score"] == 0
    box.submit("lab.py", b"x = 1")
    ran = box.run("./run_autograder", GRADER_TIER="A")
    assert ran.code == 4
    assert box.results is None
