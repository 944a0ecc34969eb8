"""Time `grade` at quick effort on notebooks that do their worst: endless loops, fifty epochs, hundreds of plots.

    python tests/course.py FOLDER
    python -m benchmarks.worst FOLDER/*.ipynb

Prints JSON: for each file the wall seconds of the whole command, as multiples of those of the lab's reference, too.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from grader import labs, pipeline
from grader import submission as intake
from grader.model import Effort
from grader.terms import Terms


def seconds(file: Path, lab: labs.Lab, data: str) -> float:
    """Grade a file and return the wall seconds that it took."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        terms = Terms(lab=lab, effort=Effort.QUICK, data=data, seed=1)
        pipeline.grade(pipeline.Request(file=file, terms=terms, out=Path(folder)))
    return round(time.monotonic() - started, 2)


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--data", default="auto")
    arguments = parser.parse_args()
    lab = labs.find(labs.recognise(intake.take(arguments.files[0]).data))
    reference = seconds(lab.solution_file, lab, arguments.data)
    figures = {file.stem: seconds(file, lab, arguments.data) for file in arguments.files}
    ratios = {name: [value, round(value / reference, 2)] for name, value in figures.items()}
    sys.stdout.write(json.dumps({"lab": lab.id, "reference": reference, "files": ratios}, indent=1) + "\n")


if __name__ == "__main__":
    main()
