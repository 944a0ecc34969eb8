"""What the overview of a large class costs: to write it, and to open it in a browser.

    python -m benchmarks.overview --students 5000

Prints JSON: the size of the page, the seconds of the clock and of the processor that it takes to make, and for each of
several openings in a headless Chromium the milliseconds until the document is there (`ready`), is laid out as far as
the window goes (`shown`), and what it then takes to lay out a screenful of the table of everybody (`table`), to sort,
and to filter it. `browser_s` is the whole life of the browser, `empty_s` the same with an empty page.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from grader.model import Outcome
from grader.report import overview
from grader.standings import Mistake, PartStanding, Standing, State

FACTS = overview.Facts(effort="quick", data="synthetic", seed=1, tier="B", when="2026-03-02T18:00:00+00:00")

TITLES = (
    *("Prepare the images", "Build the fully connected network", "Compile it", "Train it", "Evaluate it"),
    *("Build the convolutional network", "Compile that", "Train that", "Evaluate that", "Find the most likely digit"),
    "Write a training step by hand",
)
DEFECTS = ("wrong-model", "no-relu", "no-probabilities", "images-range", "", "step-not-applied", "")
GIVEN = ("Ada", "Bo", "Chidi", "Dewi", "Émilie", "Farah", "Goran", "Hana", "İpek", "João", "Li", "נועה", "Zoë")
FAMILY = (
    "Okafor",
    "Nguyen",
    "Müller",
    "García",
    "Ivanova",
    "Sato",
    "Haddad",
    "Lindqvist",
    "Fernández de la Vega",
    "Wu",
)

LESS = (Outcome.PARTIAL, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.GRADER_ERROR)
NOTES = {
    State.FAULT: "the machine ran out of memory",
    State.NOT_GRADABLE: "there is no notebook in the archive",
}

PROBE = """<!DOCTYPE html><title>probe</title><iframe id="page" src="index.html" width="1200" height="900"></iframe>
<pre id="figures"></pre><script>
document.getElementById("page").onload = (event) => {
  const page = event.target.contentWindow, made = page.document, now = () => page.performance.now();
  const spent = (work) => { const from = now(); work(); made.body.offsetHeight; return now() - from; };
  const [told] = page.performance.getEntriesByType("navigation");
  made.body.offsetHeight;
  const figures = { ready: told.domContentLoadedEventEnd, shown: now() };
  const head = (n) => made.querySelectorAll("#all thead button")[n];
  const screenful = () => Array.from(made.querySelectorAll("#all tbody tr")).slice(0, 40);
  figures.table = spent(() => screenful().forEach((row) => row.lastElementChild.getBoundingClientRect()));
  figures.sort = spent(() => head(1).click());
  figures.filter = spent(() => {
    made.forms[0].elements.mark.value = "F";
    made.forms[0].dispatchEvent(new page.Event("input"));
  });
  figures.hidden = Array.from(made.querySelectorAll("#all tbody tr")).filter((row) => row.hidden).length;
  document.getElementById("figures").textContent = JSON.stringify(figures);
};
</script>"""
EMPTY = "<!DOCTYPE html><title>empty</title>"


def classroom(number: int, *, seed: int = 1) -> list[Standing]:
    """Return the standings of an invented class: most do well, some stop half-way, a few have no grade."""
    draw = random.Random(seed)  # noqa: S311 - figures for a table, not secrets
    return [_student(place, draw) for place in range(number)]


def _student(place: int, draw: random.Random) -> Standing:
    name = f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}"
    state = draw.choices(tuple(State), (0.98, 0.012, 0.008))[0]
    if state is not State.GRADED:
        return Standing(id=f"s{place:05}", file="lab.zip", state=state, name=name, note=NOTES[state])
    skill, end = draw.betavariate(5, 1.4), draw.randrange(1, 12) if _happens(0.2, draw) else len(TITLES)
    parts = tuple(_part(at, skill, end, draw) for at in range(len(TITLES)))
    off = Fraction(5) if _happens(0.04, draw) else Fraction(0)
    return Standing(
        id=f"s{place:05}",
        file="lab.ipynb",
        state=State.GRADED,
        name=name,
        email=f"{place}@example.org",
        content=f"{place % 140 if _happens(0.02, draw) else place}",
        earned=max(sum((part.earned for part in parts), Fraction(0)) - off, Fraction(0)),
        points=Fraction(10 * len(parts)),
        waiting=Fraction(5 * _happens(0.01, draw)),
        off=off,
        is_late=off > 0 or _happens(0.02, draw),
        seconds=draw.lognormvariate(2, 0.4),
        parts=parts,
        mistakes=tuple(_mistake(at, draw) for at, part in enumerate(parts) if part.status is not Outcome.PASSED),
    )


def _part(at: int, skill: float, end: int, draw: random.Random) -> PartStanding:
    status = Outcome.NOT_ATTEMPTED if at >= end else Outcome.PASSED
    if status is Outcome.PASSED and not _happens(skill, draw):
        status = draw.choices(LESS, (60, 30, 5, 1))[0]
    earned = {Outcome.PASSED: Fraction(10), Outcome.PARTIAL: Fraction(draw.choice((10, 15, 20)), 3)}
    return PartStanding(
        id=f"part{at}", title=TITLES[at], status=status, earned=earned.get(status, Fraction(0)), points=Fraction(10)
    )


def _mistake(at: int, draw: random.Random) -> Mistake:
    return Mistake(
        part=f"part{at}",
        check=f"part{at}_check",
        title=f"{TITLES[at]}: as the task asks for",
        defect=DEFECTS[(at + draw.choice((0, 0, 0, 1, 3))) % len(DEFECTS)],
        rationale=f"Layer {draw.randrange(3)} has 12 outputs, and not the 10 that the task asks for.",
    )


def _happens(chance: float, draw: random.Random) -> bool:
    return draw.random() < chance


def opened(folder: Path, page: str) -> tuple[float, str]:
    """Open a page of a folder in a browser of its own; return its seconds and the document when all was loaded."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("there is no chromium on this machine")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--dump-dom"]
    profile = f"--user-data-dir={folder / 'profile'}"
    started = time.monotonic()
    done = subprocess.run([*command, profile, (folder / page).as_uri()], check=True, capture_output=True, timeout=120)
    return time.monotonic() - started, done.stdout.decode("utf-8")


def openings(page: str, rounds: int) -> dict[str, list[float]]:
    """Open the page several times, each beside an empty one, and return what the browser says of itself."""
    figures: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in (("index.html", page), ("probe.html", PROBE), ("empty.html", EMPTY)):
            (folder / file).write_text(content, encoding="utf-8")
        opened(folder, "empty.html")  # the first one makes the profile
        for _ in range(rounds):
            empty, _ = opened(folder, "empty.html")
            alone, _ = opened(folder, "index.html")
            _, document = opened(folder, "probe.html")
            figures.append({"browser_s": alone, "empty_s": empty, **_told(document)})
    return {name: [round(figure[name], 2) for figure in figures] for name in figures[0]}


def _told(document: str) -> dict[str, float]:
    found = re.search(r'<pre id="figures">(.+?)</pre>', document)
    if found is None:
        raise SystemExit("the browser measured nothing")
    return {name: float(value) for name, value in json.loads(found[1]).items()}


def made(standings: Sequence[Standing], rounds: int) -> tuple[str, dict[str, list[float]]]:
    """Make the page several times; return it, and the seconds of each time."""
    seconds: dict[str, list[float]] = {"render_s": [], "render_processor_s": []}
    for _ in range(rounds):
        wall, processor = time.monotonic(), time.process_time()
        page = overview.render("Handwritten digits", "mnist_cnn", standings, FACTS)
        seconds["render_s"].append(round(time.monotonic() - wall, 2))
        seconds["render_processor_s"].append(round(time.process_time() - processor, 2))
    return page, seconds


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, help="keep the page here as well")
    arguments = parser.parse_args()
    page, seconds = made(classroom(arguments.students), arguments.rounds)
    if arguments.write:
        arguments.write.write_text(page, encoding="utf-8")
    figures = {
        "students": arguments.students,
        "page_mb": round(len(page.encode("utf-8")) / 1e6, 2),
        **seconds,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "opened": openings(page, arguments.rounds),
    }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
