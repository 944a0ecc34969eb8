"""A session as it looks in a terminal, for the guides: `python tests/recording.py` writes `docs/session.md`.

What stands there was printed by the commands, on synthetic digits; nothing is typed in by hand. Times are left out, as
they are those of one machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from grader import labs

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "session.md"

SCENES = (
    ("A new folder holds the lab as it was handed out. What is there to do?", "lab.ipynb", ["grade"]),
    ("An evening later, most of it is filled in.", "sample.ipynb", ["grade"]),
    (
        "One part is a riddle. What does it ask, and what happened?",
        "",
        ["grade", "explain", "Find the most likely digit"],
    ),
    ("CI grades the same file, and wants half of the points.", "", ["grade", "ci", "lab.ipynb", "--fail-under", "50"]),
)
"""What is told, the file that lies in the folder from here on, and the command."""


def main() -> None:
    """Run the session and write the page."""
    lines = [
        "# A session",
        "",
        "Recorded by `python tests/recording.py`: what the commands print, on synthetic digits.",
        "",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for told, file, command in SCENES:
            if file:
                shutil.copy(_file(file), Path(folder, "lab.ipynb"))
            status, printed = _run(command, folder)
            shown = " ".join(f'"{word}"' if " " in word else word for word in command)
            lines += [
                told,
                "",
                "```text",
                f"$ {shown}",
                *map(str.rstrip, printed.rstrip().splitlines()),
                f"[exit code {status}]",
                "```",
                "",
            ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def _file(name: str) -> Path:
    lab = labs.find(labs.FLAGSHIP)
    return lab.folder / name if name == "sample.ipynb" else ROOT / "assignment" / lab.id / name


def _run(command: list[str], folder: str) -> tuple[int, str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GITLAB_"))}
    environment = {**outside, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "GRADER_MNIST": ""}
    done = subprocess.run(
        [sys.executable, "-m", "grader", *command[1:], *(["--data", "synthetic"] if "explain" not in command else [])],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout.replace(folder, "~/my-lab")


if __name__ == "__main__":
    main()
