"""Right verdicts on the flagship: every submission of the zoo gets what its header promises, and nothing else.

The default suite grades a sample of the zoo; `-m slow` grades half of it, and the reference with other seeds;
`-m "slow or thorough"` grades all.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import zoo

from grader import labs, pipeline
from grader.model import Effort, Grade, Outcome
from grader.terms import Terms

LAB = labs.find("mnist_cnn")

ALL = [*zoo.variants(LAB), *zoo.collection("good"), *zoo.collection("blank")]
TRAINED = [path for path in ALL if zoo.needs_quick_effort(path)]
BENCH = [path for path in ALL if path not in TRAINED]

SAMPLE = frozenset(
    {
        "cnn_cell_evaluates_fc_network",
        "cnn_trains_on_test_images",
        "data_without_channel_axis",
        "fc_output_128_units",
        "prediction_argmax_of_all_images",
        "tape_from_logits_in_keras_loss",
        "argmax_where",
        "notebook_one_cell",
        "notebook_with_magics",
        "other_variable_names",
        "subclassed_with_functions_in_call",
        "tape_compiled_step",
        "every_other_part",
        "evaluate_does_not_parse",
    }
)


@dataclass
class Grades:
    """Grades what is wanted together, two at a time, when the first of it is asked for."""

    bench: zoo.Bench
    wanted: list[Path]
    known: dict[Path, Grade] = field(default_factory=dict)

    def __getitem__(self, path: Path) -> Grade:
        if not self.known:
            self.known = dict(self.bench.grade_many(self.wanted))
        return self.known[path]


@pytest.fixture(scope="session")
def grades(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grades]:
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    asked = {spec.params.get("path") for spec in specs if spec is not None}
    folder = tmp_path_factory.mktemp("zoo")
    with zoo.Bench(LAB, folder) as bench:
        yield Grades(bench=bench, wanted=[path for path in BENCH if path in asked])
    shutil.rmtree(folder, ignore_errors=True)


def case(path: Path) -> object:
    marks = () if path.stem in SAMPLE else zoo.marks_of(path.stem)
    return pytest.param(path, id=f"{path.parent.name}-{path.stem}", marks=marks)


@pytest.mark.parametrize("path", [case(path) for path in BENCH])
@pytest.mark.timeout(600)
def test_the_zoo_gets_what_it_deserves(path: Path, grades: Grades) -> None:
    result = grades[path]
    assert not zoo.disagreement(path, result), zoo.describe(result)


@pytest.mark.slow
@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in TRAINED])
def test_what_only_quick_effort_shows(path: Path, tmp_path: Path) -> None:
    result = grade(path, tmp_path)
    assert not zoo.disagreement(path, result), zoo.describe(result)


def grade(path: Path, out: Path, *, data: str = "synthetic", effort: Effort = Effort.QUICK, seed: int = 1) -> Grade:
    terms = Terms(lab=LAB, effort=effort, data=data, seed=seed)
    return pipeline.grade(pipeline.Request(file=path, terms=terms, out=out))


def test_there_are_enough_of_each_kind() -> None:
    assert len(zoo.variants(LAB)) >= 25
    assert len(zoo.collection("good")) >= 25
    assert {path.stem for path in ALL} >= SAMPLE
    assert all("loses" in zoo.header_of(path) for path in zoo.variants(LAB))


def test_every_part_has_a_variant_that_loses_it() -> None:
    lost = set[str]().union(*(zoo.header_of(path)["loses"] for path in zoo.variants(LAB)))
    assert lost == {part.id for part in LAB.parts}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Grade:
    return grade(LAB.solution_file, tmp_path_factory.mktemp("reference"))


def test_the_reference_gets_everything(reference: Grade) -> None:
    assert reference.earned == reference.points, zoo.describe(reference)


def test_the_reference_has_the_parameters_of_the_lab(reference: Grade) -> None:
    assert [(view.parameters, view.rebuilt) for view in reference.models] == [(101_770, True), (438_026, True)]
    assert [view.expected_parameters for view in reference.models] == [101_770, 438_026]


@pytest.mark.parametrize("name", ["lab.py", "lab.ipynb"])
def test_the_skeleton_is_blank_in_every_part(name: str, tmp_path: Path) -> None:
    result = grade(labs.share("assignment") / LAB.id / name, tmp_path)
    assert result.earned == 0
    assert {part.status for part in result.parts} == {Outcome.NOT_ATTEMPTED}, zoo.describe(result)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(101, 104))
def test_other_seeds_do_not_matter(seed: int, tmp_path: Path) -> None:
    result = grade(LAB.solution_file, tmp_path, seed=seed)
    assert result.earned == result.points, zoo.describe(result)


@pytest.mark.slow
def test_the_reference_on_the_real_mnist(mnist: str, tmp_path: Path) -> None:
    result = grade(LAB.solution_file, tmp_path, data=mnist)
    assert result.earned == result.points, zoo.describe(result)
    assert result.run.data == "mnist"
