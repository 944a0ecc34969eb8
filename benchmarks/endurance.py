"""Kill the grading of a class again and again, and compare what is there in the end with an undisturbed run.

    python -m benchmarks.endurance                                 100 times, about half an hour
    python -m benchmarks.endurance --kills 5 --submissions 12      to try it

A process of `grade batch` is killed with SIGKILL at a random moment and started again, until it has been killed as
often as asked; then it is left to finish. The submissions are right and wrong solutions of the lab that `grade new-lab`
makes. Prints JSON: whether both gradebooks are the same byte for byte, how many results were there after each kill
(they never become fewer), and what was left behind in the folder for temporary files and among the processes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from grader import tables
from grader.authoring import newlab

SHORTEST_S, LONGEST_S = 0.5, 16.0
"""When a run is killed: from before it has opened its folder to after several submissions."""

WRONG = ("** 2", "** 3")
"""What makes the solution of that lab a wrong one."""


def main() -> None:
    """Run the benchmark and print what came out."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--submissions", type=int, default=200)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--seed", type=int, default=1, help="of the moments")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), chosen)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


def measure(folder: Path, chosen: argparse.Namespace) -> dict[str, object]:
    """Return the figures."""
    lab = newlab.create("errors", folder)
    _hand_in(folder / "in", (lab / "solution.py").read_text(encoding="utf-8"), chosen.submissions)
    scratch = folder / "tmp"
    scratch.mkdir()
    scratch.chmod(0o755)
    moments = random.Random(chosen.seed)  # noqa: S311 - nobody guesses them
    finished, survivors = [], 0
    for number in range(chosen.kills):
        with _start(lab, folder, "killed", chosen.jobs, scratch) as child:
            time.sleep(moments.uniform(SHORTEST_S, LONGEST_S))
            family = psutil.Process(child.pid).children(recursive=True)
            child.kill()
        survivors += len(psutil.wait_procs(family, timeout=10)[1])
        finished.append(_finished(folder / "killed"))
        sys.stderr.write(f"{number + 1}: {finished[-1]} finished\n")
    codes = [_start(lab, folder, out, chosen.jobs, scratch).wait() for out in ("killed", "undisturbed")]
    books = [(folder / out / "gradebook.csv").read_bytes() for out in ("killed", "undisturbed")]
    return {
        "kills": chosen.kills,
        "submissions": chosen.submissions,
        "jobs": chosen.jobs,
        "exit_codes": codes,
        "gradebooks_equal": books[0] == books[1],
        "finished_after_each_kill": finished,
        "never_fewer": finished == sorted(finished),
        "processes_left": survivors,
        "scratch_left": len([path for path in scratch.iterdir() if path.name.startswith("epochmark")]),
        "parts_left": len(list((folder / "killed" / "evidence").glob(".part-*"))),
    }


def _hand_in(folder: Path, right: str, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        code = right if number % 3 else right.replace(*WRONG)
        (folder / f"s{number:04}.py").write_text(f"{code}# {number}\n", encoding="utf-8")


def _start(lab: Path, folder: Path, out: str, jobs: int, scratch: Path) -> subprocess.Popen[bytes]:
    options = ["--lab", str(lab), "--data", "synthetic", "--out", str(folder / out), "--jobs", str(jobs)]
    return subprocess.Popen(
        [sys.executable, "-m", "grader", "batch", str(folder / "in"), *options],
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _finished(out: Path) -> int:
    if not (out / "class.sqlite").exists():
        return 0
    return sum(result.points is not None for result in tables.results(out))


if __name__ == "__main__":
    main()
