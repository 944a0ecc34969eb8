"""Frames that have arrived and wait to be looked at, bounded by the memory that they take."""

from __future__ import annotations

import queue
import threading
from typing import Generic, TypeVar

from grader.wire import Frame

End = TypeVar("End")
"""What stands at the end of the frames."""

FRAMES_HELD = 64 * 1024**2
"""Bytes of frames that wait to be looked at; a worker that sends faster waits, too. One more frame may come on top."""

HEADER_WEIGHT = 20
"""Bytes of Python objects that a byte of JSON may turn into: an empty list takes 56, and two characters."""


class Inbox(Generic[End]):
    """Frames that wait to be looked at, bounded by their bytes."""

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[tuple[Frame | End, int]] = queue.SimpleQueue()
        self._room = threading.Condition()
        self._held = 0
        self._is_closed = False

    def put(self, item: Frame | End) -> bool:
        """Add an item, waiting while too much is held; tell whether anybody will look at it."""
        weight = _weight(item) if isinstance(item, Frame) else 0
        with self._room:
            self._room.wait_for(lambda: self._held < FRAMES_HELD or self._is_closed)
            if self._is_closed:
                return False
            self._held += weight
        self._items.put((item, weight))
        return True

    def take(self, timeout: float) -> Frame | End | None:
        """Return the next item, or None where there is none in time."""
        try:
            item, weight = self._items.get(timeout=timeout)
        except queue.Empty:
            return None
        with self._room:
            self._held -= weight
            self._room.notify()
        return item

    def close(self) -> None:
        """Take nothing more; let whoever waits for room go on."""
        with self._room:
            self._is_closed = True
            self._room.notify_all()


def _weight(frame: Frame) -> int:
    return frame.header_bytes * HEADER_WEIGHT + sum(array.nbytes for array in frame.arrays.values())
