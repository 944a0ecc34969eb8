"""What is kept and told of errors: words, with the line that says what is wrong, and no numbers of whole arrays."""

from __future__ import annotations

import time

import numpy as np
import pytest

from grader.collect.looking import message_of
from grader.judge.reading import advice_for

GRAPH = """Graph execution error:

Detected at node compile_loss/loss defined at (most recent call last):
{frames}
Received a label value of 10 which is outside the valid range of [0, 10).
\t [[{{{{node compile_loss/loss}}}}]] [Op:__inference_1]"""


def test_a_long_message_keeps_the_line_that_says_what_is_wrong() -> None:
    told = message_of(ValueError(GRAPH.format(frames="  File somewhere, line 1\n" * 40)), 300)
    assert told.startswith("Graph execution error")
    assert told.endswith("Received a label value of 10 which is outside the valid range of [0, 10).")
    assert len(told) <= 300


def test_other_messages_stay_as_they_are_or_are_cut() -> None:
    assert message_of(ValueError("short\nin two lines"), 300) == "short\nin two lines"
    assert message_of(ValueError(), 300) == ""
    assert message_of(ValueError("x" * 400), 300) == "x" * 297 + " … "
    assert len(message_of(ValueError("a\n" + "b" * 9_000), 300)) <= 300


def test_whole_arrays_are_left_out_of_a_message() -> None:
    error = ValueError(f"cannot use {np.linspace(-1, 1, 600).reshape(30, 20)!r} and {np.arange(40)!r}, only (3, 4)")
    assert message_of(error, 500) == "cannot use array([…]) and array([…]), only (3, 4)"


def test_colours_are_left_out_of_a_message() -> None:
    assert message_of(ValueError("\x1b[1mInvalid input shape\x1b[0m (64,)"), 500) == "Invalid input shape (64,)"


def test_short_lists_and_long_messages_are_told_as_far_as_there_is_room() -> None:
    assert message_of(ValueError("shapes [32, 10] and [32]"), 500) == "shapes [32, 10] and [32]"
    started = time.process_time()
    assert len(message_of(ValueError("[1, 2" * 1_000_000), 300)) == 300
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("Attempt to convert a value (<LossFunctionWrapper(<function …", "capital"),
        ("Arguments `target` and `output` must have the same rank (ndim).", "row of ten"),
        ("Cannot convert 1e-07 to EagerTensor of dtype int64", "order"),
        ("'Sequential' object has no attribute '_id'", "variables"),
        ("Computed output size would be zero or negative. Received `inputs shape=(1, 1, 1, 128)`", "smaller"),
        ("'list' object is not callable", "brackets"),
        ("Input 0 of layer dense is incompatible with the layer", "shape of the data"),
        ("something else", "last line"),
    ],
)
def test_what_an_error_says_decides_what_to_try(message: str, word: str) -> None:
    assert word in advice_for("ValueError", message)
