"""The untrusted process of one submission: tells its cells, gets a job, runs them, sends evidence. It holds no secret.

Started as `python -I -B -m grader.collect.worker`; nothing here knows a rubric or an expected value. The only labels
are those that the lab gives to students anyway.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import linecache
import os
import threading
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, BinaryIO

import numpy as np

from grader import wire
from grader.collect import cells, marks
from grader.collect.story import Story, cell_file
from grader.lasting import lasting
from grader.sandbox import enter

_leave = os._exit
"""Student code finds another one in its place."""


def main() -> None:
    """Serve one job, then end without ceremony: tearing TensorFlow down takes most of a second."""
    requests, answers = enter.begin()
    # A crash of native code tells the parent's log where it happened.
    faulthandler.enable(file=2)
    story = Story(answers)
    try:
        text = wire.read(requests)
        if text.kind == "warm":
            # There is time before a submission comes.
            with lasting():
                importlib.import_module("grader.collect.execution")
            text = wire.read(requests)
        parsed = _tell_cells(text, story)
        job: Future[wire.Frame] = Future()
        threading.Thread(target=_listen, args=(requests, job), daemon=True).start()
        with lasting():
            # Imports TensorFlow; the cells are known by now.
            from grader.collect.execution import Execution  # noqa: PLC0415

        Execution(job.result(), parsed, story).run()
        story.send("end", {"reason": "done", "detail": ""})
    except cells.NotALabFile as error:
        story.send("end", {"reason": "rejected", "detail": str(error)})
    except BaseException:  # noqa: BLE001 - told to the parent's log, whatever it was
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        _leave(1)
    _leave(0)


def _listen(requests: BinaryIO, job: Future[wire.Frame]) -> None:
    """Receive the job while TensorFlow is imported; end this process when the parent is gone, on every platform."""
    try:
        job.set_result(wire.read(requests))
        requests.read(1)
    except (EOFError, OSError, wire.WireError):
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
    _leave(1)


def _tell_cells(text: wire.Frame, story: Story) -> dict[int, Sequence[cells.Statement]]:
    """Send what is written in each cell; return the statements of each."""
    fields = text.fields
    sources = cells.split(text.arrays["submission"].tobytes(), suffix=str(fields["suffix"]))
    # One cell with code is a script, whatever remarks stand in others.
    is_script = sum(map(cells.has_code, sources)) == 1
    parsed: dict[int, Sequence[cells.Statement]] = {
        index: cells.statements(source, is_script=is_script) for index, source in enumerate(sources, start=1)
    }
    for index, source in enumerate(sources, start=1):
        # For whoever looks for the source of a function, as AutoGraph does.
        lines = source.splitlines(keepends=True)
        linecache.cache[cell_file(index)] = (len(source), None, lines, cell_file(index))
        _send_cell(story, index, source, marks.find(parsed[index], placeholder=str(fields["placeholder"])))
    story.send("run", {"cells": len(sources)})
    return parsed


def _send_cell(story: Story, index: int, source: str, facts: Mapping[str, Any]) -> None:
    arrays = {
        "source": np.frombuffer(source.encode("utf-8", "replace")[:200_000], np.uint8),
        "facts": np.frombuffer(json.dumps(facts).encode(), np.uint8),
    }
    story.send("cell", {"index": index}, arrays)


if __name__ == "__main__":
    main()
