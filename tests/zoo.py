"""The zoo: submissions whose right verdict is known, and how to grade many of them."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from grader import datasets, labs, pipeline
from grader import submission as intake
from grader.judge.grading import grade
from grader.judge.plugin import judge
from grader.labs import Lab
from grader.model import Effort, Grade, Outcome

HERE = Path(__file__).parent
GOOD = HERE / "submissions" / "good"
BLANK = HERE / "submissions" / "blank"
_HEADER = re.compile(
    r"^\s*(?:\"|)# (?P<key>loses|not_attempted|passes|defect|shows): (?P<value>[^\"\\\n]*)", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One submission with its header: which parts it loses, has not attempted, or must pass."""

    path: Path
    lab: Lab

    @property
    def header(self) -> dict[str, frozenset[str]]:
        text = self.path.read_bytes().decode("utf-8", "replace")
        found = {m["key"]: m["value"] for m in _HEADER.finditer(text)}
        return {key: frozenset(re.findall(r"[a-z_]+", value)) for key, value in found.items()}


def variants(lab: Lab) -> list[Path]:
    return sorted((lab.folder / "variants").glob("*.py"))


def collection(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in intake.SUFFIXES)


def grade_one(path: Path, lab: Lab, *, data: str = "synthetic", seed: int = 1) -> tuple[Path, pipeline.Run, Path]:
    """Run one submission without judging it; safe to call from several threads."""
    out = Path(tempfile.mkdtemp(prefix="epochmark-zoo-"))
    request = pipeline.Request(file=path, lab=lab, effort=Effort.QUICK, data=data, seed=seed, out=out)
    source = datasets.resolve(data)
    return path, pipeline.observe(request, intake.take(path), source, None, pipeline.silent), out


def grade_many(
    paths: Iterable[Path], lab: Lab, *, data: str = "synthetic", jobs: int = 2
) -> Iterator[tuple[Path, Grade]]:
    """Grade submissions, running two at a time and judging in this thread, as pytest is not made for several."""
    expected = labs.expectations(lab, data=datasets.resolve(data).name, effort=Effort.QUICK)
    with ThreadPoolExecutor(jobs) as pool:
        for path, run, out in pool.map(lambda path: grade_one(path, lab, data=data), paths):
            request = pipeline.Request(file=path, lab=lab, effort=Effort.QUICK, data=data, seed=1, out=out)
            case = pipeline.case_of(request, run, expected)
            yield path, grade(case, judge(case), run.submission, pipeline.facts_of(request, run), 0.0)


def lost(result: Grade) -> frozenset[str]:
    return frozenset(part.id for part in result.parts if part.earned < part.points)


def describe(result: Grade) -> str:
    lines = [f"{result.submission_file}: {result.earned} of {result.points}"]
    lines += [
        f"  {part.id}/{check.spec.id}: {check.outcome.value}: {check.feedback.rationale}"
        for part in result.parts
        for check in part.checks
        if check.outcome is not Outcome.PASSED
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Grade files by hand: python tests/zoo.py LAB DATA FILE…"""
    lab = labs.find(arguments[0])
    for path, result in grade_many([Path(name) for name in arguments[2:]], lab, data=arguments[1]):
        header = Exhibit(path=path, lab=lab).header
        wanted = header.get("loses", frozenset())
        if "not_attempted" in header:
            verdict = (
                "ok"
                if header["not_attempted"] == {p.id for p in result.parts if p.status is Outcome.NOT_ATTEMPTED}
                and not header.get("passes", frozenset()) & lost(result)
                else "WRONG"
            )
        else:
            verdict = "ok" if lost(result) == wanted else f"WRONG, should lose {sorted(wanted)}"
        sys.stdout.write(f"[{verdict}] {describe(result)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
