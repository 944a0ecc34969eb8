"""Right verdicts on notebooks of the published course lab: each trait of real submissions, and what it deserves.

The default suite grades a sample, `-m slow` half, `-m "slow or thorough"` all. By hand:
`python tests/test_course.py NAME…`
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import course
import pytest
import zoo

from grader.model import Grade, Outcome

SAMPLE = frozenset(
    {
        "untouched",
        "cnn_evaluate_cell_evaluates_the_fc_net",
        "filled_in_between_missing_commas",
        "keras_2_legacy_optimizer",
        "tape_with_only_the_gradient_left",
        "waits_for_input_and_mounts_a_drive",
        "all_code_in_a_single_cell",
        "two_point_six_megabytes",
    }
)


def complaint(fixture: course.Fixture, result: Grade) -> str:
    """Say in what a grade differs from what the fixture promises; empty where it does not."""
    blank = {part.id for part in result.parts if part.status is Outcome.NOT_ATTEMPTED}
    defects = {check.feedback.defect for part in result.parts for check in part.checks}
    wrong = (zoo.lost(result) ^ fixture.loses) | (blank ^ fixture.blank)
    if fixture.shows and fixture.shows not in defects:
        return f"{fixture.shows} is not named"
    return f"disagrees in {', '.join(sorted(wrong))}" if wrong else ""


class Grades:
    """Grades what is wanted together, two at a time, when the first of it is asked for."""

    def __init__(self, folder: Path, wanted: list[course.Fixture]) -> None:
        self._folder, self._wanted = folder, wanted
        self._known: dict[str, Grade] = {}

    def __getitem__(self, name: str) -> Grade:
        if not self._known:
            self._known = {path.stem: grade for path, grade in graded(self._folder, self._wanted)}
        return self._known[name]


def graded(folder: Path, wanted: list[course.Fixture]) -> Iterator[tuple[Path, Grade]]:
    """Grade fixtures on the bench."""
    with zoo.Bench(course.LAB, folder) as bench:
        yield from bench.grade_many([fixture.write(folder) for fixture in wanted])


@pytest.fixture(scope="session")
def grades(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Grades:
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    asked = [spec.params["fixture"] for spec in specs if spec is not None and "fixture" in spec.params]
    return Grades(tmp_path_factory.mktemp("course"), asked)


def case(fixture: course.Fixture) -> object:
    marks = () if fixture.name in SAMPLE else zoo.marks_of(fixture.name)
    return pytest.param(fixture, id=fixture.name, marks=marks)


@pytest.mark.parametrize("fixture", [case(fixture) for fixture in course.FIXTURES])
@pytest.mark.timeout(600)
def test_a_real_notebook_gets_what_it_deserves(fixture: course.Fixture, grades: Grades) -> None:
    result = grades[fixture.name]
    assert not complaint(fixture, result), zoo.describe(result)


def test_the_names_are_unique() -> None:
    names = [fixture.name for fixture in course.FIXTURES]
    assert len(set(names)) == len(names)
    assert set(names) >= SAMPLE


def main(names: list[str]) -> None:
    """Grade fixtures by hand and say where they disagree with their promises."""
    known = {fixture.name: fixture for fixture in course.FIXTURES}
    wanted = [known[name] for name in names] or course.FIXTURES
    with tempfile.TemporaryDirectory() as folder:
        for path, result in graded(Path(folder), wanted):
            found = complaint(known[path.stem], result)
            sys.stdout.write(f"[{found or 'ok'}] {zoo.describe(result) if found else path.stem}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
