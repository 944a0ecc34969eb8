"""A mistake in `lab.toml` is named by line, key and nearest valid key, in one sentence that says what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from grader import definition, labs
from grader.errors import AuthorError

GOOD = """\
format = 1
title = "A lab"
placeholder = "XXXXXX"

[roles.fc]
title = "network"
variable = "model"
builder = "build"

[[parts]]
id = "one"
title = "The first"
points = 60
anchor = { defines = ["build"] }

[[parts]]
id = "two"
title = "The second"
points = 40
anchor = { calls = ["*.fit"], after = "build" }
given = true
extra = true

[effort.quick.budget]
images = 20480

[effort.quick.limits]
wall_s = 90.0
cpu_s = 180.0
memory_gib = 6.0
own_s = 5.0
idle_s = 5.0

[effort.full.limits]
wall_s = 3600.0
cpu_s = 7200.0
memory_gib = 6.0
own_s = 3000.0
idle_s = 30.0
"""

LATE = """
[late]
deadline = 2026-11-20T23:59:00+01:00
grace = "15m"
percent = 10
per = "day"
"""
BUDGETS = (
    "`dataset_images`, `epochs`, `evaluate_images`, `images`, `multiplications`, `refits`, `steps`, `stop_accuracy`, "
    "`tape_steps`"
)
A_TIME = 'a time such as "15m", "36h" or "1d12h", where a day is 24 hours'
AN_INSTANT = "a date and time with its zone, such as 2026-11-20T23:59:00+01:00"

BROKEN = [
    ("placeholder =", "placehodler =", "3: unknown key `placehodler` at the top; did you mean `placeholder`?"),
    ("anchor = { d", "ancor = { d", "14: unknown key `ancor` in [[parts]]; did you mean `anchor`?"),
    ("points = 60\n", "", "10: the key `points` is missing in [[parts]]"),
    ('title = "A lab"\n', "", "1: the key `title` is missing at the top"),
    ("defines = [", "define = [", "14: unknown key `define` in [parts.anchor]; did you mean `defines`?"),
    ("images = 20480", "pictures = 3", f"25: unknown key `pictures` in [effort.quick.budget]; there are {BUDGETS}"),
    ("wall_s = 90.0\n", "", "27: the key `wall_s` is missing in [effort.quick.limits]"),
    ("cpu_s = 7200.0", 'cpu_s = "2h"', "36: `cpu_s` in [effort.full.limits] is '2h'; it has to be a number"),
    ("cpu_s = 7200.0", "cpu_s = 0", "36: `cpu_s` in [effort.full.limits] is 0; it has to be more than 0"),
    ("points = 40", "points = -1", '19: `points` in [[parts]] is -1; it has to be a number that is not negative, or a '
        'fraction such as "1/3"'),
    ("given = true", "given = 1", "21: `given` in [[parts]] is 1; it has to be true or false"),
    ('["*.fit"]', '"*.fit"', "20: `calls` in [parts.anchor] is '*.fit'; it has to be a list"),
    ('["*.fit"]', '["*.fit", 3]', "20: item 2 of `calls` in [parts.anchor] is 3; it has to be a text in quotes"),
    ('id = "two"', 'id = "one"', "17: there are two parts with the id 'one'"),
    ('id = "two"', 'id = "2 and"', "17: `id` in [[parts]] is '2 and'; it has to be a name of letters, digits and _"),
    ('{ defines = ["build"] }', "{}", "14: `anchor` in [[parts]] recognises nothing: it needs `assigns`, `calls`, "
        "`defines` or `tape`"),
    ("[roles.fc]", "[role.fc]", "5: unknown key `role` at the top; did you mean `roles`?"),
    ('variable = "model"', "", "5: the key `variable` is missing in [roles.fc]"),
    ("format = 1", "format = 2", "1: format 2; this version reads 1"),
    ('title = "The second"', "title = The second", "18: this is not TOML: Invalid value"),
    ('title = "The second"', 'title = "The second', "18: this is not TOML: Illegal character '\\n'"),
    ("cpu_s = 180.0", "cpu_s = 180.0\ncpu_s = 1", "30: this is not TOML: Cannot overwrite a value"),
    ("23:59:00+01:00", "23:59:00", f"42: `deadline` in [late] is '2026-11-20T23:59:00'; it has to be {AN_INSTANT}"),
    ("2026-11-20T23:59:00+01:00", '"Friday"', f"42: `deadline` in [late] is 'Friday'; it has to be {AN_INSTANT}"),
    ("2026-11-20T23:59:00+01:00", '"2026-13-20T23:59Z"', "42: `deadline` in [late] is '2026-13-20T23:59Z': month "
        "must be in 1..12"),
    ('"15m"', '"PT15M"', f"43: `grace` in [late] is 'PT15M'; it has to be {A_TIME}"),
    ('"day"', '"week"', '45: `per` in [late] is \'week\'; it has to be "hour" or "day"'),
    ("percent = 10", "percent = 110", "44: `percent` in [late] is 110; it has to be 100 or less"),
    ('per = "day"', "", "41: [late] does not say what is lost: it needs `percent` and `per`, or `steps`"),
    ('per = "day"', 'steps = [{ after = "0h", percent = 5 }]', "41: [late] has `steps` as well as `percent` and "
        "`per`; one of them says what is lost"),
    ('per = "day"', 'per = "day"\ncap = 5', "46: unknown key `cap` in [late]; there are `at_most`, `deadline`, "
        "`floor`, `grace`, `of`, `per`, `percent`, `steps`"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ('kind = "uniform", low = 5, high = -5', "has a `low` of 5, above its `high` of -5"),
        ('kind = "integers", low = 0.5, high = 3', "is to be of integers, and `low` or `high` is no whole number"),
    ],
)
def test_bounds_between_which_nothing_can_be_drawn(tmp_path: Path, argument: str, told: str) -> None:
    write(tmp_path, f"{GOOD}\n[functions.f]\narguments = [\n    {{ {argument} }},\n]\n")
    with pytest.raises(AuthorError, match=f"lab.toml:42: argument 1 of `f` {told}"):
        labs.read(tmp_path)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(folder: Path, text: str) -> Path:
    path = folder / "lab.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_definition_is_read(tmp_path: Path) -> None:
    assert definition.load(write(tmp_path, GOOD + LATE))["parts"][1]["extra"] is True
    assert labs.read(tmp_path).parts[1].given


@pytest.mark.parametrize(("right", "wrong", "told"), BROKEN, ids=lambda value: value[:24])
def test_a_mistake_is_named_by_line_and_key(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    assert (GOOD + LATE).count(right) == 1, "the mistake is made in one place"
    path = write(tmp_path, (GOOD + LATE).replace(right, wrong))
    with pytest.raises(AuthorError) as caught:
        labs.read(tmp_path)
    assert str(caught.value) == f"{path}:{told}"


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("anchor = { d", "ancor = { d").replace("variable", "varable"))
    with pytest.raises(AuthorError) as caught:
        definition.load(path)
    assert str(caught.value).splitlines() == [
        f"{path}:7: unknown key `varable` in [roles.fc]; did you mean `variable`?",
        f"{path}:14: unknown key `ancor` in [[parts]]; did you mean `anchor`?",
    ]


@pytest.mark.parametrize(("content", "told"), [(None, ": No such file or directory"), (b"\xff", ": this is not UTF-8")])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / "lab.toml").write_bytes(content)
    with pytest.raises(AuthorError, match=told):
        definition.load(tmp_path / "lab.toml")


@pytest.mark.parametrize(
    ("keys", "line"),
    [((), 1), (("format",), 1), (("parts", 1), 16), (("parts", 1, "points"), 19), (("effort", "full", "limits"), 34)],
)
def test_the_line_of_a_key(keys: definition.Keys, line: int) -> None:
    assert definition.line_of(GOOD, keys) == line


def test_statements_of_several_lines_begin_where_they_begin() -> None:
    text = 'a = [\n  1,\n\n  2,\n]\n# remark\nb = """\n[c]\n"""\n\n[c]\nd = 1\n'
    assert [definition.line_of(text, (key,)) for key in "abc"] == [1, 7, 11]
    assert definition.line_of(text, ("a", 1)) == 1


def test_what_passed_is_not_validated_again(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, GOOD)
    definition.load(path)
    assert len(list((cache / "valid-labs").iterdir())) == 1
    monkeypatch.setattr(definition, "problems", lambda _: [((), "validated")])
    definition.load(path)
    write(tmp_path, GOOD + "# changed\n")
    with pytest.raises(AuthorError, match="validated"):
        definition.load(path)


def test_a_definition_is_read_without_a_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_CACHE", "/dev/null/none")
    assert definition.load(write(tmp_path, GOOD))["format"] == 1


def test_the_schema_is_one_and_all_labs_keep_to_it() -> None:
    Draft7Validator.check_schema(json.loads(definition.SCHEMA.read_text()))
    for name in labs.names():
        assert labs.find(name).id == name


def test_who_only_grades_does_not_wait_for_the_validator(tmp_path: Path) -> None:
    code = (
        "import sys; from grader import labs; labs.find('mnist_cnn'); "
        "raise SystemExit('jsonschema' in sys.modules if sys.argv[1:] else 0)"
    )
    for arguments in ((), ("again",)):
        done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=tmp_path, check=False)
        assert done.returncode == 0
