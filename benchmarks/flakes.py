"""Grade the reference with many seeds and count the grades that are not full marks.

Points that wait for a person count as earned: which they are does not depend on the seed.

    python -m benchmarks.flakes --seeds 20 --data synthetic

Runs them as a class is run, with workers that import TensorFlow once. Prints JSON: how many runs, which flakes and what
they lost, and the range of the recomputed accuracies of each network.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grader import datasets, labs, pipeline, submission
from grader.judge.grading import grade as settle
from grader.judge.plugin import judge
from grader.model import Effort, Grade, Outcome
from grader.observation import Run
from grader.pipeline import Request
from grader.sandbox.choose import choose
from grader.stations import Stations
from grader.terms import Terms


def run(lab: labs.Lab, effort: Effort, data: str, seeds: Iterable[int], *, jobs: int) -> dict[int, Grade]:
    """Grade the reference once with each seed. It is judged in this thread, as pytest is not made for several."""
    source, tier, reference = datasets.resolve(data), choose(), submission.take(lab.solution_file)
    expected = labs.expectations(lab, data=source.name, effort=effort)
    grades: dict[int, Grade] = {}
    with Stations(source, tier, pipeline.confine(tier, lab)) as stations, ThreadPoolExecutor(jobs) as pool:

        def observe(seed: int) -> tuple[Request, Run]:
            with tempfile.TemporaryDirectory() as folder:
                terms = Terms(lab=lab, effort=effort, data=data, seed=seed)
                request = Request(file=lab.solution_file, terms=terms, out=Path(folder))
                return request, pipeline.gather(terms, reference, stations.mine(), Path(folder, pipeline.EVIDENCE))

        for request, observed in pool.map(observe, seeds):
            case, facts = pipeline.case_of(request, observed, expected), pipeline.facts_of(request, observed)
            seed = request.terms.seed
            grades[seed] = settle(case, judge(case), reference.identity, facts, 0.0)
            sys.stderr.write(f"{seed}: {lost(grades[seed]) or 'full marks'}\n")
            sys.stderr.writelines(f"  {failure}\n" for failure in failures(observed))
    return grades


def failures(observed: Run) -> list[str]:
    """Return what did not run to its end, which tells a busy machine from a training that came out badly."""
    evidence = observed.evidence
    stopped = [f"cell {cell.index}: {cell.failures}" for cell in evidence.cells if cell.failures]
    return stopped if evidence.ending == "done" else [*stopped, f"{evidence.ending} {evidence.ending_detail}"]


def lost(grade: Grade) -> list[str]:
    """Return what did not pass, and why: a flake that is due to the load of a machine does not come back when asked."""
    checks = [check for part in grade.parts for check in part.checks]
    settled = (Outcome.PASSED, Outcome.WAITING)
    return [
        f"{check.spec.id}: {check.outcome.value}: {check.feedback.rationale[:300]}"
        for check in checks
        if check.outcome not in settled
    ]


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lab", default="mnist_cnn")
    parser.add_argument("--effort", choices=[effort.value for effort in Effort], default="quick")
    parser.add_argument("--data", default="synthetic")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2, help="at a time")
    parser.add_argument("--first", type=int, default=1001, help="first seed; calibration uses 1 and up")
    arguments = parser.parse_args()
    lab, effort = labs.find(arguments.lab), Effort(arguments.effort)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    grades = run(lab, effort, arguments.data, seeds, jobs=arguments.jobs)
    flakes = {seed: lost(grade) for seed, grade in grades.items() if grade.earned + grade.waiting != grade.points}
    accuracy = {
        view.role: sorted(
            v.test_accuracy or 0.0 for grade in grades.values() for v in grade.models if v.role == view.role
        )
        for view in next(iter(grades.values())).models
    }
    figures = {
        "data": next(iter(grades.values())).run.data,
        "effort": effort.value,
        "runs": len(grades),
        "flakes": flakes,
        "accuracy": {role: [values[0], values[-1]] for role, values in accuracy.items()},
    }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
