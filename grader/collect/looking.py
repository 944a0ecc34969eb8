"""Looking at a student's values: they may do anything when they are looked at, and that is not the student's fault."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


MESSAGE_READ = 20_000
"""Characters of a message that are looked at, half of them at its end."""

TAIL = 160
"""Characters kept of the last line of a message that is too long: graph errors say there what is wrong."""

_NUMBERS = re.compile(r"\[[][\s\d.,e+-]{60,}\]")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def attempt(look: Callable[[], Seen]) -> Seen | None:
    """Return what a look gives, or None where it fails; what it raised is for the parent's log."""
    try:
        return look()
    except Exception:  # noqa: BLE001 - the values are the student's
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        return None


def message_of(error: BaseException, limit: int) -> str:
    """Return what an error says in at most so many characters; of a long message the beginning and the last line.

    It comes without colours, and with `[…]` for whole arrays.
    """
    said = str(error)
    if len(said) > MESSAGE_READ:
        said = f"{said[: MESSAGE_READ // 2]}\n{said[-MESSAGE_READ // 2 :]}"
    text = _NUMBERS.sub("[…]", _COLOURS.sub("", said))
    if len(text) <= limit:
        return text
    # TensorFlow closes with the node of its graph, which helps nobody.
    lines = [line.strip() for line in text.splitlines() if line.strip() and "[[{{node" not in line]
    last = lines[-1][:TAIL] if len(lines) > 1 else ""
    return f"{text[: limit - len(last) - 3].rstrip()} … {last}"[:limit]
