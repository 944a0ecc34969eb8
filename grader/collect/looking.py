"""Looking at a student's values: they may do anything when they are looked at, and that is not the student's fault."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def attempt(look: Callable[[], Seen]) -> Seen | None:
    """Return what a look gives, or None where it fails; what it raised is for the parent's log."""
    try:
        return look()
    except Exception:  # noqa: BLE001 - the values are the student's
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        return None


TAIL = 160
"""Characters kept of the last line of a message that is too long: graph errors say there what is wrong."""


def message_of(error: BaseException, limit: int) -> str:
    """Return what an error says in at most so many characters; of a long message the beginning and the last line."""
    text = str(error)
    if len(text) <= limit:
        return text
    # TensorFlow closes with the node of its graph, which helps nobody.
    lines = [line.strip() for line in text.splitlines() if line.strip() and "[[{{node" not in line]
    last = lines[-1][:TAIL] if len(lines) > 1 else ""
    return f"{text[: limit - len(last) - 3].rstrip()} … {last}"[:limit]
