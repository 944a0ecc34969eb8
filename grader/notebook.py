"""`%grade` in a notebook: grades the saved notebook in a process of its own and shows the report below the cell.

    %load_ext grader
    %grade                    the report of this notebook
    %grade compile            what one part asks, what happened, what to try; then the report
    %grade FILE.ipynb PART    of another file

The options --lab, --effort, --data, --seed and --lang are those of `grade`.

Runs in the student's kernel, whose memory is theirs: nothing here is trusted, and nothing of the kernel is graded.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader import process
from grader.errors import GraderError, StudentError, UsageError
from grader.language import gettext as _
from grader.language import use
from grader.report import explaining, jsonreport

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

OPTIONS = frozenset({"--lab", "--effort", "--data", "--seed", "--lang"})
"""Options of `grade` that make sense here; each has a value."""

SUFFIXES = (".ipynb", ".py", ".zip")

HEIGHT = 640
"""Pixels of the report below a cell; it scrolls."""

MOST_LINES = 20
"""Lines of progress that stand below the cell until the report does."""

COLAB_S = 10
"""Seconds in which Colab's page hands over the notebook that it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a line behind `%grade` asks for."""

    file: str
    part: str
    options: tuple[str, ...]
    language: str


def load(shell: InteractiveShell) -> None:
    """Register `%grade`, and note from now on when cells run."""
    magic = _Magic(shell)
    shell.register_magic_function(magic.grade, "line", "grade")
    shell.events.register("post_run_cell", magic.note)


def read(line: str) -> Order:
    """Return what a line asks for.

    Raises:
        UsageError: an option is unknown or has no value.
    """
    words, options, language = [], [], ""
    tokens = iter(shlex.split(line))
    for token in tokens:
        if not token.startswith("--"):
            words.append(token)
            continue
        name, _separator, value = token.partition("=")
        value = value or next(tokens, "")
        if name not in OPTIONS or not value:
            known = ", ".join(sorted(OPTIONS))
            raise UsageError(f"%grade knows the options {known}, each with a value; not {token!r}", slug="magic-option")
        options += [name, value]
        language = value if name == "--lang" else language
    has_file = bool(words) and words[0].lower().endswith(SUFFIXES)
    file = words.pop(0) if has_file else ""
    return Order(file=file, part=" ".join(words), options=tuple(options), language=language)


def find(names: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> Path:
    """Return the file of the notebook that runs, as well as a kernel can know.

    Args:
        names: the global names of the notebook; VS Code puts the path of the file there.
        environment: environment variables; Jupyter says the path of the session in one.
        folder: where the kernel runs.

    Raises:
        UsageError: nobody says, and the folder has not just one notebook, nor one called `lab.ipynb`.
    """
    for said in (names.get("__vsc_ipynb_file__"), environment.get("JPY_SESSION_NAME")):
        if isinstance(said, str) and said.endswith(".ipynb"):
            for path in (Path(said), folder / said, folder / Path(said).name):
                if path.is_file():
                    return path.resolve()
    notebooks = [path for path in sorted(folder.glob("*.ipynb")) if path.is_file()]
    named = [path for path in notebooks if path.name == "lab.ipynb"] or notebooks
    if len(named) == 1:
        return named[0].resolve()
    raise UsageError(
        "which file this notebook is cannot be told from here; name it: %grade FILE.ipynb", slug="which-notebook"
    )


def page(report: str, title: str) -> str:
    """Return a report as a frame of a notebook: its style stays inside, and nothing in it could run."""
    source = html.escape(report, quote=True)
    style = f"width:100%;height:{HEIGHT}px;border:1px solid #8888;border-radius:6px"
    return f'<div><iframe sandbox="" title="{html.escape(title)}" style="{style}" srcdoc="{source}"></iframe></div>'


@dataclass(slots=True)
class _Magic:
    """The magic of one kernel; `last_run` is when a cell of the student's was run last."""

    shell: InteractiveShell
    last_run: float | None = field(default=None)

    def note(self, result: Any) -> None:  # noqa: ANN401 - IPython's ExecutionResult
        """Note that a cell has run, unless it is one of ours."""
        source = str(getattr(result.info, "raw_cell", "") or "").lstrip()
        if not source.startswith(("%grade", "%load_ext grader")):
            self.last_run = time.time()

    def grade(self, line: str = "") -> None:
        """Grade the saved notebook and show the report: `%grade`, `%grade PART`, `%grade FILE.ipynb`."""
        from IPython.display import display  # noqa: PLC0415 - only a notebook has it

        show = display(_plain(_("Grading …")), raw=True, display_id=True)
        try:
            order = read(line)
            with _file(order, self.shell.user_ns) as (file, is_current):
                remark = _("Graded is the notebook as it stands here now.") if is_current else self._remark(file)
                show.update(self._graded(order, file, remark, show), raw=True)
        except GraderError as error:
            show.update(_plain(f"grade: {error}"), raw=True)
        except KeyboardInterrupt:
            show.update(_plain(_("Interrupted; nothing was graded.")), raw=True)

    def _graded(self, order: Order, file: Path, remark: str, show: Any) -> dict[str, str]:  # noqa: ANN401 - a handle
        """Run the command; return the report as what a notebook can display."""
        folder = Path.cwd() / "grade-report"
        started = time.time_ns()
        arguments = ["run", str(file), "--out", str(folder), *order.options]
        lines: list[str] = []

        def hear(text: str) -> None:
            lines.append(text)
            show.update(_plain("\n".join(lines[-MOST_LINES:])), raw=True)

        status, said = process.converse(arguments, Path.cwd(), hear)
        written = folder / "report.json"
        if not written.exists() or written.stat().st_mtime_ns < started - 10**9:
            return _plain(said or f"grade: exit status {status}")
        report = jsonreport.read(written.read_text(encoding="utf-8"))
        with use(order.language or str(report.get("language", ""))):
            return _bundle(report, (folder / "report.html").read_text(encoding="utf-8"), order.part, remark)

    def _remark(self, file: Path) -> str:
        """Say of which moment the graded file is, unless no cell was run since then."""
        saved = file.stat().st_mtime
        if self.last_run is not None and saved >= self.last_run:
            return ""
        moment = time.strftime("%H:%M:%S", time.localtime(saved))
        told = _("Graded is what was saved at {time}; if you changed anything since then, save first and grade again.")
        return told.format(time=moment)


def _bundle(report: Mapping[str, Any], whole: str, part: str, remark: str) -> dict[str, str]:
    """Return one grade in both forms that notebooks keep: as a page, and as text."""
    score = report["score"]
    rows = [(0, _("{earned} of {maximum} points").format(earned=score["points"], maximum=score["max_points"]))]
    rows += [(0, remark)] if remark else []
    if part:
        try:
            rows += [(0, ""), *explaining.lines(explaining.explained(explaining.find(report, part)))]
        except UsageError as error:
            rows += [(0, ""), (0, f"grade: {error}")]
    else:
        rows += [(0, f"{entry['title']}: {entry['points']} / {entry['max_points']}") for entry in report["parts"]]
    text = "\n".join("  " * indent + row for indent, row in rows)
    # In the page, the table of parts is the report's own.
    shown = rows if part else rows[: 1 + bool(remark)]
    lead = "".join(f'<p style="margin:0 0 0 {indent}em">{html.escape(row) or "&nbsp;"}</p>' for indent, row in shown)
    return {"text/plain": text, "text/html": lead + page(whole, str(report["submission"]["file"]))}


def _plain(text: str) -> dict[str, str]:
    return {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>"}


@contextlib.contextmanager
def _file(order: Order, names: Mapping[str, Any]) -> Iterator[tuple[Path, bool]]:
    """Give the file to grade, and whether it is certain to be as it is shown now."""
    if order.file:
        path = Path(order.file).expanduser()
        if not path.is_file():
            raise StudentError(f"{order.file}: there is no such file", slug="unreadable-file")
        yield path, False
        return
    shown = _of_colab()
    if shown is None:
        yield find(names, os.environ, Path.cwd()), False
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "notebook.ipynb")
        path.write_text(json.dumps(shown), encoding="utf-8")
        yield path, True


def _of_colab() -> dict[str, Any] | None:
    """Return the notebook that Colab shows, which lies in no folder; None elsewhere, or where Colab does not say."""
    if "google.colab" not in sys.modules:
        return None
    with contextlib.suppress(Exception):
        from google.colab import _message  # noqa: PLC0415 - there is no public way

        found = _message.blocking_request("get_ipynb", timeout_sec=COLAB_S)["ipynb"]
        return found if isinstance(found, dict) else None
    return None
