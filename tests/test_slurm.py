"""SLURM: what jobs are asked for, who may talk to them, and that a class is graded by jobs that really start."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import psutil
import pytest

from grader import cluster, labs, slurm
from grader.authoring import newlab
from grader.errors import ExitCode, MachineError, UsageError
from grader.slurm import Options

needs_dask = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("dask_jobqueue", "distributed", "cryptography")),
    reason="the extra for clusters is not installed",
)

SBATCH = """\
#!{python}
# Runs the script as a process of its own, as a machine of the cluster would.
import pathlib, shutil, subprocess, sys
jobs = pathlib.Path({jobs!r})
script = jobs / f"{{len(list(jobs.glob('*.sh'))) + 1}}.sh"
shutil.copy(sys.argv[1], script)
log = script.with_suffix(".log").open("wb")
child = subprocess.Popen(
    ["bash", str(script)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
)
script.with_suffix(".pid").write_text(str(child.pid))
print("Submitted batch job", child.pid)
"""

SCANCEL = """\
#!{python}
import os, pathlib, signal, sys
(pathlib.Path({jobs!r}) / (sys.argv[1] + ".cancelled")).touch()
os.killpg(int(sys.argv[1]), signal.SIGTERM)
"""


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the scripts and the numbers of jobs that a SLURM of one machine was given."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        program(tmp_path / "bin", name, text.format(python=sys.executable, jobs=str(folder)))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    yield folder
    for file in folder.glob("*.pid"):
        for each in family(int(file.read_text())):
            each.kill()


def family(leader: int) -> list[psutil.Process]:
    """Return what still runs of the session that a job is."""
    found = []
    for each in psutil.process_iter():
        try:
            if os.getsid(each.pid) == leader and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
        except (OSError, psutil.Error):
            continue
    return found


def options(path: Path, text: str) -> Options:
    path.write_text(text, encoding="utf-8")
    return slurm.read(path)


def test_options_are_read_from_a_file(tmp_path: Path) -> None:
    given = options(
        tmp_path / "slurm.toml",
        'jobs = 2\nqueue = "short"\nwait = "30m"\n'
        'directives = ["--constraint=avx2"]\nprologue = ["module load python"]\n',
    )
    assert given == Options(
        jobs=2, queue="short", wait="30m", directives=("--constraint=avx2",), prologue=("module load python",)
    )
    assert given.patience.total_seconds() == 1800
    assert options(tmp_path / "none.toml", "") == Options()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('qeue = "x"', "no option 'qeue'; did you mean 'queue'"),
        ("jobs = 0", "jobs has to be a number from 1"),
        ("cores = true", "cores has to be a number"),
        ('cores = "4"', "cores has to be a number"),
        ("walltime = 4", "walltime has to be a text"),
        ('prologue = "module load"', "prologue has to be a list of texts"),
        ("directives = [1]", "directives has to be a list of texts"),
        ('queue = "a\\nb"', "queue has to be on one line"),
        ('memory = "plenty"', "memory has to be like '16 GiB'"),
        ('walltime = "4h"', "walltime has to be like '04:00:00'"),
        ('wait = "soon"', "'soon' is no time"),
        ("jobs =", "slurm.toml"),
    ],
)
def test_options_that_are_not_in_order_are_named(text: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=what):
        options(tmp_path / "slurm.toml", text)
    with pytest.raises(UsageError, match="No such file"):
        slurm.read(tmp_path / "missing.toml")


@needs_dask
def test_the_script_of_a_job_asks_for_what_was_said(jobs: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    extra = Options(directives=("--nice=5",), prologue=("a",))
    given = replace(extra, cores=6, queue="gpu", account="cs101", walltime="00:10:00")
    with slurm._made(given, tmp_path / "logs", keys, SimpleQueue()) as made:
        script = made.job_script()
        assert {path.stat().st_mode & 0o077 for path in keys.iterdir()} == {0}
        # Everything that listens is either behind the keys or for this machine alone.
        listening = [each.laddr for each in psutil.Process().net_connections() if each.status == psutil.CONN_LISTEN]
        behind = int(made.scheduler_address.rpartition(":")[2])
        assert [each.ip for each in listening if each.port != behind] == ["127.0.0.1"]
    lines = script.splitlines()
    assert {"#SBATCH -p gpu", "#SBATCH -A cs101", "#SBATCH --cpus-per-task=6", "#SBATCH --mem=18G"} <= set(lines)
    assert {"#SBATCH -t 00:10:00", "#SBATCH --nice=5", "a"} <= set(lines)
    command = shlex.split(lines[-1])
    assert command[:3] == [sys.executable, "-m", "distributed.cli.dask_worker"]
    asked = dict(itertools.pairwise(command))
    assert (asked["--nthreads"], asked["--nworkers"], asked["--memory-limit"]) == ("1", "6", "3.00GiB")
    assert command[3].startswith("tls://")
    assert {Path(asked[f"--tls-{name}"]).parent for name in ("ca-file", "key", "cert")} == {keys}
    assert "${TMPDIR:-/tmp}" in lines[-1]
    assert list(jobs.iterdir()) == []


@needs_dask
def test_without_slurm_or_its_consent_nothing_starts(
    jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "sbatch", "#!/bin/sh\necho 'sbatch: error: Invalid account' >&2; exit 1\n")
    with (
        pytest.raises(UsageError, match="does not take the jobs: sbatch: error: Invalid account"),
        slurm.runner(Options(jobs=1), tmp_path),
    ):
        pass
    with pytest.raises(UsageError, match="blanks"), slurm.runner(Options(), tmp_path / "week 3"):
        pass
    with (
        pytest.raises(UsageError, match="cannot be made of these options"),
        slurm.runner(Options(interface="none0"), tmp_path),
    ):
        pass
    monkeypatch.setenv("PATH", str(jobs))
    with pytest.raises(UsageError, match="sbatch is not found"), slurm.runner(Options(), tmp_path):
        pass


@needs_dask
def test_jobs_that_never_start_are_given_up(jobs: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin", "sbatch", "#!/bin/sh\necho Submitted batch job 4194304\n")
    with pytest.raises(MachineError, match="no worker within 1s"), slurm.runner(Options(jobs=1, wait="1s"), tmp_path):
        pass
    assert [path.name for path in jobs.iterdir()] == ["4194304.cancelled"]


def test_a_missing_extra_says_what_to_install() -> None:
    with pytest.raises(UsageError, match=r"pip install 'epochmark\[cluster\]'"):
        cluster.imported("dask_of_tomorrow")


@pytest.mark.slow
@needs_dask
def test_a_class_is_graded_by_jobs(jobs: Path, tmp_path: Path) -> None:
    lab = newlab.create("errors", tmp_path)
    right = "import numpy as np\ndef mean_squared_error(y, predicted):\n    return np.mean((y - predicted) ** 2)\n"
    (tmp_path / "in").mkdir()
    for name, code in {"ada": right, "bob": right.replace("** 2", "** 3"), "cleo": "x = 1\n"}.items():
        (tmp_path / "in" / f"{name}.py").write_text(code)
    (tmp_path / "slurm.toml").write_text('jobs = 1\ncores = 1\nmemory = "4 GiB"\nwait = "3m"\n')
    command = [sys.executable, "-m", "grader", "batch", "in", "--lab", str(lab), "--data", "synthetic", "--out", "out"]
    done = subprocess.run(
        [*command, "--slurm", "--slurm-options", "slurm.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    said = "".join(path.read_text() for path in sorted(jobs.glob("*.log")))
    assert done.returncode == ExitCode.GRADED, (done.stderr, said)
    assert "3 graded" in done.stdout
    assert "ada: 100.00 of 100.00" in done.stderr
    assert "bob: 0.00 of 100.00" in done.stderr
    assert labs.read(lab).id == "errors"
    (number,) = (file.read_text() for file in jobs.glob("*.pid"))
    assert (jobs / f"{number}.cancelled").exists()
    gone, alive = psutil.wait_procs(family(int(number)), timeout=20)
    assert alive == [], gone
    assert [path.name for path in (tmp_path / "out" / "slurm").iterdir() if path.name.startswith(".keys")] == []
    assert stat.S_IMODE((tmp_path / "out" / "slurm").stat().st_mode) & 0o002 == 0
