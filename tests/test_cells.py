"""Intake of notebooks and scripts as they are in life; see also tests/submissions."""

from __future__ import annotations

import ast
import json
import time
from typing import Any

import pytest

from grader.collect import cells, marks
from grader.collect.cells import NotALabFile


def notebook(*sources: object, **extra: object) -> bytes:
    listed = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    return json.dumps({"cells": listed, **extra}).encode()


def test_a_notebook_gives_its_code_cells() -> None:
    book = json.loads(notebook("a = 1", ["b = 2\n", "c = 3"]))
    book["cells"].insert(1, {"cell_type": "markdown", "source": "# text"})
    assert cells.split(json.dumps(book).encode(), suffix=".ipynb") == ["a = 1", "b = 2\nc = 3"]


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("plt.plot(x)", "plt.plot"),
        ("axes[0, 1].plot(x)", ".plot"),
        ("pd.DataFrame(h.history)[['loss']].plot()", ".plot"),
        ("tf.keras.Sequential([]).fit(x, y)", ".fit"),
        ("f()", "f"),
    ],
)
def test_calls_are_known_by_their_names(code: str, call: str) -> None:
    found = marks.find(cells.statements(code), placeholder="XXXXXX")["marks"]
    assert call in found[0]["calls"]


def test_where_layers_are_made_is_known() -> None:
    code = "x = f(1)\nm = tf.keras.Sequential([\n    Flatten(), layers.Dense(\n        10),\n    Dense(2)])\nm.Add(3)"
    found = marks.find(cells.statements(code), placeholder="XXXXXX")["made"]
    assert found == [(2, "Sequential"), (3, "Dense"), (3, "Flatten"), (5, "Dense"), (6, "Add")]


@pytest.mark.parametrize("extra", [{}, {"nbformat": 3}, {"nbformat": "x", "metadata": None}, {"unknown": [1, 2]}])
def test_a_notebook_that_fails_validation_is_read_all_the_same(extra: dict[str, object]) -> None:
    assert cells.split(notebook("a = 1", **extra), suffix=".ipynb") == ["a = 1"]


def test_an_old_notebook_with_worksheets_is_read() -> None:
    book = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1"]}]}]}
    assert cells.split(json.dumps(book).encode(), suffix=".ipynb") == ["a = 1"]


def test_windows_line_ends_and_byte_order_marks_do_not_matter() -> None:
    assert cells.split(b"\xef\xbb\xbf# %%\r\na = 1\r\n# %%\r\nb = 2\r\n", suffix=".py") == ["a = 1", "b = 2"]


def test_markdown_cells_of_a_percent_script_are_no_code() -> None:
    text = b"# %% [markdown]\n# # Title\n# %%\na = 1\n# %% [raw]\n# x\n#%% a title\nb = 2\n"
    assert cells.split(text, suffix=".py") == ["a = 1", "b = 2"]


def test_a_plain_script_is_one_cell() -> None:
    assert cells.split(b"a = 1\nb = 2\n", suffix=".py") == ["a = 1\nb = 2\n"]


@pytest.mark.parametrize(
    ("data", "suffix", "words"),
    [
        (b"", ".py", "empty"),
        (b" \n\t ", ".ipynb", "empty"),
        (b"\x7fELF\0\0\0", ".py", "binary"),
        (b"not json", ".ipynb", "not valid JSON"),
        (b'"text"', ".ipynb", "no list of cells"),
        (b'{"a": 1}', ".ipynb", "no list of cells"),
        (b'{"cells": {}}', ".ipynb", "no list of cells"),
        (b'{"cells": []}', ".ipynb", "no code"),
        (b"[" * 100_000, ".ipynb", "not valid JSON"),
    ],
)
def test_what_is_no_lab_file_is_called_so(data: bytes, suffix: str, words: str) -> None:
    with pytest.raises(NotALabFile, match=words):
        cells.split(data, suffix=suffix)


def sources(text: str) -> list[tuple[int, str, bool]]:
    return [(part.line, part.source, part.tree is not None) for part in cells.statements(text)]


def test_statements_have_their_lines() -> None:
    assert sources("a = 1\n\n\nif a:\n    b = 2\n") == [(1, "a = 1", True), (4, "if a:\n    b = 2", True)]


def test_a_syntax_error_does_not_sink_the_statements_around_it() -> None:
    text = "a = 1\ntest_loss, test_acc = # TODO\nb = 2\n"
    assert [(line, ok) for line, _, ok in sources(text)] == [(1, True), (2, False), (3, True)]


def test_a_broken_function_is_one_stretch_and_what_follows_is_kept() -> None:
    text = "def f():\n    return [1\n        2,\n    ]\n\n@decorator\ndef g():\n    return (\n        1\n)\nx = g()"
    parts = cells.statements(text)
    assert [part.tree is not None for part in parts] == [False, True, True]
    assert parts[1].tree is not None
    assert isinstance(parts[1].tree, ast.FunctionDef)
    assert parts[1].tree.name == "g"


@pytest.mark.parametrize(
    "line",
    [
        "!pip install tensorflow",
        "%matplotlib inline",
        "%tensorflow_version 2.x",
        "!nvidia-smi --gpu-reset",
        "!pip uninstall -y tensorflow",
        "%pip install x",
        "model.fit?",
        "files = !ls",
        "! cd / && \\\n  rm -rf *",
    ],
)
def test_magics_and_shell_lines_are_dropped(line: str) -> None:
    parts = cells.statements(f"a = 1\n{line}\nb = 2")
    assert all(part.tree is not None for part in parts)
    code = "\n".join(ast.unparse(part.tree) for part in parts if part.tree is not None)
    assert "a = 1" in code
    assert "b = 2" in code
    assert not any(word in code for word in ("pip", "nvidia", "rm -rf", "ls", "magic"))


def test_a_magic_inside_a_block_leaves_the_block_whole() -> None:
    assert [part.tree is not None for part in cells.statements("if True:\n    !ls\nb = 2")] == [True, True]


@pytest.mark.parametrize("first", ["%%bash", "%%html", "%%javascript", "%%writefile solution.py"])
def test_a_cell_for_another_program_is_dropped(first: str) -> None:
    assert cells.statements(f"{first}\nrm -rf /\n") == []


@pytest.mark.parametrize("first", ["%%time", "%%capture out"])
def test_a_cell_magic_that_only_measures_keeps_the_code(first: str) -> None:
    assert [part.source for part in cells.statements(f"{first}\na = 1")][-1] == "a = 1"


def test_a_cell_that_is_indented_as_a_whole_runs() -> None:
    assert sources("  # a remark\n  a = 1\n  if a:\n    b = 2\n")[0][1] == "a = 1"
    assert all(parsed for _, _, parsed in sources("  a = 1\n  if a:\n    b = 2\n"))


def test_a_magic_that_measures_runs_the_code_behind_it() -> None:
    assert sources("%time a = f(1)\nb = 2")[0][1] == "a = f(1)"


def test_a_percent_sign_that_is_no_magic_stays() -> None:
    text = "text = '''\n%s is\n!not a command\n''' % 1\nx = (7\n % 3)"
    assert sources(text)[0][1].startswith("text")
    assert len(sources(text)) == 2


@pytest.mark.parametrize("text", ["-" * 100_000 + "1", "a = 1\0", "(" * 5_000, "\\" * 50])
def test_hostile_text_is_a_stretch_without_a_tree(text: str) -> None:
    assert [part.tree for part in cells.statements(text)] == [None]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("if __name__ == '__main__':\n    a = 1\n    b = 2", ["a = 1", "b = 2"]),
        ("def main():\n    a = 1\n    def f(): return 1\n    b = f()\nmain()", ["a = 1", "def f", "b = f()"]),
        ("def main():\n    a = 1\nif __name__ == '__main__':\n    main()", ["a = 1"]),
        ("def main(x):\n    a = x\nmain()", ["def main", "main()"]),
        ("def main(x, y=2, *, z=3):\n    a = x\nmain(1, z=4)", ["x = 1", "y = 2", "z = 4", "a = x"]),
        ("def main(x):\n    a = x\nx = 1\nmain(x)", ["x = 1", "a = x"]),
        ("def main(*x):\n    a = x\nmain(1)", ["def main", "main(1)"]),
        ("def main(x):\n    a = x\nmain(*[1])", ["def main", "main(*[1])"]),
        ("def main():\n    a = 1\n    return a\nmain()", ["a = 1", "a"]),
        ("def main():\n    a = 1\n    return\nmain()", ["a = 1"]),
        ("def main():\n    if 1:\n        return 1\nmain()", ["def main", "main()"]),
        ("import sys\ndef main():\n    a = 1\n    return 0\nsys.exit(main())", ["import sys", "a = 1", "0"]),
        ("def main():\n    a = 1\nraise SystemExit(main())", ["a = 1"]),
        ("def main():\n    a = 1\nmain()\nmain()", ["def main", "main()", "main()"]),
        ("def main():\n    main()\nmain()", ["def main", "main()"]),
        ("def show():\n    a = 1\nshow()", ["def show", "show()"]),
    ],
)
def test_a_script_wrapped_in_main_is_opened_up(text: str, wanted: list[str]) -> None:
    found = [ast.unparse(p.tree) for p in cells.statements(text, is_script=True) if p.tree is not None]
    assert [code.split("(")[0] for code in found] == [code.split("(")[0] for code in wanted]


def find(text: str, placeholder: str = "XXXXXX") -> dict[str, Any]:
    return marks.find(cells.statements(text), placeholder=placeholder)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = XXXXXX", [1]),
        ("# XXXXXX in a remark\na = 1", []),
        ("'''XXXXXX: do this'''\na = 1", []),
        ("f(loss='XXXXXX')", [1]),
        ("f('''XXXXXX''')", [1]),
        ("def f():\n    '''XXXXXX'''\n    return [\n        1,\n        XXXXXX,\n    ]", [5]),
        ("a = # XXXXXX", [1]),
        ("a = # ???", [1]),
        ("a =\nb = 1", [1]),
        ("a = f(b=  # the first\n      1) c", []),
        ("x = [XXXXXX Dense layer\n]", [1]),
        ("a = b c  # XXXXXX: done", []),
        ("'''XXXXXX: read this'''\na = b c", []),
        ("def f():\n    '''XXXXXX'''\n    a = b c", []),
        ("layers = [\n    Dense(128)\n    '''XXXXXX: the next one'''\n    Dense(10)\n", [3]),
        ("for i in x:\n    with tape:\n        # XXXXXX\n    step(i)", [3]),
        ("with tape:\n    # XXXXXX\n    a = b\nx = b c", []),
        ("loss = f('''XXXXXX''', y\n", [1]),
        ("XXXXXXX = 1", []),
        ("loss, acc = ...\nm.compile(...)\nlayers = [\n    Flatten(),\n    ...,\n]", [1, 2, 5]),
        ("a = x[..., None]\ndef f(y: tuple[int, ...]): ...", []),
    ],
)
def test_placeholders_count_where_something_is_to_be_filled_in(text: str, lines: list[int]) -> None:
    assert find(text)["placeholders"] == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("loss, acc = None, None\nprint(acc)", [1]),
        ("best = None\nfor x in y:\n    best = x", []),
        ("f(x=None)\na, b = None, 1\nself.x = None", []),
        ("with tape:\n    logits = None\n    grads = None", [2, 3]),
        ("tape = None\nwith g() as tape:\n    pass", []),
    ],
)
def test_gaps_are_where_names_get_none_and_nothing_else(text: str, lines: list[int]) -> None:
    assert find(text)["gaps"] == lines


def test_marks_know_calls_assignments_definitions_and_tapes() -> None:
    text = "def build(): return 1\nloss, acc = m.evaluate(x)\nwhile y:\n    with tf.GradientTape():\n        i"
    found = [
        (mark["kind"], mark.get("defines"), mark.get("calls"), mark.get("assigns")) for mark in find(text)["marks"]
    ]
    assert ("define", "build", None, None) in found
    assert ("statement", None, ["m.evaluate"], ["acc", "loss"]) in found
    assert any(kind == "tape" for kind, *_ in found)


def test_code_that_does_not_parse_is_still_recognised() -> None:
    found = find("test_loss, test_acc = cnn_model.evaluate( # TODO\nwith tf.GradientTape() as tape:", "TODO")
    assert any(mark.get("assigns") == ["test_loss", "test_acc"] for mark in found["marks"])
    assert any(mark["kind"] == "tape" for mark in found["marks"])


@pytest.mark.parametrize(
    "code",
    [
        "x = a" + ".b" * 1_500 + "(1)",
        "main()\ndef main():\n    x = 1" + "+1" * 1_500,
        "if " + "a." * 2_400 + "__name__: pass",
    ],
)
def test_what_is_nested_too_deeply_to_be_walked_is_read_by_its_words(code: str) -> None:
    parts = cells.statements(f"{code}\ny = 1", is_script=True)
    assert [part.tree is not None for part in parts][-1]
    assert any(part.tree is None for part in parts)
    assert marks.find(parts, placeholder="XXXXXX")["broken"]


def test_a_long_script_is_read_in_time_that_grows_with_its_length() -> None:
    started = time.process_time()
    assert len(cells.statements("0\n" * 20_000, is_script=True)) == 20_000
    assert time.process_time() - started < 10  # It took half a minute when each statement looked at all lines.
