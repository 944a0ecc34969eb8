"""The workflows of docs/ci and the hook for authors, run as their systems do: step by step, in a scratch checkout."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import outside
import pytest
import yaml

from grader import labs
from grader.authoring import check_lab, skeleton
from grader.cli import run

CHECKOUT = Path(__file__).parent.parent
FLAGSHIP = labs.find("mnist_cnn")
GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "ada",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_JOB": "grade",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REPOSITORY": "course/ada",
    "RUNNER_OS": "Linux",
}
GITLAB = {"CI": "true", "GITLAB_CI": "true", "CI_JOB_NAME": "grade", "CI_COMMIT_REF_NAME": "main"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A checkout with a student's file, and a PATH on which this package is installed already."""

    folder: Path
    environment: dict[str, str]

    def step(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a step as GitHub does: `bash --noprofile --norc -eo pipefail`."""
        return subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """`pip install epochmark` does nothing but check that nothing else is asked for; the checkout is hostile."""
    programs, folder = tmp_path / "bin", tmp_path / "checkout"
    programs.mkdir()
    folder.mkdir()
    python = shlex.quote(sys.executable)
    for name, text in {
        # As the script that pip writes: the current folder is not searched for modules.
        "grade": f'exec {python} -c "import sys; del sys.path[0]; from grader.__main__ import main; main()" "$@"',
        "pip": '[ "$*" = "install --quiet epochmark" ]',
    }.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    shutil.copy(FLAGSHIP.folder / "sample.ipynb", folder / "lab.ipynb")
    for name in ("pip", "click", "sitecustomize", "conftest", "yaml"):
        (folder / f"{name}.py").write_text("raise SystemExit('code of a student ran in the place of a module')\n")
    kept = {name: os.environ[name] for name in ("HOME", "GRADER_CACHE", "GRADER_MNIST") if name in os.environ}
    path = f"{programs}:/usr/local/bin:/usr/bin:/bin"
    return Runner(folder=folder, environment={"PATH": path, "PYTHONPATH": str(CHECKOUT), **kept})


def workflow(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((CHECKOUT / "docs" / "ci" / name).read_text()))


@pytest.mark.parametrize("name", ["github.yml", "github-classroom.yml"])
def test_workflows_ask_for_little_and_keep_evidence(name: str) -> None:
    made = workflow(name)
    assert made["permissions"]["contents"] == "read"
    steps = made["jobs"]["grade"]["steps"]
    checkout = next(step for step in steps if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["persist-credentials"] is False
    scripts = [step["run"] for step in steps if "run" in step]
    assert steps.index(checkout) > next(n for n, step in enumerate(steps) if "pip install" in step.get("run", ""))
    assert not any("python" in script for script in scripts)
    assert all("${{" not in step.get("run", "") for step in steps), "what others wrote must not become a script"
    assert "evidence" not in json.dumps([step.get("with") for step in steps])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["github.yml", "github-classroom.yml"])
def test_the_steps_of_a_workflow_of_github(runner: Runner, tmp_path: Path, name: str) -> None:
    files = {key: tmp_path / key for key in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    outputs: dict[str, dict[str, str]] = {}
    steps = workflow(name)["jobs"]["grade"]["steps"]
    for step in (step for step in steps if "run" in step):
        for path in files.values():
            path.write_text("")
        variables = {key: str(path) for key, path in files.items()}
        done = runner.step(step["run"], **GITHUB, GITHUB_WORKSPACE=str(runner.folder), **variables)
        assert done.returncode == 0, done.stderr + done.stdout
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        outputs[step.get("id", "")] = dict(line.split("=", 1) for line in lines)
    assert "64\\.00 of 100\\.00 points" in files["GITHUB_STEP_SUMMARY"].read_text()
    assert "::error file=lab.ipynb,line=79,title=Build the convolutional network" in done.stdout
    for step in (step for step in steps if step.get("with", {}).get("path")):
        for path in step["with"]["path"].split():
            assert (runner.folder / path).is_file(), path
    for step in (step for step in steps if "grading-reporter" in step.get("uses", "")):
        runners = step["with"]["runners"].split(",")
        assert {f"{each.upper()}_RESULTS" for each in runners} == set(step["env"])
        assert "steps.lab.outputs.result" in step["env"]["LAB_RESULTS"]
        result = json.loads(base64.b64decode(outputs["lab"]["result"]))
        assert sum(test["score"] for test in result["tests"]) == 64


@pytest.mark.slow
def test_the_job_of_gitlab(runner: Runner) -> None:
    job = workflow("gitlab.yml")["grade"]
    script = "\n".join(job["script"]).replace("--require-tier C", "--require-tier D")
    done = runner.step(script, **GITLAB, CI_PROJECT_DIR=str(runner.folder))
    assert done.returncode == 0, done.stderr
    assert "::" not in done.stdout
    for path in (*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()):
        assert (runner.folder / path).is_file(), path
    issues = json.loads((runner.folder / job["artifacts"]["reports"]["codequality"]).read_text())
    assert {issue["location"]["path"] for issue in issues} == {"lab.ipynb"}
    ET.parse(runner.folder / job["artifacts"]["reports"]["junit"])  # noqa: S314 - our own file


# What authors have looked at before they commit.


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a lab that is in order, with what students receive."""
    monkeypatch.chdir(tmp_path)
    folder = outside.write_lab(tmp_path / "labs" / "digits")
    shutil.copy(FLAGSHIP.solution_file, folder)
    skeleton.write(labs.read(folder))
    return folder


def problems(folder: Path) -> str:
    return "\n".join(check_lab.problems(labs.read(folder)))


def test_a_lab_in_order(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert problems(lab) == ""
    assert run(["check-lab", "./labs/digits"]) == 0
    assert "everything belongs together" in capsys.readouterr().out


def test_what_does_not_belong_together_is_told(lab: Path, tmp_path: Path) -> None:
    given = tmp_path / "assignment" / "digits"
    (given / "lab.py").write_text("# changed by hand\n")
    (given / "README.md").unlink()
    told = problems(lab)
    assert "lab.py is not what the solution says; run `grade skeleton`" in told
    assert "README.md is missing" in told
    assert run(["check-lab", "./labs/digits"]) == 1


def test_an_expectation_of_another_solution_is_stale(lab: Path) -> None:
    solution = lab / "solution.py"
    solution.write_text(solution.read_text().replace('padding="same"', 'padding="valid"').replace("128", "64"))
    skeleton.write(labs.read(lab))
    assert "another solution" in problems(lab)
    expected = lab / "expected.json"
    fields = json.loads(expected.read_text())
    fields["networks"]["other"] = fields["networks"].pop("fc")
    expected.write_text(json.dumps(fields))
    assert "networks is about other networks than cnn, fc" in problems(lab)
    expected.write_text("{}")
    assert "cannot be read" in problems(lab)


def test_checks_that_do_not_add_up(lab: Path) -> None:
    checks = lab / "checks.py"
    checks.write_text(
        checks.read_text()
        + "\n@pytest.mark.part('data_prep')\n@pytest.mark.points(3)\ndef test_more(case):\n    pass\n"
    )
    assert "checks.py: " in problems(lab)
    assert run(["check-lab", "./labs/digits"]) == 1
    (lab / "lab.toml").write_text("format = 1\n")
    assert run(["check-lab", "./labs/digits"]) == 3


@pytest.mark.parametrize("name", labs.names())
def test_the_labs_of_this_package_belong_together(name: str) -> None:
    assert list(check_lab.problems(labs.find(name))) == []


@pytest.mark.usefixtures("lab")
def test_the_hook_of_pre_commit(tmp_path: Path, runner: Runner) -> None:
    is_installed = importlib.util.find_spec("pre_commit") is not None
    pre_commit = f"{shlex.quote(sys.executable)} -m pre_commit" if is_installed else ""
    hook = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text())[0]
    config = {
        "repos": [
            {
                "repo": "local",
                "hooks": [{**hook, "args": ["./labs/digits"]}],
            }
        ]
    }
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    environment = {**runner.environment, "PRE_COMMIT_HOME": str(tmp_path / "home"), "GIT_CONFIG_GLOBAL": "/dev/null"}
    here = Runner(folder=tmp_path, environment=environment)
    assert here.step("git init -q . && git add labs assignment .pre-commit-config.yaml").returncode == 0
    if pre_commit:
        assert here.step(f"{pre_commit} validate-manifest {CHECKOUT}/.pre-commit-hooks.yaml").returncode == 0
    command = f"{pre_commit} run" if pre_commit else f"{hook['entry']} ./labs/digits"
    done = here.step(command)
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "assignment" / "digits" / "lab.py").write_text("# changed by hand\n")
    assert here.step("git add assignment").returncode == 0
    done = here.step(command)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "run `grade skeleton`" in done.stdout
