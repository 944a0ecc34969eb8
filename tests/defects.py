"""The table of defects with their fixtures: `python tests/defects.py` writes docs/defects.md.

A stored variant names the defects that it shows by `# finds: …`; the notebooks of the course lab do it by `shows`. What
no submission of the zoo shows has a test of its own, named here.
"""

from __future__ import annotations

from pathlib import Path

import course

from grader import labs
from grader.authoring.variants import header_of, variants
from grader.judge.defects import DEFECTS
from grader.judge.ladder import DEEPER

PAGE = Path(__file__).parent.parent / "docs" / "defects.md"

HEAD = """# Defects

Every mistake that the checks recognise, by the name under which it stands in `report.json`: what the student reads,
what the student is told to try, the further hint that is folded below it, and a fixture that shows it. The words in
braces are filled in. Generated from `grader/judge/defects.py` and `ladder.py` by `python tests/defects.py`.

| defect | message | hint | further hint | fixture |
|---|---|---|---|---|
"""

ELSEWHERE = {
    "cell-crashed": "tests/test_cli.py: a submission that segfaults",
    "cell-memory": "tests/test_cli.py: a submission that allocates without end",
    "cell-output": "tests/test_cli.py: a submission that prints without end",
    "answers-not-learnt": "tests/attacks/a17_memorised_labels.py",
    "not-rebuilt": "tests/attacks/c36_networks_that_cannot_be_rebuilt.py",
    "training-unseen": "tests/attacks/c35_forged_calls.py",
    "nothing-changed": "tests/attacks/c37_training_step_that_does_nothing.py",
    "fit-stopped": "tests/attacks/c33_training_that_stops.py",
    "trained-elsewhere": "tests/attacks/c02_weights_from_elsewhere.py",
    "history-made-up": "tests/attacks/c03_made_up_history.py",
    "function-no-numbers": "tests/test_judge.py: a function that returns a word",
    "function-value": "tests/test_judge.py: a function that returns another number",
    "loss-does-not-fall": "tests/test_judge.py: a training whose loss rises",
    "cell-disk": "tests/attacks/a25_disk_fill.py",
    "answer-missing": "tests/test_questions.py: an answer that is blank",
    "answer-unreadable": "tests/test_questions.py: an answer that cannot be read",
    "answer-wrong": "tests/test_questions.py: an answer that is wrong",
    "answer-waiting": "tests/test_questions.py: an answer in words",
    "cell-not-reached": "tests/test_cli.py: a submission that segfaults",
}


def fixtures() -> dict[str, list[str]]:
    """Return the names of the fixtures of each defect."""
    found: dict[str, list[str]] = {}
    for lab in map(labs.find, labs.names()):
        for path in variants(lab):
            for defect in header_of(path).get("finds", ()):
                found.setdefault(defect, []).append(f"{lab.id}/variants/{path.name}")
    for fixture in course.FIXTURES:
        if fixture.shows:
            found.setdefault(fixture.shows, []).append(f"tests/course.py: {fixture.name}")
    for defect, name in ELSEWHERE.items():
        found.setdefault(defect, []).append(name)
    return found


def page() -> str:
    """Return the page."""
    known = fixtures()
    rows = [
        "| " + " | ".join((f"`{slug}`", *map(_cell, _texts(slug)), known.get(slug, [""])[0])) + " |\n"
        for slug in DEFECTS
    ]
    return HEAD + "".join(rows)


def _texts(slug: str) -> tuple[str, str, str]:
    return DEFECTS[slug].message, DEFECTS[slug].hint, DEEPER.get(slug, "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
