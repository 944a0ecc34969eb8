"""The zoo: submissions whose right verdict is known by their headers.

By hand: `python tests/zoo.py LAB FILE…`
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from pathlib import Path

import pytest

from grader import labs
from grader.archives import SUFFIXES
from grader.authoring.bench import Bench, disagreement, lost
from grader.authoring.variants import header_of, variants
from grader.model import Grade, Outcome

__all__ = [
    "Bench",
    "collection",
    "describe",
    "disagreement",
    "header_of",
    "lost",
    "marks_of",
    "needs_quick_effort",
    "variants",
]

SUBMISSIONS = Path(__file__).parent / "submissions"

SLOW = frozenset({"slow_optimizers"})


def collection(name: str) -> list[Path]:
    """Return the submissions of one kind: good or blank."""
    return sorted(path for path in (SUBMISSIONS / name).iterdir() if path.suffix in SUFFIXES)


def marks_of(name: str) -> tuple[pytest.MarkDecorator, ...]:
    """Return the marks of a submission that is no sample: half of them run with `-m slow`, the others at leisure.

    Which half is settled by the name alone, so that a run can be repeated.
    """
    is_first_half = zlib.crc32(name.encode()) % 2 == 0
    return (pytest.mark.slow if is_first_half else pytest.mark.thorough, pytest.mark.timeout(2400))


def needs_quick_effort(path: Path) -> bool:
    """Tell whether the bench will not do: only training shows a bad learning rate, and some count on 60,000 images."""
    return path.stem in SLOW or "learning_rate" in path.stem or b"60000" in path.read_bytes()


def describe(result: Grade) -> str:
    """Return what was lost and why, for the message of a failing test."""
    lines = [f"{result.submission_file}: {result.earned} of {result.points}"]
    lines += [
        f"  {part.id}/{check.spec.id}: {check.outcome.value}: {check.feedback.rationale} "
        f"[cell {check.feedback.cell}, line {check.feedback.line}]"
        for part in result.parts
        for check in part.checks
        if check.outcome is not Outcome.PASSED
    ]
    return "\n".join([*lines, *(f"  {finding}" for finding in result.findings)])


def main(arguments: list[str]) -> None:
    """Grade files by hand and say where they disagree with their headers."""
    lab = labs.find(arguments[0])
    with tempfile.TemporaryDirectory() as folder, Bench(lab, Path(folder)) as bench:
        for path, result in bench.grade_many([Path(name) for name in arguments[1:]]):
            sys.stdout.write(f"[{disagreement(path, result) or 'ok'}] {describe(result)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
