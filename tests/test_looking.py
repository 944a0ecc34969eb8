"""What is kept of the errors of student code."""

from __future__ import annotations

from grader.collect.looking import message_of

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
