"""Labs outside the package: found by path and by entry point, and unreadable for what they grade."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import outside
import pytest
from outside import Environment

from grader import catalogue, labs
from grader.errors import AuthorError, UsageError
from grader.sandbox import choose
from grader.sandbox.contract import Tier
from grader.sandbox.landlock import READ, _grants

OFFERED = [tier for tier in Tier if tier is not Tier.D and not choose.obstacle(tier)]

SPY = """
import pathlib
{name} = XXXXXX
for place in {places}:
    try:
        print(pathlib.Path(place).read_text()[-3000:])
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.fixture
def site_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return outside.make_environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mnist_cnn", False), ("./mnist_cnn", True), ("labs/a", True), ("/a", True), (".", True), ("..", True)],
)
def test_a_path_has_a_separator(name: str, expected: object) -> None:
    assert catalogue.is_path(name) is expected


def test_a_lab_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = outside.write_lab(tmp_path / "digits")
    monkeypatch.chdir(tmp_path)
    for name in (str(folder), "./digits", "./digits/lab.toml"):
        assert labs.find(name).folder == folder
    with pytest.raises(UsageError, match=r"there is no lab 'digits'"):
        labs.find("digits")
    with pytest.raises(UsageError, match=r"lab\.toml is missing"):
        labs.find("./nothing")


def test_a_lab_by_entry_point(site_folder: Path) -> None:
    folder = outside.write_distribution(site_folder)
    place = labs.installed()["digits"]
    assert (place.folder, place.origin) == (folder, "coursework 1.5")
    assert labs.find("digits").id == "digits"
    assert "coursework" not in sys.modules, "nothing of it is imported"
    assert set(labs.names()) > {"digits", "mnist_cnn"}


def test_a_clash_names_both(site_folder: Path) -> None:
    first = outside.write_distribution(site_folder)
    second = outside.write_distribution(site_folder, name="seminar")
    with pytest.raises(AuthorError) as caught:
        labs.find("mnist_cnn")
    assert caught.value.slug == "lab-clash"
    for words in ("coursework 1.5", "seminar 1.5", str(first), str(second), "'digits'"):
        assert words in str(caught.value)
    assert labs.find(str(first)).id == "digits", "by path there is no doubt"


def test_a_lab_of_the_package_is_not_replaced(site_folder: Path) -> None:
    outside.write_distribution(site_folder, lab="mnist_cnn")
    with pytest.raises(AuthorError, match=r"from epochmark .*from coursework 1\.5"):
        labs.names()


@pytest.mark.parametrize("value", ["coursework.labs.nothing", "nothing_at_all.labs", "coursework.labs"])
def test_an_entry_point_that_leads_to_no_lab(site_folder: Path, value: str) -> None:
    outside.write_distribution(site_folder, value=value)
    with pytest.raises(AuthorError, match=r"coursework 1\.5 offers the lab 'digits'"):
        labs.names()


def test_the_name_of_an_entry_point_is_the_id(site_folder: Path) -> None:
    outside.write_distribution(site_folder, lab="other", value="coursework.labs.other")
    entry = site_folder / "coursework-1.5.dist-info" / "entry_points.txt"
    entry.write_text("[epochmark.labs]\ndigits = coursework.labs.other\n")
    with pytest.raises(AuthorError, match="'digits' in a folder called 'other'"):
        labs.names()


def test_all_labs_outside_are_secret(site_folder: Path, tmp_path: Path) -> None:
    offered = outside.write_distribution(site_folder)
    named, beside = outside.write_lab(tmp_path / "mine" / "a"), outside.write_lab(tmp_path / "mine" / "b")
    assert set(labs.secret_folders(labs.read(named))) == {offered, named, beside}
    assert set(labs.secret_folders(labs.find("mnist_cnn"))) == {offered}


def test_grants_spare_what_is_hidden_and_links_to_it(tmp_path: Path) -> None:
    lab, packages = tmp_path / "packages" / "course" / "lab", tmp_path / "packages"
    lab.mkdir(parents=True)
    (packages / "numpy").mkdir()
    (packages / "course" / "__init__.py").touch()
    (packages / "link").symlink_to(lab)
    (packages / "inner").symlink_to(lab / "solution.py")
    (packages / "loop").symlink_to(packages)
    (lab / "solution.py").touch()
    granted = dict(_grants([packages], frozenset({lab})))
    read = {path for path, rights in granted.items() if rights == READ}
    assert read == {packages / "numpy", packages / "course" / "__init__.py"}
    assert set(granted) - read == {packages, packages / "course"}


def test_the_command_lists_where_labs_come_from(environment: Environment, tmp_path: Path) -> None:
    folder = outside.write_distribution(environment.site, name="listed", lab="listed_lab")
    try:
        done = environment.grade("labs", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "(listed 1.5)" in done.stdout
        assert "(epochmark)" in done.stdout
        done = environment.grade("labs", folder, "--quiet", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, "listed_lab\n")
        done = environment.grade("skeleton", folder, "--out", tmp_path / "out", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert outside.SECRET_CANARY in (tmp_path / "out" / "lab.py").read_text(), "a remark outside of all markers"
    finally:
        (environment.site / "listed-1.5.dist-info" / "entry_points.txt").unlink()


@pytest.mark.parametrize("tier", [pytest.param(t, marks=() if t is OFFERED[0] else pytest.mark.slow) for t in OFFERED])
@pytest.mark.parametrize("way", ["entry-point", pytest.param("path", marks=pytest.mark.slow)])
def test_a_submission_cannot_read_the_lab_that_grades_it(
    environment: Environment, tmp_path: Path, tier: Tier, way: str
) -> None:
    """The lab lies among the packages that a worker imports from; what lies beside it can be read, it cannot."""
    name = f"course_{way[0]}_{tier.lower()}"
    folder = outside.write_distribution(environment.site, name=name, lab=f"lab_of_{name}")
    package = environment.site / name
    places = [str(package / "__init__.py"), *(str(folder / file) for file in ("solution.py", "checks.py", "lab.toml"))]
    (tmp_path / "lab.py").write_text(SPY.format(name="prediction", places=places))
    if way == "path":
        (environment.site / f"{name}-1.5.dist-info" / "entry_points.txt").unlink()
    lab = folder.name if way == "entry-point" else folder
    arguments = ("lab.py", "--lab", lab, "--data", "synthetic")
    done = environment.grade(*arguments, cwd=tmp_path, GRADER_TIER=tier.value)
    assert done.returncode == 0, done.stderr
    seen = outside.evidence_of(tmp_path)
    assert outside.OPEN_CANARY in seen, "the control: the package itself can be read"
    assert outside.SECRET_CANARY not in seen
    assert seen.count("PermissionError") >= 3
    assert "placeholder = " not in seen
    assert outside.report_of(tmp_path)["lab"] == folder.name


@pytest.mark.slow
def test_plain_pytest_judges_with_a_lab_outside(environment: Environment, tmp_path: Path) -> None:
    folder = outside.write_distribution(environment.site, name="plain", lab="plain_lab")
    (tmp_path / "lab.py").write_text("prediction = XXXXXX\n")
    command = [str(environment.python), "-m", "pytest", str(folder / "checks.py"), "--submission", "lab.py"]
    done = subprocess.run(
        [*command, "--data", "synthetic"], cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "There is still XXXXXX" in done.stdout
