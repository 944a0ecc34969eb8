"""Time a class: what a submission costs apart from its own code, what an unchanged one costs, and judging again.

    python -m benchmarks.batch                    12 submissions, about two minutes
    python -m benchmarks.batch --count 1000       and whether the grader's own memory stays flat

The submissions are right solutions of the lab that `grade new-lab` makes, each with a comment of its own, so that each
is run; their own code takes next to no time. Prints JSON. Seconds of a processor are those of all processes together;
the ratios to grading each submission alone, in the same run, are the claim. `report_cpu_s` is the part of `each_cpu_s`
that goes into writing reports, and `verdict_cpu_s` the rest.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from grader import batch, classroom, labs, pipeline, rejudging, report
from grader.authoring import newlab
from grader.batch import Scope
from grader.classroom import Assignment
from grader.exchange import Entry
from grader.model import Effort, Grade
from grader.pipeline import Request
from grader.procfs import resident_bytes
from grader.terms import Terms

ALONE = 3
"""Submissions that are graded one by one, for comparison."""

WARM_UP = 4
"""Submissions of a first class, from which the fixed cost of a class is told apart from that of a submission."""


def main() -> None:
    """Run the benchmark and print what came out."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=12, help="submissions")
    options.add_argument("--jobs", type=int, default=2, help="at a time")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        json.dump(measure(Path(folder), count=chosen.count, jobs=chosen.jobs), sys.stdout, indent=2)
    sys.stdout.write("\n")


def measure(folder: Path, *, count: int, jobs: int) -> dict[str, object]:
    """Return the figures."""
    lab = labs.read(newlab.create("errors", folder))
    code = lab.solution_file.read_text(encoding="utf-8")
    (folder / "in").mkdir()
    paths = [folder / "in" / f"s{number:05}.py" for number in range(count + WARM_UP)]
    for number, path in enumerate(paths):
        path.write_text(f"{code}# {number}\n", encoding="utf-8")
    entries = [Entry(id=path.stem, path=path) for path in paths]
    alone = [_used(lambda p=path: _alone(lab, p, folder))[0] for path in paths[:ALONE]]  # type: ignore[misc]
    memory: list[int] = []

    def grade(chosen: list[Entry], out: str) -> None:
        done = batch.grade_class(_assignment(lab, folder / out), chosen, Scope(jobs=jobs))
        memory.extend(resident_bytes("self") for _ in done)

    small, _ = _used(lambda: grade(entries[:WARM_UP], "small"))
    with _timed_reports() as reports:
        whole, wall = _used(lambda: grade(entries, "whole"))
    written = sum(reports) / len(reports)
    kept, _ = _used(lambda: grade(entries, "whole"))
    task = classroom.remembered(folder / "whole")
    again, _ = _used(lambda: list(rejudging.rejudge(task)))
    each = (whole - small) / count
    evidence = sum(path.stat().st_size for path in (folder / "whole" / "evidence").rglob("*") if path.is_file())
    return {
        "count": len(entries),
        "jobs": jobs,
        "alone_cpu_s": round(sum(alone) / len(alone), 3),
        "each_cpu_s": round(each, 3),
        "report_cpu_s": round(written, 3),
        "verdict_cpu_s": round(each - written, 3),
        "ratio_to_alone": round(each / (sum(alone) / len(alone)), 4),
        "class_fixed_cpu_s": round(whole - each * len(entries), 2),
        "wall_s": round(wall, 1),
        "unchanged_cpu_s": round(kept / len(entries), 4),
        "rejudged_cpu_s": round(again / len(entries), 4),
        "evidence_bytes": evidence // len(entries),
        "memory_first_mib": memory[WARM_UP] // 2**20,
        "memory_last_mib": memory[len(entries) + WARM_UP - 1] // 2**20,
    }


@contextmanager
def _timed_reports() -> Iterator[list[float]]:
    """Note what it costs to write the reports of each submission, which is done in the main thread."""
    seconds: list[float] = []
    write = report.write_reports

    def timed(grade: Grade, folder: Path, *, staff: bool = False) -> list[Path]:
        before = time.thread_time()
        written = write(grade, folder, staff=staff)
        seconds.append(time.thread_time() - before)
        return written

    report.write_reports = timed
    try:
        yield seconds
    finally:
        report.write_reports = write


def _terms(lab: labs.Lab) -> Terms:
    return Terms(lab=lab, effort=Effort.QUICK, data="synthetic", seed=1)


def _assignment(lab: labs.Lab, out: Path) -> Assignment:
    return Assignment(terms=_terms(lab), out=out)


def _alone(lab: labs.Lab, path: Path, folder: Path) -> None:
    pipeline.grade(Request(file=path, terms=_terms(lab), out=folder / "alone"))


def _used(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of a processor that some work takes, here and in children, and those on the clock."""
    before, started = _processor(), time.monotonic()
    work()
    return _processor() - before, time.monotonic() - started


def _processor() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    main()
