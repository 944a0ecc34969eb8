"""Right verdicts on the other labs of the curriculum: reference, skeletons, and solutions made from the reference.

The default suite grades the reference of each; `-m slow` half of the known-wrong solutions, and of the right ones that
are written in another way; `-m "slow or thorough"` all.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import zoo

from grader import labs, marks, pipeline
from grader.authoring import bench, variants
from grader.errors import AuthorError
from grader.labs import Lab
from grader.model import Effort, Grade, Outcome
from grader.questions import Kind
from grader.terms import Terms

PARAMETERS = {"mnist_ann": 235_146, "mnist_dense": 407_050, "mnist_dropout": 669_706, "mnist_pipeline": 101_770}
LABS = [labs.find(name) for name in sorted(PARAMETERS)]
SLOW = pytest.mark.slow


def cases() -> Iterator[object]:
    for lab in LABS:
        for kind, paths in (("wrong", variants.variants(lab)), ("right", variants.alternatives(lab))):
            for path in paths:
                yield pytest.param(lab, path, id=f"{lab.id}-{kind}-{path.stem}", marks=zoo.marks_of(path.stem))


@dataclass
class Grades:
    """Grades what is wanted of a lab together, two at a time, when the first of it is asked for."""

    folder: Path
    wanted: dict[str, list[Path]]
    known: dict[str, dict[Path, Grade]] = field(default_factory=dict)

    def get(self, lab: Lab, path: Path) -> Grade:
        if lab.id not in self.known:
            folder = self.folder / lab.id
            folder.mkdir()
            with bench.Bench(lab, folder) as runs:
                self.known[lab.id] = dict(runs.grade_many(self.wanted[lab.id]))
        return self.known[lab.id][path]


@pytest.fixture(scope="module")
def grades(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Grades:
    params = [spec.params for item in request.session.items if (spec := getattr(item, "callspec", None)) is not None]
    asked = [(p["lab"], p["path"]) for p in params if p.keys() >= {"lab", "path"}]
    wanted = {lab.id: [path for other, path in asked if other is lab] for lab in LABS}
    return Grades(folder=tmp_path_factory.mktemp("curriculum"), wanted=wanted)


@pytest.mark.parametrize(("lab", "path"), list(cases()))
def test_solutions_made_from_the_reference_get_what_they_deserve(lab: Lab, path: Path, grades: Grades) -> None:
    result = grades.get(lab, path)
    assert not zoo.disagreement(path, result), zoo.describe(result)


def grade(lab: Lab, path: Path, out: Path, *, data: str = "synthetic") -> Grade:
    terms = Terms(lab=lab, effort=Effort.QUICK, data=data, seed=1)
    return pipeline.grade(pipeline.Request(file=path, terms=terms, out=out))


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_the_reference_gets_everything(lab: Lab, tmp_path: Path) -> None:
    result = grade(lab, lab.solution_file, tmp_path)
    assert result.earned + result.waiting == result.points == 100, zoo.describe(result)
    assert result.waiting == sum(each.points for each in lab.questions if each.kind is Kind.TEXT)
    assert result.models[0].parameters == PARAMETERS[lab.id]
    if result.waiting:
        assert points_with_full_marks(tmp_path) == 100


def points_with_full_marks(folder: Path) -> float:
    """Mark every answer in words with all its points, as a person may, and return what the report then says."""
    table = folder / "marks.csv"
    reports = marks.find([folder])
    marks.export(reports, table)
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, marks.COLUMNS)
        writer.writeheader()
        writer.writerows({**row, "mark": row["points"]} for row in rows)
    marks.bring_in(reports, marks.read(table.read_bytes(), reports))
    document = json.loads((folder / "report.json").read_text())
    assert document["waiting_points"] == 0
    return float(document["score"]["points"])


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_the_reference_on_the_real_mnist(lab: Lab, mnist: str, tmp_path: Path) -> None:
    result = grade(lab, lab.solution_file, tmp_path, data=mnist)
    assert result.earned + result.waiting == result.points, zoo.describe(result)


@pytest.mark.parametrize("name", ["lab.py", "lab.ipynb"])
@pytest.mark.parametrize(
    "lab", [pytest.param(lab, id=lab.id, marks=SLOW if lab is not LABS[0] else ()) for lab in LABS]
)
def test_the_skeleton_is_blank_in_every_part(lab: Lab, name: str, tmp_path: Path) -> None:
    file = labs.share("assignment") / lab.id / name
    assert labs.recognise(file.read_bytes()) == lab.id
    result = grade(lab, file, tmp_path)
    assert result.earned == 0
    assert {part.status for part in result.parts} == {Outcome.NOT_ATTEMPTED}, zoo.describe(result)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_every_part_has_a_wrong_solution_that_loses_it(lab: Lab) -> None:
    wrong = variants.variants(lab)
    assert len(wrong) >= 12
    lost = set[str]().union(*(zoo.header_of(path)["loses"] for path in wrong))
    assert lost == {part.id for part in lab.parts}
    assert variants.alternatives(lab)


def test_an_edit_that_finds_nothing_is_an_error(tmp_path: Path) -> None:
    lab = labs.find("mnist_dense")
    folder = tmp_path / lab.id
    folder.mkdir()
    for name in ("lab.toml", "solution.py"):
        (folder / name).write_bytes((lab.folder / name).read_bytes())
    (folder / "variants.toml").write_text(
        '[[wrong]]\nname = "none"\ndefect = "none"\nloses = []\nedits = [["not there", ""]]\n'
    )
    with pytest.raises(AuthorError, match=r"not in solution\.py"):
        variants.variants(labs.read(folder))


def test_edits_may_be_of_another_right_solution(tmp_path: Path) -> None:
    lab = labs.find("mnist_dense")
    (tmp_path / "lab.toml").write_bytes((lab.folder / "lab.toml").read_bytes())
    (tmp_path / "solution.py").write_text("a = 1\n")
    (tmp_path / "variants").mkdir()
    (tmp_path / "variants" / "plain.py").write_text("b = 2\n")
    entry = '[[wrong]]\nname = "three"\ndefect = "three"\nloses = ["data_prep"]\nedits = [["2", "3"]]\n'
    (tmp_path / "variants.toml").write_text(f'base = "variants/plain.py"\n{entry}')
    (found,) = variants.variants(labs.read(tmp_path))
    assert found.read_text().endswith("\nb = 3\n")
    (tmp_path / "variants.toml").write_text(f'base = "plain.py"\n{entry}')
    with pytest.raises(AuthorError, match=r"toml:1: `base` names 'plain\.py', and there is no such file"):
        variants.variants(labs.read(tmp_path))
