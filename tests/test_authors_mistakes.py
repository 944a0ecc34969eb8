"""Mistakes of authors in the solution and in the variants, and what verify-lab says of a lab that judges wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import trying

from grader import labs
from grader.authoring import bench, variants, verify_lab
from grader.authoring.skeleton import strip_solution
from grader.authoring.verify_lab import Fate, Row
from grader.errors import AuthorError
from grader.judge.grading import grade
from grader.judge.plugin import judge
from grader.model import Grade, RunFacts
from grader.submission import Submission

MARKED = """a = 1

def f():
    # --- solution
    return 2
    # --- skeleton
    # b = XXXXXX

    # return b
    # --- end

# %%
c = 3
"""

MISTAKES = [
    (("    # --- end\n", ""), "6: this `# --- skeleton` has no `# --- end` before the next cell, in line 11"),
    (
        ("    # --- end\n\n# %%", ""),
        "11: this line stands below the `# --- skeleton` of line 6 and is not commented out",
    ),
    (("    # --- end\n\n# %%\nc = 3\n", ""), "6: this `# --- skeleton` has no `# --- end` below it"),
    (("--- skeleton", "--- skelton"), "6: unknown mark `# --- skelton`; did you mean `# --- skeleton`?"),
    (("--- solution", "-- solution"), "4: unknown mark `# -- solution`; did you mean `# --- solution`?"),
    (("# --- end", "#--- End:"), "10: unknown mark `#--- End:`; did you mean `# --- end`?"),
    (("    # --- solution\n", ""), "5: there is no `# --- solution` above this `# --- skeleton`"),
    (("    # --- skeleton\n", ""), "9: the `# --- solution` of line 4 needs `# --- skeleton` before this `# --- end`"),
    (("c = 3", "# --- solution"), "13: this `# --- solution` has no `# --- skeleton` below it"),
]


def test_a_skeleton_may_have_empty_lines_and_remarks_may_have_dashes() -> None:
    text = MARKED.replace("a = 1", "# --- load the data ---\n# -- note\n# ------\na = 1")
    assert strip_solution(text, name="s.py").splitlines()[6:9] == ["    b = XXXXXX", "", "    return b"]


@pytest.mark.parametrize(("change", "told"), MISTAKES, ids=lambda value: value[0][:20])
def test_a_mistake_in_the_marks_is_told_with_its_line_and_cause(change: tuple[str, str], told: str) -> None:
    assert MARKED.count(change[0]) == 1
    with pytest.raises(AuthorError) as caught:
        strip_solution(MARKED.replace(*change), name="s.py")
    assert str(caught.value).startswith(f"s.py:{told}")


VARIANTS = """
[[wrong]]
name = "cubes"
defect = "cubes"
loses = ["losses"]
edits = [["x ** 2", "x ** 3"]]

[[right]]
name = "product"
defect = "none"
edits = [
    ["x ** 2", "x * x"],
    ["np.abs(x)", "abs(x)"],
]
"""

WRONG_VARIANTS = [
    ('["losses"]', '["loses"]', "5: `loses` names 'loses', which is no part of the lab; did you mean 'losses'?"),
    ('"x ** 2", "x ** 3"', '"x**2", ""', "6: the edit of 'cubes' finds nothing to change: 'x**2' is not in so"),
    ('"np.abs(x)"', '"np.fabs(x)"', "11: edit 2 of 'product' finds nothing to change: 'np.fabs(x)' is not in so"),
    ('loses = ["losses"]', "", "2: 'cubes' does not say what it loses: loses = ['losses'], for example"),
    ('loses = ["losses"]', 'looses = ["losses"]', "5: unknown key `looses`; did you mean 'loses'?"),
    ('[["x ** 2", "x ** 3"]]', '["x ** 2", "x ** 3"]', "2: `edits` of 'cubes' has to be a list of pairs of texts"),
    ('name = "product"', 'name = "cubes"', "9: 'cubes' cannot be a name: each is one of its own"),
    ("[[right]]", "[[rigth]]", "8: unknown `rigth`; there are `[[wrong]]` and `[[right]]`"),
    ('defect = "none"', "", "8: `defect` is missing in [[right]]"),
    ('loses = ["losses"]', 'loses = ["losses"]\nfinds = ["other-netwrk"]', "6: `finds` names 'other-netwrk', which is "
        "no defect that is known; did you mean 'other-network'?"),
]  # fmt: skip


def write_lab(
    folder: Path, *, checks: str = trying.CHECKS, stored: str = VARIANTS, code: str = trying.RIGHT
) -> labs.Lab:
    lab = trying.write_lab(folder, checks=checks)
    lab.solution_file.write_text(code)
    (folder / "variants.toml").write_text(stored)
    return lab


@pytest.mark.parametrize(("old", "new", "told"), WRONG_VARIANTS, ids=lambda value: value[:24])
def test_a_mistake_in_the_variants_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert VARIANTS.count(old) == 1
    lab = write_lab(tmp_path / "lab", stored=VARIANTS.replace(old, new))
    with pytest.raises(AuthorError) as caught:
        variants.require_sound(lab)
    assert f"variants.toml:{told}" in str(caught.value)


def test_an_edit_is_made_wherever_its_text_occurs(tmp_path: Path) -> None:
    lab = write_lab(tmp_path / "lab", stored=VARIANTS.replace('"x ** 2", "x ** 3"', '"x", "y"'))
    assert "x" not in variants.variants(lab)[0].read_text().partition("import")[2].replace("export", "")


def test_a_stored_variant_that_names_an_unknown_part(tmp_path: Path) -> None:
    lab = write_lab(tmp_path / "lab")
    (lab.folder / "variants").mkdir()
    (lab.folder / "variants" / "one.py").write_text("# defect: one\n# loses: los\n")
    with pytest.raises(AuthorError, match=r"one\.py: `loses` names 'los', which is no part of the lab"):
        variants.require_sound(lab)


@pytest.fixture
def without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    def grade_many(_: object, paths: Iterable[Path]) -> Iterator[tuple[Path, Grade]]:
        for path in paths:
            case = trying.case_of(labs.read(LAB[0]), path.read_text())
            facts = RunFacts(effort="quick", data="synthetic", seed=1, tier="A", versions=())
            submission = Submission(id="one", file="one.py", data=path.read_bytes())
            yield path, grade(case, judge(case), submission.identity, facts, 1.0)

    monkeypatch.setattr(bench.Bench, "grade_many", grade_many)


LAB: list[Path] = []
"""The folder of the lab that the bench of these tests grades with."""


def verified(lab: labs.Lab, *, keep_going: bool = False) -> tuple[list[Row], list[str]]:
    LAB[:], told = [lab.folder], list[str]()
    kinds = ("reference", "variant")
    return list(verify_lab.verify(lab, only=kinds, keep_going=keep_going, progress=told.append)), told


@pytest.mark.usefixtures("without_workers")
def test_a_lab_that_judges_right(tmp_path: Path) -> None:
    rows, _ = verified(write_lab(tmp_path / "lab"))
    assert [(row.kind, row.fate, row.reasons) for row in rows] == [
        ("reference", Fate.RIGHT, ()),
        ("variant", Fate.KILLED, ()),
        ("alternative", Fate.RIGHT, ()),
    ]
    assert verify_lab.is_in_order(rows)


@pytest.mark.usefixtures("without_workers")
def test_a_wrong_reference_is_explained_and_ends_it(tmp_path: Path) -> None:
    lab = write_lab(tmp_path / "lab", code=trying.RIGHT.replace("np.abs(x)", "x"), stored="")
    rows, told = verified(lab)
    assert [row.fate for row in rows] == [Fate.WRONG]
    assert "losses_absolute_returns: What `absolute` returns: " in verify_lab.line_of(rows[0]).plain
    assert "--keep-going" in told[-1]
    assert not verify_lab.is_in_order(rows)
    (lab.folder / "variants.toml").write_text(VARIANTS.replace('\n    ["np.abs(x)", "abs(x)"],', ""))
    assert [row.kind for row in verified(lab, keep_going=True)[0]] == ["reference", "variant", "alternative"]


@pytest.mark.usefixtures("without_workers")
def test_a_check_that_raises_is_no_verdict_even_where_it_pays_nothing(tmp_path: Path) -> None:
    own = (
        '\nimport pytest\n@pytest.mark.part("losses")\n@pytest.mark.points(0)\ndef test_own(case):\n    case.nothing\n'
    )
    rows, _ = verified(write_lab(tmp_path / "lab", checks=trying.CHECKS + own), keep_going=True)
    assert {row.fate for row in rows} == {Fate.BROKEN}
    assert "own raised:\n" in verify_lab.line_of(rows[0]).plain
    assert "checks.py:24 in test_own: case.nothing" in verify_lab.line_of(rows[0]).plain
    assert not verify_lab.is_in_order(rows)


def test_wrong_checks_are_told_before_anything_is_graded(tmp_path: Path) -> None:
    lab = write_lab(tmp_path / "lab", checks=trying.CHECKS.replace('"losses", "steps"', '"lost", "steps"'))
    with pytest.raises(AuthorError, match="TestSteps: `part` names 'lost'"):
        next(verify_lab.verify(lab, progress=lambda _: None))
