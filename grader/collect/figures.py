"""What a submission draws: the figures that it shows, and which images of the lab stand in them."""

from __future__ import annotations

import functools
import sys
import weakref
from typing import Any

import numpy as np

from grader.collect.looking import attempt
from grader.collect.session import Session
from grader.collect.story import student_place

FIGURES_LIMIT, AXES_LIMIT = 60, 40
"""Figures of a submission and axes of a figure that are described; a lab asks for a handful."""


class Gallery:
    """Describes figures when they are shown, when they are closed, and when their cell has ended, as notebooks do."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._count = 0
        self._described: weakref.WeakSet[Any] = weakref.WeakSet()
        self._is_attached = False

    def attach(self) -> None:
        """Put the instruments into `pyplot` once the submission has imported it."""
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if self._is_attached or pyplot is None or not hasattr(pyplot, "close"):
            return
        self._is_attached = True
        show, close = pyplot.show, pyplot.close

        def shown(*args: Any, **kwargs: Any) -> Any:
            self.take(None)
            return show(*args, **kwargs)

        def closed(*args: Any, **kwargs: Any) -> Any:
            self._describe_open()
            return close(*args, **kwargs)

        self._close = close
        pyplot.show, pyplot.close = shown, closed

    def take(self, cell: int | None) -> None:
        """Describe the open figures as those of a cell that has ended, or of the place of the call, and close them."""
        if self._is_attached:
            self._describe_open(cell)
            attempt(lambda: self._close("all"))

    def _describe_open(self, cell: int | None = None) -> None:
        from matplotlib._pylab_helpers import Gcf  # noqa: PLC0415 - loaded by the submission, if at all

        for manager in Gcf.get_all_fig_managers():
            figure = manager.canvas.figure
            if self._count < FIGURES_LIMIT and figure not in self._described:
                self._count += 1
                self._described.add(figure)
                attempt(functools.partial(self._send, figure, cell))

    def _send(self, figure: Any, cell: int | None) -> None:
        place = student_place() if cell is None else (cell, None)
        axes = [found for axis in figure.axes[:AXES_LIMIT] if (found := attempt(functools.partial(self._axes, axis)))]
        title = getattr(getattr(figure, "_suptitle", None), "get_text", str)()
        self._session.story.send(
            "figure", {"cell": place[0], "line": place[1], "title": str(title)[:200], "axes": axes}
        )

    def _axes(self, axes: Any) -> dict[str, Any]:
        """Return the JSON form of `evidence.Axes`."""
        titles = [axes.get_title(loc=place) for place in ("center", "left", "right")]
        lines = [
            [plain for value in line.get_ydata()[:200] if (plain := _plain(value)) is not None] for line in axes.lines
        ]
        split, row = "other", -1
        for image in axes.images[-1:]:
            array = np.ma.getdata(image.get_array())
            split, rows = self._session.images.rows(array.reshape(1, -1))
            row = int(rows[0])
        return {
            "title": " ".join(filter(None, titles))[:200],
            "labels": [axes.get_xlabel()[:80], axes.get_ylabel()[:80]],
            "images": len(axes.images),
            "lines": lines[:12],
            "split": split,
            "row": row,
            "label": self._session.images.label(split, row),
            "predicted": self._predicted(split, row),
        }

    def _predicted(self, split: str, row: int) -> list[int]:
        """Return the digits that networks gave for a test image, of those that predicted all of them."""
        count = len(self._session.images)
        if split != "test" or not 0 <= row < count:
            return []
        tables = [np.asarray(table) for table, _ in self._session.predictions]
        rows = [table[row] for table in tables if table.ndim == 2 and len(table) == count]  # noqa: PLR2004 - a table
        return sorted({int(each.argmax()) for each in rows if each.size})


def _plain(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
