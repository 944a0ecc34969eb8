"""Notices when a file is saved, however editors do that: in place, in steps, or by putting another one there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import watchfiles

STEP_MS = 50
"""Milliseconds without a change after which a save counts as done; editors write within a few."""

LOOK_MS = 2_000
"""Milliseconds after which the file is looked at anyway: some network drives tell of no change."""


class Bell:
    """Rings when a file may have changed; it may ring too often, and never too seldom. Use as a context manager.

    The folder is watched and not the file, which is another one after an editor has renamed a new one into its place.
    """

    def __init__(self, path: Path, ring: Callable[[], None]) -> None:
        self._path = path.absolute()
        self._ring = ring
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._seen: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        # Before the thread listens: what is saved until it does is noticed at its first look.
        self._seen = self._look()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _listen(self) -> None:
        for changes in watchfiles.watch(
            self._path.parent,
            watch_filter=lambda _, name: Path(name).name == self._path.name,
            step=STEP_MS,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            stop_event=self._over,
            raise_interrupt=False,
            recursive=False,
        ):
            now = self._look()
            if changes or now != self._seen:
                self._seen = now
                self._ring()

    def _look(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
