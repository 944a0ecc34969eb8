"""The overview of a class: everybody is counted once, nothing that students wrote can act, no script is needed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.model import Outcome
from grader.report import attention, classview, overview
from grader.report.overview import Facts
from grader.standings import Mistake, PartStanding, Standing, State

FACTS = Facts(effort="quick", data="synthetic", seed=1, tier="B", when="2026-03-02T18:00:00+00:00", to_grade=0)
BUILD, TRAIN = "Build the network", "Train it"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "\u202eevil\u200f \u2067name",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "</style></script><iframe src=//evil.example>",
    "n" * 300,
    "../../etc",
    "%2e%2e",
    "lone \ud800 surrogate",
    "a\x00b\x1b[31m",
)


def part(status: Outcome = Outcome.PASSED, earned: int | Fraction = 10, *, name: str = "build") -> PartStanding:
    title = BUILD if name == "build" else TRAIN
    return PartStanding(id=name, title=title, status=status, earned=Fraction(earned), points=Fraction(10))


def graded(known: str, earned: int | Fraction | str = 20, *parts: PartStanding, **more: object) -> Standing:
    standing = Standing(
        id=known,
        file="lab.ipynb",
        state=State.GRADED,
        content=known,
        earned=Fraction(earned),
        points=Fraction(20),
        seconds=2.5,
        parts=parts or (part(), part(name="train")),
    )
    return replace(standing, **more)  # type: ignore[arg-type]


def ungraded(name: str, state: State = State.FAULT, note: str = "the disk is full") -> Standing:
    return Standing(id=name, file="lab.zip", state=state, note=note)


def wrong(defect: str = "no-relu", *, check: str = "layers", rationale: str = "There is no ReLU.") -> Mistake:
    return Mistake(part="build", check=check, title="The layers", defect=defect, rationale=rationale)


def page_of(*standings: Standing, **facts: object) -> Page:
    return Page(overview.render("Digits", "mnist_cnn", standings, replace(FACTS, **facts)))  # type: ignore[arg-type]


@dataclass
class Table:
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """What a browser without scripts makes of the page: texts by section, tables, links, attributes."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = source
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.links: dict[str, list[str]] = {}
        self.tables: dict[str, Table] = {}
        self.sections: dict[str, str] = {}
        self.text = ""
        self._section, self._table, self._silent = "", "", 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in given.items()]
        self._silent += tag in ("script", "style")
        if tag == "section":
            self._section = given["aria-labelledby"]
        elif tag == "a":
            self.links.setdefault(self._section, []).append(given.get("href", ""))
        elif tag == "table":
            self._table = self._section
            self.tables[self._table] = Table()
        elif self._table and tag == "tr" and self.tables[self._table].heads:
            self.tables[self._table].rows.append([])
            self.tables[self._table].tags.append(given.get("data-t", ""))
        elif self._table and tag in ("th", "td"):
            (self.tables[self._table].rows or [self.tables[self._table].heads])[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")
        if tag == "table":
            self._table = ""

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.text += data
        self.sections[self._section] = self.sections.get(self._section, "") + data
        if self._table:
            table = self.tables[self._table]
            cells = (table.rows or [table.heads])[-1]
            if cells and not (data.isspace() and "\n" in data):
                cells[-1] = f"{cells[-1]}{data}".lstrip().replace("\n", "")

    @property
    def everybody(self) -> Table:
        return self.tables["everybody"]

    def bars(self) -> dict[str, int]:
        """Return the distribution as a screen reader tells it."""
        told = re.findall(
            r"([\w+ ]+(?:–\d+)?): (\d+)", re.findall(r'<desc id="bars-text">(.*?)</desc>', self.source)[0]
        )
        return {label.strip(): int(number) for label, number in told}

    def numbers(self) -> dict[str, str]:
        """Return the headline numbers by their names."""
        found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", self.source)
        return {name: re.sub(r"<.*?>", "", value) for name, value in found}


def classes() -> st.SearchStrategy[list[Standing]]:
    statuses = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.NOT_RUN])
    one = st.builds(
        lambda state, earned, found: Standing(
            id="x",
            file="f",
            state=state,
            earned=earned,
            points=Fraction(20),
            parts=tuple(part(status, 5, name=name) for name, status in found.items()),
        ),
        st.sampled_from(State),
        st.fractions(min_value=-5, max_value=30, max_denominator=1000),
        st.dictionaries(st.sampled_from(["build", "train"]), statuses),
    )
    return st.lists(one, max_size=40).map(lambda found: [replace(s, id=f"s{i}") for i, s in enumerate(found)])


@given(standings=classes())
@settings(max_examples=60, deadline=None)
def test_everybody_is_counted_exactly_once(standings: list[Standing]) -> None:
    assert sum(one.number for one in classview.distribution(standings)) == len(standings)
    ungraded = sum(standing.state is not State.GRADED for standing in standings)
    assert classview.distribution(standings)[-1].number == ungraded
    for row in classview.heat_map(standings):
        assert sum(cell.number for cell in row.cells) == len(standings)
    needy = [member.place for group in attention.needs_person(standings) for member in group.members]
    assert sorted(needy) == [place for place, standing in enumerate(standings) if standing.needs_person]
    page = page_of(*standings)
    if standings:
        assert sum(page.bars().values()) == len(page.everybody.rows) == len(standings)
        assert {len(row) for row in page.everybody.rows} == {len(page.everybody.heads)}


@pytest.mark.parametrize(
    ("earned", "label"),
    [
        ("0", "0–9"),
        ("0.01", "0–9"),
        ("1.99", "10–19"),
        ("19.99", "90–99"),
        ("19.9999", "90–99"),
        ("20", "100"),
        ("21", "100+"),
        ("-1", "0–9"),
    ],
)
def test_full_marks_have_a_bar_of_their_own(earned: str, label: str) -> None:
    found = {one.label: one.number for one in classview.distribution([graded("ada", earned)])}
    assert found[label] == 1


def test_averages_are_never_rounded_up_to_full_marks() -> None:
    standings = [*(graded(str(place)) for place in range(4999)), graded("bo", "19.9")]
    assert classview.averages(standings).mean == "99.9%"
    assert classview.averages([graded("ada")]).mean == "100.0%"


def test_the_middle_of_the_class() -> None:
    numbers = page_of(*(graded(str(points), points) for points in (0, 4, 10, 16, 20))).numbers()
    assert numbers["Graded"] == "5 of 5"
    assert numbers["Median"] == "50.0%"
    assert numbers["Mean"] == "50.0%"
    assert numbers["Middle half"] == "20.0% to 80.0%"


def test_rows_link_to_reports() -> None:
    page = page_of(graded("ada b/c?#"), graded("..", name="Up"), ungraded("zoë"))  # Without a grade there is no report.
    assert set(page.links["everybody"]) == {"ada%20b%2Fc%3F%23/report.html"}
    assert "Up" in page.everybody.rows[1][0]


def test_the_table_says_what_became_of_each_part() -> None:
    page = page_of(graded("ada", 10, part(Outcome.PARTIAL, Fraction(10, 3))), graded("bo", 10), ungraded("cy"))
    assert page.everybody.heads == ["Student", "Points of 20.00", "%", BUILD, TRAIN, "Late", "Seconds"]
    assert page.everybody.rows == [
        ["ada", "10.00", "50", "½", "–", "", "2.5"],
        ["bo", "10.00", "50", "P", "P", "", "2.5"],
        ["cy", "fault", "", "–", "–", "", ""],
    ]
    assert ("td", "title", "partly 3.33/10.00") in page.attributes
    assert "½ partly" in " ".join(page.sections["everybody"].split())


def test_the_heat_map_counts_and_averages() -> None:
    page = page_of(graded("ada", 10, part(Outcome.FAILED, 0)), graded("bo"), graded("cy"), ungraded("di"))
    rows = {row[0]: row[1:] for row in page.tables["parts"].rows}
    heads = [head.split(maxsplit=1)[-1] for head in page.tables["parts"].heads]
    build = dict(zip(heads[1:], rows[BUILD], strict=True))
    assert build == {
        "passed": "2 50%",
        "partly": "0",
        "failed": "1 25%",
        "not started": "0",
        "no result": "1 25%",
        "Average": "66.7%",
    }
    assert rows[TRAIN][-2:] == ["2 50%", "100.0%"]


def test_common_mistakes_are_counted_by_student_with_links() -> None:
    failed = part(Outcome.FAILED, 0)
    several = [graded(f"s{n}", 10, failed, mistakes=(wrong(), wrong(check="shape"))) for n in range(7)]
    other = graded("bo", 10, failed, mistakes=(wrong("", rationale="Something else."),))
    page = page_of(*several, other, graded("cy"), ungraded("di"))
    text = " ".join(page.sections["mistakes"].split())
    assert "7 students 78%" in text
    assert "1 student 11%" in text
    assert text.index("no-relu") < text.index("Something else.")
    assert "… and 2 more" in text
    assert page.links["mistakes"][:6] == [*(f"s{n}/report.html" for n in range(5)), "#everybody"]
    tagged = [tags for tags in page.everybody.tags if tags]
    assert Counter(tagged)["m1"] == 7


def test_what_is_not_started_or_blocked_is_no_mistake() -> None:
    blank = graded("ada", 0, part(Outcome.NOT_ATTEMPTED, 0), mistakes=(wrong("placeholder"),))
    broken = graded("bo", 0, part(Outcome.GRADER_ERROR, 0), mistakes=(wrong("TypeError"),))
    waits = graded("cy", 0, part(Outcome.PARTIAL, 5), mistakes=(wrong("blocked"),))
    assert classview.mistakes([blank, broken, waits]) == ()


def test_who_needs_a_person_and_why() -> None:
    page = page_of(
        graded("ada", 10, part(Outcome.GRADER_ERROR, 0), waiting=Fraction(3)),
        graded("bo", 10, waiting=Fraction(5)),
        ungraded("cy", State.NOT_GRADABLE, "there is no notebook"),
        ungraded("di"),
        graded("eve"),
    )
    text = " ".join(page.sections["needs"].split())
    assert "Cannot be graded 1 cy there is no notebook" in text
    assert "The machine or the grader failed 1 di the disk is full" in text
    assert f"ada could not be judged: {BUILD}; points that wait: 3.00" in text
    assert "bo points that wait: 5.00" in text
    assert "eve" not in text
    assert page.numbers()["Need a person"] == "4"


def test_the_same_code_is_told_in_neutral_words() -> None:
    twice = [graded("ada_1", content="a", email="ada@x.org"), graded("ada_2", content="a", email="Ada@x.org")]
    page = page_of(*twice, graded("bo", content="b"), graded("cy", content="b"), graded("di", content="b"))
    text = " ".join(page.sections["same"].split())
    assert "3 students" in text
    assert "bo, cy, di" in text
    assert "ada" not in text
    assert not re.search(r"plagiar|cheat|copied", page.text, re.IGNORECASE)
    assert not attention.same_code([graded("x", content=""), graded("y", content="")])


def test_untouched_skeletons_come_last_and_are_called_that() -> None:
    blank = [graded(f"s{n}", 0, part(Outcome.NOT_ATTEMPTED, 0), content="skeleton") for n in range(3)]
    groups = attention.same_code([*blank, graded("ada", content="a"), graded("bo", content="a")])
    assert [(group.title, group.note) for group in groups] == [
        ("2 students", ""),
        ("3 students", "Nothing is started in it."),
    ]


def test_slowest_and_late() -> None:
    many = [graded(f"s{n:02}", seconds=float(n)) for n in range(15)]
    page = page_of(*many, graded("zoe", seconds=0.5, is_late=True, off=Fraction(4)), graded("yan", is_late=False))
    assert page.links["slowest"] == [f"s{n:02}/report.html" for n in range(14, 4, -1)]
    assert " ".join(page.sections["late"].split()) == "Late zoe −4.00"
    assert page.everybody.rows[-1][-2:] == ["late −4.00", "0.5"]


@pytest.mark.parametrize("payload", HOSTILE)
def test_nothing_that_students_wrote_can_act(payload: str) -> None:
    poisoned = replace(part(Outcome.FAILED, 0), id=payload, title=payload)
    mistake = Mistake(part=payload, check=payload, title=payload, defect=payload, rationale=payload)
    one = graded(payload, 3, poisoned, name=payload, email=payload, note=payload, mistakes=(mistake,), content="c")
    evil = [one, replace(one, id="b", name="", email=""), replace(ungraded(payload + "x", note=payload), name=payload)]
    harmless = [replace(s, id=f"i{n}", name=f"n{n}", note="note") for n, s in enumerate(evil)]
    page, usual = page_of(*evil, tier=payload, data=payload), page_of(*harmless)
    assert page.tags["script"] == 1
    assert {name for _, name, _ in page.attributes} <= {name for _, name, _ in usual.attributes}
    assert set(page.tags) <= set(usual.tags)
    for _, name, value in page.attributes:
        if name in ("href", "src"):
            assert re.fullmatch(r"#\w+|[\w%.~-]+/report\.html", value), value
    assert not re.search(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069\x00\x1b]", page.source)
    page.source.encode("utf-8")


def test_a_long_name_is_cut() -> None:
    assert max(len(row[0]) for row in page_of(graded("ada", name="n" * 300)).everybody.rows) < 140


def test_the_policy_allows_the_one_script_and_no_network() -> None:
    page = page_of(graded("ada"))
    policy = next(value for tag, name, value in page.attributes if (tag, name) == ("meta", "content"))
    script = page.source.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"https?://|@import|url\(", page.source)


def test_everything_can_be_read_without_a_script() -> None:
    page = page_of(graded("ada", 10, part(Outcome.FAILED, 0), mistakes=(wrong(),)), ungraded("bo"))
    hidden = [tag for tag, name, _ in page.attributes if name == "hidden"]
    assert hidden == ["form"]
    assert {"scores", "parts", "mistakes", "needs", "same", "slowest", "late", "everybody"} <= page.sections.keys()


def test_it_says_how_the_grades_came_about_and_what_is_still_to_come() -> None:
    text = page_of(graded("ada"), to_grade=123).text
    assert "123 submissions are still to be graded." in text
    assert "quick effort · data: synthetic · seed 1 · isolation tier B · made 2026-03-02T18:00:00+00:00" in text
    assert "still to be graded" not in page_of(graded("ada")).text
    assert page_of(when="", tier="").text.strip().endswith("quick effort · data: synthetic · seed 1")
    assert "Nothing is graded yet." in page_of(to_grade=1).text


@pytest.mark.parametrize(
    "standings",
    [(), (graded("ada"),), (ungraded("ada"), ungraded("bo")), (graded("z", 0, points=Fraction(0)),)],
    ids=["nobody", "one", "all faults", "no points"],
)
def test_small_classes_make_sense(standings: Sequence[Standing]) -> None:
    page = page_of(*standings)
    assert ("There are no submissions yet." in page.text) == (not standings)
    assert "nan" not in page.text
    if standings:
        assert sum(page.bars().values()) == len(page.everybody.rows) == len(standings)


def test_the_same_class_gives_the_same_bytes_in_any_order() -> None:
    standings = [graded(f"s{n}", n) for n in range(9)]
    assert page_of(*standings).source == page_of(*reversed(standings)).source


def test_a_page_for_thousands_stays_small() -> None:
    parts = tuple(replace(part(Outcome.PARTIAL, Fraction(10, 3)), id=f"p{n}", title=f"Part {n}") for n in range(11))
    mistakes = tuple(replace(wrong(), part=f"p{n}") for n in range(11))
    many = [graded(f"student-{n:05}", 11, *parts, name=f"Given{n} Family", mistakes=mistakes) for n in range(5000)]
    assert len(overview.render("Digits", "mnist_cnn", many, FACTS).encode("utf-8")) < 6_000_000


DRIVE = """<!DOCTYPE html><iframe id="page" src="index.html" width="1200" height="900"></iframe><pre id="told"></pre>
<script>
document.getElementById("page").onload = (event) => {
  const made = event.target.contentDocument, told = [];
  const links = () => Array.from(made.querySelectorAll("#all tbody tr:not([hidden]) th bdi:first-of-type"));
  const shown = () => told.push(links().map((link) => link.textContent));
  const heads = made.querySelectorAll("#all thead button");
  shown();
  heads[1].click(); shown();
  heads[1].click(); shown();
  heads[3].click(); shown();
  made.querySelector('[data-f=",3,F"]').click(); shown();
  made.forms[0].elements.text.value = "B";
  made.forms[0].dispatchEvent(new Event("input")); shown();
  told.push(made.getElementById("shown").textContent);
  made.forms[0].reset();
  made.forms[0].elements.tag.value = "n*";
  made.forms[0].dispatchEvent(new Event("input")); shown();
  document.getElementById("told").textContent = JSON.stringify(told);
};
</script>"""


def test_a_browser_sorts_and_filters(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no Chromium on this machine")
    failed = part(Outcome.FAILED, 0)
    standings = (graded("ada", 20), graded("bo", 3, failed), ungraded("cy"), graded("di", "9.5", failed))
    (tmp_path / "index.html").write_text(page_of(*standings).source, encoding="utf-8")
    (tmp_path / "drive.html").write_text(DRIVE, encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--dump-dom"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        [*command, profile, (tmp_path / "drive.html").as_uri()], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0
    told = re.search(r'<pre id="told">(.+?)</pre>', done.stdout.decode())
    assert told, "the page's own script did not run"
    assert json.loads(told[1]) == [
        ["ada", "bo", "cy", "di"],
        ["bo", "di", "ada", "cy"],
        ["ada", "di", "bo", "cy"],
        ["ada", "bo", "di", "cy"],
        ["bo", "di"],
        ["bo"],
        "1 of 4 are shown.",
        ["cy"],
    ]
