"""`%grade` in a real kernel, and how it finds out what to grade."""

from __future__ import annotations

import html
import os
import re
import sys
import time
import types
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from grader import notebook, process
from grader.authoring import newlab
from grader.errors import UsageError
from grader.notebook import Order

CODE = "import numpy as np\n\ndef mean_squared_error(y, predicted):\n    return np.mean((y - predicted) {})"


# What a line asks for


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("", Order(file="", part="", options=(), language="")),
        ("compile", Order(file="", part="compile", options=(), language="")),
        ("a.ipynb", Order(file="a.ipynb", part="", options=(), language="")),
        (
            "'my lab.ipynb' fc fit --lab ./x --lang=de",
            Order(file="my lab.ipynb", part="fc fit", options=("--lab", "./x", "--lang", "de"), language="de"),
        ),
    ],
)
def test_a_line_is_read(line: str, order: Order) -> None:
    assert notebook.read(line) == order


@pytest.mark.parametrize("line", ["--staff", "--out x", "--lab", "fc --watch"])
def test_an_option_that_makes_no_sense_here_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match="--effort"):
        notebook.read(line)


# Which notebook it is


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("{}")


def test_the_editor_says_which_notebook_it_is(tmp_path: Path) -> None:
    make(tmp_path, "a.ipynb", "b.ipynb", "lab.ipynb")
    named = {"__vsc_ipynb_file__": str(tmp_path / "b.ipynb")}
    assert notebook.find(named, {"JPY_SESSION_NAME": str(tmp_path / "a.ipynb")}, tmp_path).name == "b.ipynb"
    for said in (str(tmp_path / "a.ipynb"), "a.ipynb", "below/the/root/a.ipynb"):
        assert notebook.find({}, {"JPY_SESSION_NAME": said}, tmp_path).name == "a.ipynb"


def test_otherwise_it_is_the_only_one_or_the_lab(tmp_path: Path) -> None:
    make(tmp_path, "only.ipynb")
    assert notebook.find({}, {"JPY_SESSION_NAME": "gone.ipynb"}, tmp_path).name == "only.ipynb"
    make(tmp_path, "lab.ipynb")
    assert notebook.find({}, {}, tmp_path).name == "lab.ipynb"


def test_where_nobody_can_tell_it_asks(tmp_path: Path) -> None:
    make(tmp_path, "a.ipynb", "b.ipynb")
    with pytest.raises(UsageError, match=r"%grade FILE\.ipynb"):
        notebook.find({"__vsc_ipynb_file__": 3}, {}, tmp_path)


def test_colab_hands_over_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert notebook._of_colab() is None
    colab: Any = types.ModuleType("google.colab")
    colab._message = types.SimpleNamespace(blocking_request=lambda *_, **__: {"ipynb": {"cells": []}})
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    assert notebook._of_colab() == {"cells": []}
    del colab._message
    assert notebook._of_colab() is None


# Saved or not


def test_it_says_of_which_moment_the_file_is(tmp_path: Path) -> None:
    make(tmp_path, "lab.ipynb")
    file = tmp_path / "lab.ipynb"
    magic = notebook._Magic(shell=None)
    assert "save first" in magic._remark(file), "nobody can tell"
    os.utime(file, (time.time() - 60, time.time() - 60))
    magic.note(types.SimpleNamespace(info=types.SimpleNamespace(raw_cell="x = 1")))
    assert "save first" in magic._remark(file)
    os.utime(file, (time.time() + 1, time.time() + 1))
    assert magic._remark(file) == ""


def test_its_own_cells_are_not_work(tmp_path: Path) -> None:
    make(tmp_path, "lab.ipynb")
    magic = notebook._Magic(shell=None)
    for source in ("%load_ext grader", "%grade compile"):
        magic.note(types.SimpleNamespace(info=types.SimpleNamespace(raw_cell=source)))
    assert magic.last_run is None


# The command in a process of its own


def test_a_command_that_is_interrupted_ends(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(60)\n")
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported from beside the notebook')\n")

    def hear(text: str) -> None:
        if "cell read" in text:
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        process.converse(["slow.py", "--lab", "mnist_cnn", "--data", "synthetic"], tmp_path, hear)
    assert time.monotonic() - started < 50
    assert not (tmp_path / "grade-report" / "report.html").exists()


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    assert process.converse(["none.py"], tmp_path, lambda _: None) == (2, "grade: none.py: there is no such file")


def test_a_page_can_neither_run_nor_leak_out() -> None:
    page = notebook.page('<style>p{}</style>"><script>alert(1)</script>', 'a"b')
    assert page.count("<iframe") == 1
    assert 'sandbox=""' in page
    assert "<script" not in page
    assert "<style" not in page
    shown = re.search('srcdoc="([^"]*)"', page)
    assert shown is not None
    assert html.unescape(shown[1]) == '<style>p{}</style>"><script>alert(1)</script>'


# All of it


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_notebook_grades_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newlab.create("tiny", tmp_path / "labs")
    work = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(CODE.format("* 2")),
            nbformat.v4.new_code_cell("%load_ext grader"),
            nbformat.v4.new_code_cell("%grade --lab ./labs/tiny --data synthetic"),
            nbformat.v4.new_code_cell("%grade Measure --lab ./labs/tiny --data synthetic"),
            nbformat.v4.new_code_cell("%grade --staff"),
            nbformat.v4.new_code_cell("import sys; print([m for m in ('tensorflow', 'keras') if m in sys.modules])"),
        ]
    )
    nbformat.write(work, tmp_path / "lab.ipynb")
    # What is graded is what was saved, whatever the kernel has in its memory.
    work.cells[0].source = CODE.format("** 2")
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    NotebookClient(work, timeout=500, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    whole, one, refused, modules = (cell.outputs for cell in work.cells[2:])
    assert modules[0]["text"].strip() == "[]"
    assert "--effort" in refused[0]["data"]["text/plain"]
    assert "0.0 of 100.0 points" in whole[0]["data"]["text/plain"]
    assert "save first" in whole[0]["data"]["text/plain"]
    assert whole[0]["data"]["text/html"].count("<iframe sandbox") == 1
    assert "✗ Measure the error · Not right yet" in one[0]["data"]["text/plain"]
    assert (tmp_path / "grade-report" / "report.json").exists()
