"""Syntax trees are built by one thread at a time: while checks are read, and while the header of an array is."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from grader import datasets, labs
from grader.judge import plugin
from grader.parsing import PARSING


def is_free() -> bool:
    """Tell whether another thread could build a tree now."""
    answers: list[bool] = []

    def ask() -> None:
        answers.append(PARSING.acquire(blocking=False))
        if answers[0]:
            PARSING.release()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return answers[0]


def noted(seen: list[bool]) -> list[bool]:
    seen.append(is_free())
    return seen


def test_nobody_else_parses_while_an_array_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    source, seen = datasets.resolve("synthetic"), list[bool]()
    read = np.lib.format.read_array
    monkeypatch.setattr(np.lib.format, "read_array", lambda *a, **k: (noted(seen), read(*a, **k))[1])
    datasets.load(source.path, only=("y_test",))
    assert (seen, is_free()) == ([False], True)


def test_nobody_else_parses_while_checks_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    lab, seen = labs.find(labs.FLAGSHIP), list[bool]()
    main = pytest.main
    monkeypatch.setattr(pytest, "main", lambda *a, **k: (noted(seen), main(*a, **k))[1])
    assert plugin.collect_specs(lab)
    assert (seen, is_free()) == ([False], True)


def test_files_are_checked_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path, seen = tmp_path / "a.npz", list[bool]()
    np.savez(path, x_train=np.zeros(3, np.uint8))
    read = np.lib.format.read_array_header_1_0
    monkeypatch.setattr(np.lib.format, "read_array_header_1_0", lambda *a, **k: (noted(seen), read(*a, **k))[1])
    with pytest.raises(Exception, match="x_train"):
        datasets.resolve(str(path))
    assert seen == [False]
