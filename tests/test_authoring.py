"""What authors rely on: mutants of a reference, verdicts on a whole lab, blunt bounds refused, a table of defects."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import shutil
from pathlib import Path

import checks_page
import course
import defects
import pytest

from grader import definition, labs
from grader.authoring import calibrate, skeleton, variants, verify_lab
from grader.authoring.mutants import OPERATORS, Mutant, mutants
from grader.authoring.verify_lab import Fate, Row
from grader.collect import cells
from grader.errors import AuthorError, UsageError
from grader.judge.case import Case
from grader.judge.defects import DEFECTS
from grader.judge.plugin import collect_specs
from grader.rubric import validate

LABS = [labs.find(name) for name in labs.names()]


def mutants_of(lab: labs.Lab) -> list[Mutant]:
    return list(mutants(lab, cells.split(lab.solution_file.read_bytes(), suffix=".py")))


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_operators_find_something_to_change(lab: labs.Lab) -> None:
    found = mutants_of(lab)
    wanted = 20 if len(lab.roles) > 1 else 12
    assert len({mutant.operator for mutant in found}) >= wanted
    original = [ast.dump(ast.parse(c)) for c in cells.split(lab.solution_file.read_bytes(), suffix=".py")]
    for mutant in found:
        changed = [ast.dump(ast.parse(cell)) for cell in cells.split(mutant.source.encode(), suffix=".py")]
        different = [n for n, (one, other) in enumerate(zip(original, changed, strict=True), 1) if one != other]
        assert different == [mutant.cell], mutant.note


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_a_mutant_is_something_of_its_own_and_blames_a_part_that_there_is(lab: labs.Lab) -> None:
    found = mutants_of(lab)
    assert len({mutant.source for mutant in found}) == len(found)
    assert {mutant.part for mutant in found} <= {"", *(part.id for part in lab.parts)}
    figures = [mutant for mutant in found if mutant.operator == "change kernel" and "figsize" in line_of(mutant)]
    assert not figures


def line_of(mutant: Mutant) -> str:
    source = cells.split(mutant.source.encode(), suffix=".py")[mutant.cell - 1]
    return source.splitlines()[mutant.line - 1]


def test_what_a_lab_leaves_open_is_no_mistake() -> None:
    free = {lab.id: {(m.operator, line_of(m).strip()[:8]) for m in mutants_of(lab) if m.free} for lab in LABS}
    assert ("drop layer", "model = ") in free["mnist_dense"], "Keras takes the shape from the first images"
    assert {operator for operator, _ in free["mit_6s191_lab2"]} >= {"images not scaled"}
    assert not free["mnist_pipeline"], "the function that prepares the images is graded there"


def test_every_operator_is_of_use() -> None:
    used = {mutant.operator for lab in LABS for mutant in mutants_of(lab)}
    assert used == OPERATORS.keys()


@pytest.mark.parametrize(
    ("fates", "expected"),
    [
        ([Fate.KILLED, Fate.EQUIVALENT], True),
        ([Fate.KILLED, Fate.SURVIVED], False),
        ([Fate.KILLED, Fate.WRONG], False),
        ([Fate.KILLED] * 18 + [Fate.KILLED_ELSEWHERE] * 2, False),
        ([Fate.KILLED] * 19 + [Fate.KILLED_ELSEWHERE], True),
    ],
)
def test_a_lab_is_in_order_when_its_mutants_die_where_they_should(fates: list[Fate], expected: object) -> None:
    rows = [Row(kind="mutant", name="", fate=fate, parts=frozenset()) for fate in fates]
    assert verify_lab.is_in_order(rows) is expected


@pytest.mark.thorough
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_a_lab_judges_right(lab: labs.Lab) -> None:
    rows = list(verify_lab.verify(lab, progress=lambda _: None, only=("reference", "skeleton", "mutant")))
    wrong = [row for row in rows if row.fate in (Fate.WRONG, Fate.SURVIVED, Fate.KILLED_ELSEWHERE)]
    assert verify_lab.is_in_order(rows), wrong


def test_a_bound_that_lets_a_wrong_variant_through_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lab"
    shutil.copytree(LABS[0].folder, folder)
    lab, before = labs.read(folder), (folder / "expected.json").read_bytes()
    survivor = Row(kind="variant", name="fc_learning_rate_zero", fate=Fate.SURVIVED, parts=frozenset())
    monkeypatch.setattr(verify_lab, "verify", lambda *_, **__: iter([survivor]))
    with pytest.raises(AuthorError, match="fc_learning_rate_zero would get full marks"):
        calibrate.calibrate(lab, runs={}, report=lambda _: None)
    assert (folder / "expected.json").read_bytes() == before
    monkeypatch.setattr(verify_lab, "verify", lambda *_, **__: iter([]))
    calibrate.calibrate(lab, runs={}, report=lambda _: None)
    assert json.loads((folder / "expected.json").read_text())["reference_sha256"] == calibrate.reference_hash(lab)


def test_the_page_of_checks_is_fresh_and_its_needs_are_keys() -> None:
    assert checks_page.PAGE.read_text(encoding="utf-8") == checks_page.page(), "run `python tests/checks_page.py`"
    known = {*json.loads(definition.SCHEMA.read_text())["properties"], "train", "test", "arguments", "expected.json"}
    assert checks_page.NEEDS.keys() == {each.__name__ for each in checks_page.shared()}
    for field in dataclasses.fields(Case):
        assert f"| `case.{field.name}` |" in checks_page.page()
    for text in checks_page.NEEDS.values():
        assert set(re.findall(r"`([\w.]+)`", text)) <= known


def test_the_table_of_defects_is_fresh_and_every_defect_has_a_fixture() -> None:
    assert defects.PAGE.read_text(encoding="utf-8") == defects.page(), "run `python tests/defects.py`"
    assert defects.fixtures().keys() >= DEFECTS.keys()


def test_the_lab_of_a_file_is_found_by_what_is_in_it() -> None:
    assert labs.recognise(b"import mitdeeplearning as mdl") == "mit_6s191_lab2"
    assert labs.recognise(b"train_images = XXXXXX") == "mnist_cnn"
    assert labs.recognise("build_fc_model".encode("utf-16")) == "mnist_cnn"
    # All names are other ones, but it is about the images.
    assert labs.recognise(b"from keras.datasets import MNIST as m") == "mnist_cnn"
    # A finished script of the flagship without its text, with a name in it that another lab uses, too.
    own = b"build_fc_model build_cnn_model cnn_model train_images"
    assert labs.recognise(own + b" train_dataset predicted_classes") == "mnist_cnn"
    for lab in LABS:
        for path in (lab.solution_file, *variants.variants(lab), *variants.alternatives(lab)):
            assert labs.recognise(path.read_bytes()) == lab.id, path.name


def test_no_real_submission_is_refused(tmp_path: Path) -> None:
    for folder in ("good", "blank", "work"):
        for path in (labs.share("tests") / "submissions" / folder).iterdir():
            if path.suffix in (".py", ".ipynb"):
                labs.recognise(path.read_bytes())
    for path in labs.share("assignment").glob("*/lab.*"):
        assert labs.recognise(path.read_bytes()) == path.parent.name
    for fixture in course.FIXTURES:
        assert labs.recognise(fixture.write(tmp_path).read_bytes()) == course.LAB.id


@pytest.mark.parametrize(
    "text",
    [
        "a = 1",
        "def fit_line(x, y):\n    return XXXXXX\n",
        "(x, y), _ = keras.datasets.fashion_mnist.load_data()",
        '{"cells": [{"cell_type": "code", "source": "slope = XXXXXX"}]}',
    ],
)
def test_the_work_of_another_lab_is_not_graded_as_one_of_ours(text: str) -> None:
    with pytest.raises(
        UsageError, match=r"lab\.py belongs to no lab that I know \(.*mnist_cnn.*\); name it with --lab"
    ):
        labs.recognise(text.encode(), "lab.py")


@pytest.mark.parametrize("data", [b"", b"\x7fELF\0\0", b"{]", b'{"cells": []}'])
def test_what_holds_no_code_is_left_to_whoever_says_so(data: bytes) -> None:
    assert labs.recognise(data) == labs.FLAGSHIP


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_generated_files_are_fresh(lab: labs.Lab) -> None:
    for name, text in skeleton.generate(lab).items():
        path = labs.share("assignment") / lab.id / name
        assert path.read_text(encoding="utf-8") == text, f"run `grade skeleton {lab.id}`"


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_expectations_belong_to_this_reference(lab: labs.Lab) -> None:
    fields = json.loads((lab.folder / "expected.json").read_text())
    assert fields["reference_sha256"] == calibrate.reference_hash(lab), f"run `grade calibrate {lab.id}`"
    for efforts in fields["accuracy"].values():
        for roles in efforts.values():
            for bound in roles.values():
                assert bound["at_least"] <= min(bound["runs"])
                assert bound["at_least"] == pytest.approx(calibrate.tolerance_bound(bound["runs"]), abs=1e-4)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_the_checks_add_up_to_the_points_of_the_lab(lab: labs.Lab) -> None:
    specs = collect_specs(lab)
    validate(specs, {part.id: part.points for part in lab.parts})
    assert sum(spec.points for spec in specs) == 100


def test_every_effort_on_every_data_set_has_bounds_from_enough_runs() -> None:
    for lab in LABS:
        accuracy = json.loads((lab.folder / "expected.json").read_text())["accuracy"]
        for data, efforts in accuracy.items():
            for effort, roles in efforts.items():
                wanted = {("synthetic", "quick"): 20}.get((data, effort), 3)
                assert all(len(bound["runs"]) >= wanted for bound in roles.values()), (lab.id, data, effort)
                assert roles.keys() == {role.id for role in lab.roles}
        assert {data: set(efforts) for data, efforts in accuracy.items()} == {
            "synthetic": {"quick", "full"},
            "mnist": {"quick", "full"},
        }


def test_the_readme_says_what_a_student_has_to_type(tmp_path: Path) -> None:
    assert "run `grade` in this folder" in skeleton.generate(LABS[0])["README.md"]
    shutil.copytree(LABS[0].folder, tmp_path / "fit")
    text = skeleton.generate(labs.read(tmp_path / "fit"))["README.md"]
    assert "run `grade --lab path/to/fit`, with the path that your course tells you, in this folder" in text
