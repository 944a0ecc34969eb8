"""Grade one class with this grader and with others, in one run, and print the ratios as JSON.

    python -m benchmarks.peers                                   makes an environment for the others in a cache folder
    python -m benchmarks.peers --peers-python PATH --peer-sample 4

What is compared: a class of notebooks of the course lab (right, wrong and half-done ones written in many ways; a tenth
are the same code twice), as `grade batch` takes it at quick effort with its reports, against

* nbgrader: `autograde` with its database and `generate_feedback`, a source notebook with hidden asserts for each part;
* otter: `otter run` without a container, the same asserts as its test files;
* pytest: a file that runs the code of one notebook in full and asserts the same, once for each notebook.

All read the very same files and images, and have the same processors. The others train as it is written, which is what
they do, and need minutes for each: so they grade a sample, chosen evenly, and the ratios are of seconds for each
submission. They are helped where that is fair: stand-ins for the packages of the course and for MNIST's download, a
limit of two hours for a cell, no notebook that never ends or trains for hours. `--alone` grades each submission without
the others as well, with this grader, and compares the points of every part. `--work FOLDER` keeps what was measured, so
that a run goes on where it was stopped; when each was measured, and under what load, stands beside it.

Seconds on the clock are of this run on this machine, whatever else it did (the load is told); those of a processor
depend on it less. The others' own verdicts are told as well, against what each notebook deserves.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import platformdirs

from benchmarks.peers import assignment, notebooks, others, ours
from benchmarks.peers.notebooks import Made
from benchmarks.peers.others import Place
from benchmarks.peers.ours import Verdict
from grader import datasets


def main() -> None:
    """Run the benchmark and print what came out."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=40, help="notebooks of the class")
    options.add_argument("--jobs", type=int, default=2, help="of ours, at a time")
    options.add_argument("--cores", type=int, default=2, help="processors for everybody")
    options.add_argument("--data", default="auto", help="images, as `grade --data` takes them")
    options.add_argument("--alone", action="store_true", help="also grade each submission alone, and compare")
    options.add_argument("--peers", nargs="*", choices=others.GRADERS, default=list(others.GRADERS))
    options.add_argument("--peer-sample", type=int, default=2, help="notebooks that the others grade")
    options.add_argument("--work", type=Path, help="a folder that is kept: what was measured there is not done again")
    options.add_argument("--peers-python", type=Path, help="an interpreter with the extra `peers`")
    chosen = options.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: chosen.cores]))
    python = chosen.peers_python or environment()
    if chosen.work is not None:
        figures = measure(chosen, python.absolute(), chosen.work.absolute())
    else:
        with tempfile.TemporaryDirectory() as folder:
            figures = measure(chosen, python.absolute(), Path(folder))
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


def environment() -> Path:
    """Return the interpreter of the environment of the others, which is made if there is none yet."""
    named = os.environ.get("GRADER_CACHE")
    folder = (Path(named) if named else platformdirs.user_cache_path("epochmark")) / "peers"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "whole").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"{notebooks.ROOT}[peers]"], check=True)
        (folder / "whole").touch()
    return python


def measure(chosen: argparse.Namespace, python: Path, folder: Path) -> dict[str, object]:
    """Return the figures, which are kept in the folder as they arise."""
    made = notebooks.make_class(chosen.count)
    paths = assignment.hand_in(made, folder / "submitted")
    terms = {
        "data": datasets.resolve(chosen.data).name,
        "cores": chosen.cores,
        "notebooks": len(made),
        "different": len({one.fixture for one in made}),
        "ratios_are": "of seconds for each submission; the others grade a sample of the class",
    }
    kept = Kept(folder / "figures.json", terms)
    kept.stage("ours", lambda: _ours(chosen, folder, made))
    sample = evenly(made, chosen.peer_sample)
    place = Place(
        python=python,
        environment=assignment.surroundings(folder / "ipython", python, datasets.resolve(chosen.data).path),
        notebooks={one.student: paths[one.student] for one in sample},
        folder=folder,
    )
    for name in chosen.peers:
        kept.stage(name, lambda name=name: _theirs(name, place, sample))  # type: ignore[misc]
    if chosen.alone:
        kept.stage("alone", lambda: _alone(chosen, folder, [(one, paths[one.student]) for one in made]))
    return {**kept.figures, "ratios": ratios(kept.figures)}


class Kept:
    """Figures in a file: what stands there is not measured again."""

    def __init__(self, file: Path, terms: Mapping[str, object]) -> None:
        self._file = file
        self.figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else dict(terms)
        if any(self.figures.get(name) != value for name, value in terms.items()):
            raise SystemExit(f"{file} was measured on other terms")

    def stage(self, name: str, work: Callable[[], Mapping[str, object]]) -> None:
        """Do something unless it was done, and keep what came out."""
        if name not in self.figures:
            at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            self.figures[name] = {"started": at, **work()}
            self._file.write_text(json.dumps(self.figures, indent=1), encoding="utf-8")
        sys.stderr.write(f"{name}: {json.dumps(self.figures[name])}\n")


def _ours(chosen: argparse.Namespace, folder: Path, made: Sequence[Made]) -> Mapping[str, object]:
    shutil.rmtree(folder / "ours", ignore_errors=True)
    usage = ours.in_a_batch(folder / "submitted", folder / "ours", data=chosen.data, jobs=chosen.jobs)
    verdicts = {one.student: ours.verdict(folder / "ours", one.student) for one in made}
    return {**usage.figures(len(made)), "jobs": chosen.jobs, **_agreement(made, verdicts)}


def _theirs(name: str, place: Place, sample: Sequence[Made]) -> Mapping[str, object]:
    usage, verdicts = others.GRADERS[name](place)
    fixtures = [one.fixture for one in sample]
    return {**usage.figures(len(sample)), "sample": fixtures, **_agreement(sample, verdicts)}


def _alone(chosen: argparse.Namespace, folder: Path, made: Sequence[tuple[Made, Path]]) -> Mapping[str, object]:
    usage = ours.alone(made, folder / "alone", data=chosen.data)
    differ = [
        one.fixture
        for one, _ in made
        if ours.verdict(folder / "ours", one.student) != ours.verdict(folder / "alone", one.student)
    ]
    return {**usage.figures(len(made)), "verdicts_that_differ": differ}


def ratios(figures: Mapping[str, Any]) -> dict[str, object]:
    """Return how many times as long the others take for a submission: on the clock, and of a processor."""
    return {
        name: {unit: round(figures[name][unit] / figures["ours"][unit], 1) for unit in ("wall_s_each", "cpu_s_each")}
        for name in others.GRADERS
        if name in figures
    }


def evenly(made: Sequence[Made], count: int) -> list[Made]:
    """Return so many of a class, chosen evenly."""
    return [made[(2 * number + 1) * len(made) // (2 * count)] for number in range(count)]


def _agreement(made: Sequence[Made], verdicts: Mapping[str, Verdict]) -> dict[str, object]:
    """Tell in how many parts a verdict (all points, or not) is what the notebook deserves, and where it is not."""
    full, wrong = notebooks.POINTS, []
    for one in made:
        got = {part for part, points in verdicts.get(one.student, {}).items() if points == full[part]}
        wrong += [f"{one.fixture}: {part}" for part in sorted(got ^ one.right)]
    parts = len(made) * len(full)
    return {"right_verdicts": f"{parts - len(wrong)} of {parts} parts", "wrong_verdicts": wrong}


if __name__ == "__main__":
    main()
