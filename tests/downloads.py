"""Downloads as systems make them, put together by hand from what is known of their formats."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

CODE = "print('hello')\n"


def folder(root: Path, files: Mapping[str, str]) -> Path:
    """Write files with their folders."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


def archive(path: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write a zip archive; names are taken as they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members:
        for name, content in files.items():
            members.writestr(name, content)
    return path


def linked(path: Path, name: str, target: str) -> Path:
    """Add a symbolic link to an archive."""
    with zipfile.ZipFile(path, "a") as members:
        link = zipfile.ZipInfo(name)
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        members.writestr(link, target)
    return path


CANVAS = {
    "doejane_50_1234_lab1.ipynb": CODE,
    "roejohn_LATE_51_1235_lab1.py": CODE,
    "poepat_52_text.html": "<p>my answer</p>",
    "moeann_LATE_53_link.html": "<a>",
    "coesam_54_1240_lab1.py": "old",
    "coesam_54_1260_lab1-1.py": "newer",
    "coesam_54_1280_lab1-2.py": "newest",
    "loelee_55_1290_notes.pdf": "a pdf",
}

MOODLE = {
    "Jane Doe_1234_assignsubmission_file/lab.ipynb": CODE,
    "Zoë O'Brien-Smith_1235_assignsubmission_file_/lab.py": CODE,
    "Zoë O'Brien-Smith_1235_assignsubmission_onlinetext/onlinetext.html": "<p>",
    "Pat Poe_1236_assignsubmission_onlinetext/onlinetext.html": "<p>",
}

METADATA = """\
---
submission_409194023:
  :submitters:
  - :name: Jane Doe
    :sid: 0012345
    :email: jane@example.org
  :created_at: 2026-04-26 17:34:00.861687000 Z
  :score: 2.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    tests: []
submission_409194024:
  :submitters:
  - :name: John Roe
    :sid: 77
    :email: john@example.org
  - :name: Pat Poe
    :sid:
    :email: pat@example.org
  :created_at: 2026-04-26 19:34:00 +02:00
submission_409194025:
  :submitters: []
  :created_at: 2026-13-99 00:00:00 Z
submission_409194026:
  :submitters:
  - :name: Never Came
    :sid: 9
    :email: n@example.org
"""

GRADESCOPE = {
    "assignment_77_export/submission_metadata.yml": METADATA,
    "assignment_77_export/submission_409194023/lab.ipynb": CODE,
    "assignment_77_export/submission_409194024/lab.py": CODE,
    "assignment_77_export/submission_409194025/deep/inside/lab.py": CODE,
}

NBGRADER = {
    "nbgrader_config.py": "c = get_config()",
    "source/ps1/problem1.ipynb": CODE,
    "release/ps1/problem1.ipynb": CODE,
    "submitted/bitdiddle/ps1/problem1.ipynb": CODE,
    "submitted/bitdiddle/ps1/timestamp.txt": "2015-02-02 14:58:23.948203 America/Los_Angeles\n",
    "submitted/hacker/ps1/problem1.ipynb": CODE,
    "submitted/hacker/ps1/timestamp.txt": "2015-02-03 00:00:00.5 UTC",
    "submitted/reasoner/ps1/problem1.ipynb": CODE,
    "submitted/reasoner/ps1/timestamp.txt": "yesterday",
}
