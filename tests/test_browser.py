"""What people see in a real browser: accessible, by keyboard alone, at all widths, in both schemes, on paper, offline.

Playwright drives the Chromium of the distribution; nothing is downloaded. axe-core comes with its package from PyPI.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import samples
from samples import check, part, sample

from grader.model import Event, Grade, LayerRow, Outcome, WrittenAnswer
from grader.report import html, overview
from grader.report.overview import Facts
from grader.standings import Mistake, PartStanding, Standing, State

pytestmark = pytest.mark.browser

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install 'epochmark[browser]'")
axe_core = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe: 'epochmark[browser]'")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (320, 390, 768, 1200, 1920)
SCHEMES = ("light", "dark")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
PAPER = {"width": 718, "height": 1047}
"""A4 in pixels of CSS, without margins of a centimetre."""

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsversuchsanordnungsbeschreibung"


def of_numbers() -> Grade:
    """Return a grade of a lab without networks."""
    return sample(models=(), predictions=(), mistakes=(), findings=(), story=())


def broken() -> Grade:
    """Return a grade where nothing could be judged, and nothing of the submission is known."""
    fault = part("a", "Everything", Outcome.GRADER_ERROR, check("a", "x", Outcome.GRADER_ERROR, 0, 1))
    return sample(parts=(fault,), models=(), predictions=(), mistakes=(), cells=(), findings=())


def perfect() -> Grade:
    one = part("a", "All of it", Outcome.PASSED, check("a", "x", Outcome.PASSED, 10, 10))
    return sample(parts=(one,), earned=Fraction(10), points=Fraction(10), findings=())


def wordy() -> Grade:
    """Return the sample with words that have no end, in German; the catalogue decides what is translated."""
    told = tuple(replace(one, title=f"{LONG} {one.title} {LONG}") for one in samples.parts())
    layer = LayerRow(kind=LONG, output_shape=(10**12, 10**12, 10**12), parameters=10**14, activation=LONG)
    drawn = tuple(replace(one, layers=(layer,) * 20, title=LONG, variable=LONG) for one in samples.models())
    event = Event(name=LONG, network=LONG, split=LONG, labels=LONG, result=LONG, error=LONG)
    written = WrittenAnswer(question="q", check="c", text=LONG, rubric=LONG, answer=LONG)
    texts = {"submission_file": f"{LONG}{LONG}.ipynb", "submission_id": LONG, "findings": (LONG * 3,)}
    return sample(parts=told, models=drawn, story=(event,), written=(written,), language="de", **texts)


def class_of(number: int) -> str:
    """Return the overview of a class of some students, whose names are long and short."""
    standings = [standing(place) for place in range(number)]
    facts = Facts(effort="quick", data="synthetic", seed=1, tier="B", when="2026-03-02T18:00:00+00:00", to_grade=3)
    return overview.render("Handwritten digits", "mnist_cnn", standings, facts)


def standing(place: int) -> Standing:
    name = "Ada Lovelace" if place % 3 else f"{LONG} {place}"
    if place % 7 == 5:
        return Standing(id=f"s{place}", file="lab.zip", state=State.FAULT, name=name, note="the disk is full")
    # Every outcome there is, so that the table of parts is as wide as it gets.
    outcomes = list(Outcome)
    parts = tuple(
        PartStanding(
            id=f"p{n}",
            title=f"Part {n}: build it",
            status=outcomes[(place + n) % len(outcomes)],
            earned=Fraction(place),
            points=Fraction(10),
        )
        for n in range(8)
    )
    title = "The network has the layers and the number of parameters that the lab asks for."
    wrong = Mistake(part="p1", check="layers", title=title, defect="no-relu", rationale="There is no ReLU.")
    return Standing(
        id=f"s{place}",
        file="lab.ipynb",
        state=State.GRADED,
        name=name,
        content=str(place // 2),
        earned=Fraction(place),
        points=Fraction(80),
        seconds=float(place),
        parts=parts,
        mistakes=() if place % 2 else (wrong,),
    )


PAGES: dict[str, Callable[[], str]] = {
    "student": lambda: html.render(sample()),
    "staff": lambda: html.render(sample(), staff=True),
    "numbers": lambda: html.render(of_numbers()),
    "broken": lambda: html.render(broken()),
    "perfect": lambda: html.render(perfect()),
    "wordy": lambda: html.render(wordy(), staff=True),
    "class": lambda: class_of(30),
    "nobody": lambda: class_of(0),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"needs one of {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        # Only pages of our own are opened; in containers, and as root, Chromium's own sandbox does not start.
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pages")
    for name, render in PAGES.items():
        (place / f"{name}.html").write_text(render(), encoding="utf-8")
    return place


@contextmanager
def opened(browser: Any, path: Path, **settings: Any) -> Iterator[Any]:
    """Open a file in a window of its own; whatever it complains about, or asks a network for, fails the test."""
    context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **settings})
    page = context.new_page()
    complaints: list[str] = []
    address = path.as_uri()
    page.on("console", lambda said: complaints.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on(
        "request", lambda asked: complaints.append(f"request: {asked.url}") if is_foreign(asked.url, address) else None
    )
    page.goto(address)
    yield page
    context.close()
    assert complaints == []


def is_foreign(url: str, address: str) -> bool:
    return url.partition("#")[0] != address and not url.startswith("data:image/png;base64,")


def unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


@pytest.mark.parametrize(
    ("name", "scheme"),
    [*((name, "light") for name in PAGES), *((name, "dark") for name in ("student", "staff", "class"))],
)
def test_axe_finds_nothing(browser: Any, folder: Path, name: str, scheme: str) -> None:
    with opened(browser, folder / f"{name}.html", color_scheme=scheme) as page:
        unfold(page)
        found = axe_core.Axe().run(page, options=RULES)
        assert found.response["passes"]
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(browser: Any, folder: Path, name: str) -> None:
    with opened(browser, folder / f"{name}.html") as page:
        unfold(page)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize("name", ["student", "staff", "class"])
def test_everything_is_reached_by_keyboard_and_seen(browser: Any, folder: Path, name: str) -> None:
    with opened(browser, folder / f"{name}.html") as page:
        wanted = page.evaluate(_COUNT)
        assert wanted > 10
        reached = 0
        for _ in range(wanted + 5):
            page.keyboard.press("Tab")
            focused = page.evaluate(_FOCUSED)
            if focused is None:
                break
            assert focused["outline"] > 0, focused
            assert focused["inside"], focused
            reached += 1
        assert reached == wanted


_COUNT = """() => [...document.querySelectorAll('a[href], summary, [tabindex="0"], button, input, select')]
    .filter(one => one.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: false })).length"""
_FOCUSED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    const outline = style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth);
    const inside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
    return { outline, inside, html: one.outerHTML.slice(0, 200) };
}"""


def test_parts_and_further_hints_unfold_by_keyboard(browser: Any, folder: Path) -> None:
    with opened(browser, folder / "student.html") as page:
        page.keyboard.press("Tab")
        assert "Skip" in page.evaluate("document.activeElement.textContent")
        hint = page.locator("details.deeper p").first
        assert not hint.is_visible()
        page.locator("details.deeper summary").first.focus()
        page.keyboard.press("Enter")
        assert hint.is_visible()
        page.keyboard.press("Space")
        assert not hint.is_visible()
        first = page.locator("details.part").first
        assert first.get_attribute("open") is None
        first.locator("summary").first.focus()
        page.keyboard.press("Enter")
        assert first.locator("h4").first.is_visible()


@pytest.mark.parametrize("name", ["student", "class"])
def test_it_reads_the_same_with_scripts_off(browser: Any, folder: Path, name: str) -> None:
    path = folder / f"{name}.html"
    with opened(browser, path) as page:
        told = page.locator("main").inner_text()
    with opened(browser, path, java_script_enabled=False) as page:
        silent = page.locator("main").inner_text()
        fold = page.locator("details:not([open]) > summary").first
        if name == "student":
            fold.click()
            assert page.locator("details").first.get_attribute("open") is not None
    if name == "student":
        assert silent == told
        assert "What to do next" in silent
    else:
        assert {"Commonest mistakes", "Everybody"} <= set(silent.split("\n"))


@pytest.mark.parametrize("name", ["student", "staff", "wordy"])
def test_nothing_is_cut_on_paper(browser: Any, folder: Path, name: str) -> None:
    with opened(browser, folder / f"{name}.html", viewport=PAPER) as page:
        page.emulate_media(media="print")
        drawings = page.evaluate(_DRAWINGS)
        assert drawings
        for drawing in drawings:
            assert drawing["break"] == "avoid", drawing
            assert drawing["width"] > 0, drawing
            assert drawing["right"] <= PAPER["width"], drawing
            assert drawing["height"] < PAPER["height"], drawing
        # What is folded on the screen is on paper, too, but for the numbers behind a drawing.
        assert page.evaluate(_ALL_UNFOLDED)
        pdf = page.pdf(format="A4", print_background=True)
        assert pdf.startswith(b"%PDF-")
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 1


_DRAWINGS = """() => [...document.querySelectorAll('svg, .matrix')].map(one => {
    const box = one.getBoundingClientRect();
    return { break: getComputedStyle(one).breakInside, width: box.width, right: box.right, height: box.height,
             html: one.outerHTML.slice(0, 120) };
})"""


_ALL_UNFOLDED = """[...document.querySelectorAll('details:not(.behind) > :not(summary)')]
    .every(one => one.checkVisibility())"""


def test_both_schemes_differ(browser: Any, folder: Path) -> None:
    grounds = set()
    for scheme in SCHEMES:
        with opened(browser, folder / "student.html", color_scheme=scheme) as page:
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == len(SCHEMES)


def test_the_suite_notices_what_it_is_for(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    bad = '<!DOCTYPE html><html><body><img src="https://example.invalid/a.png"><p style="width: 99rem">x</p>'
    path.write_text(bad, encoding="utf-8")
    found = {}

    def look() -> None:
        with opened(browser, path) as page:
            found["axe"] = axe_core.Axe().run(page, options=RULES).violations_count
            found["width"] = page.evaluate("document.scrollingElement.scrollWidth")

    with pytest.raises(AssertionError, match=r"request: https://example\.invalid"):
        look()
    assert found["axe"] > 0
    assert found["width"] > 1200
