"""The command as its users meet it: real processes, real exit codes, and one clear line for whatever is wrong."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from grader import labs
from grader.cli.progress import of_another
from grader.scratch import PREFIX as SCRATCH_PREFIX

LAB = labs.find("mnist_cnn")
SAMPLE = LAB.folder / "sample.ipynb"


def grade(*arguments: object, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader", *map(str, arguments)]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=200, check=False)


def assert_one_line(result: subprocess.CompletedProcess[str], code: int, words: str) -> None:
    lines = [line for line in result.stderr.splitlines() if not line.startswith("·")]
    assert result.returncode == code, result.stderr
    assert len(lines) == 1, result.stderr
    assert re.search(words, lines[0]), lines[0]
    assert "Traceback" not in result.stderr + result.stdout


def test_help_and_version(tmp_path: Path) -> None:
    assert "grade [FILE]" in grade("--help", cwd=tmp_path).stdout
    assert grade("--version", cwd=tmp_path).returncode == 0
    assert "mnist_cnn" in grade("labs", cwd=tmp_path).stdout


HEAVY = ("numpy", "rich", "pytest", "matplotlib", "jinja2", "jsonschema", "IPython", "watchfiles", "tensorflow")


@pytest.mark.parametrize(
    ("first", "allowed"),
    [
        ("import grader", set()),
        ("from grader.cli import run; run(['--help'])", set()),
        # What is imported before the first line of feedback.
        ("import grader.cli.progress, grader.pipeline, rich.console", {"numpy", "rich"}),
    ],
)
def test_what_one_waits_for_is_light(first: str, allowed: set[str]) -> None:
    code = f"import sys; {first}; print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stderr.split()) == allowed


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.py", None, "no such file"),
        ("a\n::error::x.py", None, "a ::error::x.py: there is no such file"),
        ("empty.ipynb", b"", "empty"),
        ("big.ipynb", b" " * 50_000_000, "too large"),
        ("text.txt", b"a = 1", "not a notebook"),
        ("binary.py", b"\x7fELF\0\0\0\1" * 100, "binary"),
        ("broken.ipynb", b"{]", "not valid JSON"),
        ("cells.ipynb", b'{"a": 1}', "no list of cells"),
        ("remarks.ipynb", b'{"cells": []}', "no code"),
        ("other.py", b"slope = XXXXXX", r"other\.py belongs to no lab that I know \(.*\); name it with --lab"),
    ],
)
def test_what_is_no_submission(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert_one_line(grade("run", name, "--data", "synthetic", cwd=tmp_path), 2, words)


def test_a_link_and_a_pipe_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link.py").symlink_to(LAB.solution_file)
    assert_one_line(grade("link.py", cwd=tmp_path), 2, "link")
    os.mkfifo(tmp_path / "pipe.py")
    assert_one_line(grade("pipe.py", cwd=tmp_path), 2, "not a regular file")


def test_an_unknown_lab_names_the_nearest(tmp_path: Path) -> None:
    assert_one_line(grade(SAMPLE, "--lab", "mnist_cn", cwd=tmp_path), 2, "did you mean 'mnist_cnn'")


def test_an_unknown_option_or_value(tmp_path: Path) -> None:
    assert_one_line(grade(SAMPLE, "--efort", "full", cwd=tmp_path), 2, "--effort")
    assert_one_line(grade(SAMPLE, "--effort", "heroic", cwd=tmp_path), 2, "heroic")
    assert_one_line(grade(SAMPLE, "--seed", "-1", cwd=tmp_path), 2, "seed")


def test_an_instant_without_a_zone(tmp_path: Path) -> None:
    assert_one_line(grade(SAMPLE, "--submitted-at", "2026-11-20T23:59:00", cwd=tmp_path), 2, "has no time zone")
    until = ("--submitted-at", "2026-11-20T23:59:00Z", "--extended-until", "2026-11-21T23:59:00Z")
    assert_one_line(grade(SAMPLE, *until, cwd=tmp_path), 2, "this lab has no deadline")


def test_a_lab_by_path_that_is_none_or_broken(tmp_path: Path) -> None:
    assert_one_line(grade(SAMPLE, "--lab", "./labs/none", cwd=tmp_path), 2, r"there is no lab in './labs/none'")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "lab.toml").write_text("format = 1\ntitle = 3.5.4\n")
    for command in ((SAMPLE, "--lab"), ("skeleton",), ("calibrate",), ("verify-lab",), ("labs",)):
        assert_one_line(grade(*command, "./broken", cwd=tmp_path), 3, r"broken/lab\.toml:2: this is not TOML")


def test_a_folder_without_or_with_too_many_files(tmp_path: Path) -> None:
    assert_one_line(grade(cwd=tmp_path), 2, "no notebook and no Python file")
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / name).write_text("{}")
    assert_one_line(grade(cwd=tmp_path), 2, "several files")


def bad_data(path: Path, **changes: object) -> Path:
    arrays: dict[str, Any] = {
        "x_train": np.zeros((60000, 28, 28), np.uint8),
        "y_train": np.zeros(60000, np.uint8),
        "x_test": np.zeros((10000, 28, 28), np.uint8),
        "y_test": np.zeros(10000, np.uint8),
    }
    arrays.update(changes)
    np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"x_train": np.zeros((100, 28, 28), np.uint8)}, "x_train"),
        ({"x_test": np.zeros((10000, 28, 28), np.float32)}, "x_test"),
        ({"y_train": np.zeros((60000, 10), np.uint8)}, "y_train"),
    ],
)
def test_a_data_file_with_wrong_arrays(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    path = bad_data(tmp_path / "bad.npz", **changes)
    assert_one_line(grade(SAMPLE, "--data", path, cwd=tmp_path), 2, words)


def test_a_data_file_that_is_missing_or_no_archive(tmp_path: Path) -> None:
    assert_one_line(grade(SAMPLE, "--data", "none.npz", cwd=tmp_path), 2, "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    assert_one_line(grade(SAMPLE, "--data", "text.npz", cwd=tmp_path), 2, "text.npz")


def test_an_out_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert_one_line(grade(SAMPLE, "--out", "file/below", cwd=tmp_path), 2, "cannot write")
    assert_one_line(grade(SAMPLE, "--out", "/proc/none", cwd=tmp_path), 2, "cannot write")


def scratch_folders(folder: Path) -> list[Path]:
    return list(folder.glob(f"{SCRATCH_PREFIX}*"))


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(60)\n")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "grader", "slow.py", "--lab", "mnist_cnn", "--data", "synthetic"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What runs in the background of a shell ignores the interrupt, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as child:
        family = wait_for_children(child.pid)
        child.send_signal(signal.SIGINT)
        _, stderr = child.communicate(timeout=20)
    assert child.returncode == 130
    assert b"interrupted" in stderr
    assert b"Traceback" not in stderr
    assert living(family) == []
    assert not (tmp_path / "grade-report" / "report.html").exists()
    assert scratch_folders(temporary) == []


def living(family: list[psutil.Process]) -> list[psutil.Process]:
    """Return who still runs after a moment; a zombie that nobody has collected yet runs no more."""
    _, left = psutil.wait_procs(family, timeout=3)
    return [process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def wait_for_children(pid: int) -> list[psutil.Process]:
    """Wait until both workers run; they are recognised by their command line."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        family: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
        if sum("worker" in " ".join(process.cmdline()) for process in family) >= 2:
            return family
        time.sleep(0.05)
    raise AssertionError("the workers did not start")


def test_killing_the_grader_kills_its_workers(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(60)\n")
    command = [sys.executable, "-m", "grader", "slow.py", "--lab", "mnist_cnn", "--data", "synthetic"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        family = wait_for_children(child.pid)
        child.kill()
        child.communicate(timeout=20)
    assert living(family) == []


@pytest.mark.parametrize("moment", [0.2, 0.6, 1.2, 2.5, 4.0, 6.0, 8.0, 10.0])
@pytest.mark.slow
def test_killing_the_grader_at_any_moment_leaves_nothing(moment: float, tmp_path: Path) -> None:
    temporary, report = tmp_path / "tmp", tmp_path / "grade-report"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, "-m", "grader", str(SAMPLE), "--data", "synthetic"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        family: dict[int, psutil.Process] = {}
        end = time.monotonic() + moment
        while time.monotonic() < end:
            with contextlib.suppress(psutil.NoSuchProcess):
                family |= {each.pid: each for each in psutil.Process(child.pid).children(recursive=True)}
        child.kill()
        child.wait()
    _, left = psutil.wait_procs(list(family.values()), timeout=1)
    assert [process for process in left if process.status() != psutil.STATUS_ZOMBIE] == []
    for name in ("report.html", "report.json", "junit.xml"):
        whole = (report / name).read_bytes() if (report / name).exists() else b""
        assert not whole or whole.rstrip().endswith((b"</html>", b"}", b"</testsuites>"))
    assert list(report.glob("*.tmp")) == []
    (tmp_path / "blank.py").write_text("XXXXXX\n")
    after = subprocess.run(
        [*command[:3], "blank.py", "--lab", "mnist_cnn", "--data", "synthetic"],
        cwd=tmp_path,
        env=environment,
        check=False,
        timeout=60,
    )
    assert after.returncode == 0
    assert scratch_folders(temporary) == []


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("sample")
    result = grade(SAMPLE, "--data", "synthetic", "--seed", "3", cwd=folder)
    return folder / "grade-report", result


def test_the_sample_gets_its_grade(sample: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, result = sample
    assert result.returncode == 0, result.stderr
    report = json.loads((folder / "report.json").read_text())
    status = {part["id"]: part["status"] for part in report["parts"]}
    assert report["score"] == {"points": 64.0, "max_points": 100.0}
    assert status["cnn_build"] == "partial"
    assert status["cnn_evaluate"] == "failed"
    assert status["prediction"] == "partial"
    assert status["gradient_tape"] == "not_attempted"
    assert "64.00" in result.stdout
    assert (folder / "junit.xml").exists()
    assert (folder / "evidence" / "evidence.jsonl").exists()


def test_progress_tells_the_structure_early(sample: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, result = sample
    first, second, *_ = result.stderr.splitlines()
    assert first == "· sample.ipynb: 16 cells read; starting TensorFlow …"
    assert second.startswith("· Still to fill in: Write a training step by hand (cell 15, line ")
    assert "101,770 parameters" in result.stderr
    assert "438,026 parameters" in result.stderr


@pytest.mark.slow
def test_the_same_seed_gives_the_same_report(
    sample: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder, _ = sample
    grade(SAMPLE, "--data", "synthetic", "--seed", "3", cwd=tmp_path)
    first, second = (
        re.sub(r'"(duration_s|seconds)": [\d.]+', "", (f / "report.json").read_text())
        for f in (folder, tmp_path / "grade-report")
    )
    assert first == second


def test_fail_under(tmp_path: Path) -> None:
    (tmp_path / "blank.py").write_text("XXXXXX\n")
    assert (
        grade("blank.py", "--lab", "mnist_cnn", "--data", "synthetic", "--fail-under", "50", cwd=tmp_path).returncode
        == 1
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("while True:\n    pass\n", "out of time|ran out"),
        ("import sys\nsys.exit(0)\n", ""),
        ("import ctypes\nctypes.CDLL(None)._exit(0)\n", "ended"),
        ("while True:\n    print('x' * 1000)\n", ""),
        ("import ctypes\nctypes.string_at(0)\n", "ended"),
        ("x = []\nwhile True:\n    x.append(bytearray(50_000_000))\n", ""),
        ("raise BaseException\n", ""),
        (
            "import os\nfor fd in range(1, 30):\n    try: os.write(fd, b'x' * 100)\n    except OSError: pass\n",
            "",
        ),
        ("import signal\nsignal.raise_signal(signal.SIGKILL)\n", "ended"),
        ("def f(): f()\nimport sys\nsys.setrecursionlimit(10**9)\nf()\n", ""),
        ("input('name? ')\n", ""),
    ],
    ids=[
        "loop",
        "exit",
        "os-exit",
        "print",
        "segfault",
        "allocate",
        "base-exception",
        "descriptors",
        "kill",
        "recursion",
        "input",
    ],
)
@pytest.mark.slow
def test_a_submission_that_misbehaves_gets_a_report(tmp_path: Path, code: str, words: str) -> None:
    (tmp_path / "bad.py").write_text(code)
    started = time.monotonic()
    result = grade("bad.py", "--lab", "mnist_cnn", "--data", "synthetic", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    # On a machine that does much else; what matters is that it ends by itself, and long before the limits of the suite.
    assert time.monotonic() - started < 200
    report = json.loads((tmp_path / "grade-report" / "report.json").read_text())
    assert report["score"]["points"] == 0
    assert len(report["parts"]) == 11
    page = (tmp_path / "grade-report" / "report.html").read_text()
    assert re.search(words, page)


def test_who_works_in_the_other_file_of_a_handout_is_told_which_one_was_graded(tmp_path: Path) -> None:
    notebook, script = tmp_path / "lab.ipynb", tmp_path / "lab.py"
    for file, when in ((notebook, 1_000), (script, 2_000)):
        file.touch()
        os.utime(file, (when, when))
    assert of_another(notebook) == "lab.py was changed later than lab.ipynb; to grade that one: grade lab.py"
    assert of_another(script) == ""
    assert of_another(tmp_path / "mine.py") == ""
