"""Reports: nothing a submission wrote can act, numbers are honest, hidden checks stay hidden."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import unicodedata
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from samples import CELLS, HUSH, check, part, parts, sample

from grader import points
from grader.errors import MachineError
from grader.model import CellView, CheckResult, Feedback, Grade, Outcome
from grader.report import codeview, html, jsonreport, junit, terminal, view, words, write_atomically, write_reports
from grader.text import annotation, clean, count, csv_cell, line, markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

XSS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "</pre></code><iframe src=javascript:alert(1)>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "<![CDATA[<script>alert(1)</script>]]>",
    "{{ 7 * 7 }}{% raw %}{{ self.__init__ }}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<body onload=alert(1)><base href=//evil.example/>",
    "<math><mtext><style><img src onerror=alert(1)></style>",
    "<ScRiPt\t>alert(1)</sCrIpT\n>",
)
NASTY = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]52;c;ZWNobw==\x1b\\",
    "\x9b2J",
    "lone \ud800 surrogate",
    "\u202egnp.exe",
    "nul\x00byte",
    "[bold red]markup[/]",
    "\u200bzero\ufeff",
    "$x^2",
)


def poisoned(value: Any, poison: Callable[[str], str]) -> Any:  # noqa: ANN401 - any part of a grade
    """Return the value with every text in it changed, however deep: more than a student could ever reach."""
    if isinstance(value, str):
        return poison(value)
    if isinstance(value, tuple):
        return tuple(poisoned(one, poison) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        return replace(value, **{name: poisoned(getattr(value, name), poison) for name in names})
    return value


def hostile(payload: str = " ".join((*NASTY, *XSS))) -> Grade:
    """Return the sample with the payload in each of its texts."""
    grade: Grade = poisoned(sample(), lambda text: f"{text} {payload}")
    states = [replace(cell, state=known.state) for cell, known in zip(grade.cells, CELLS, strict=True)]
    return replace(grade, cells=tuple(states))


ACTIVE = {
    "script",
    "iframe",
    "object",
    "embed",
    "base",
    "form",
    "math",
    "link",
    "animate",
    "set",
    "foreignobject",
    "use",
}


class Page(HTMLParser):
    """Collects what could act, and the text that people see."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.active: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in {
            "script",
            "iframe",
            "object",
            "embed",
            "base",
            "form",
            "math",
            "link",
            "animate",
            "foreignobject",
            "use",
        }:
            self.active.append(tag)
        for name, value in attrs:
            if name.startswith("on"):
                self.active.append(f"{tag} {name}")
            if name in {"href", "src", "action", "srcset"}:
                self.addresses.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def on_terminal(grade: Grade, *, width: int = 80, report: Path | None = None, tty: bool = False) -> str:
    stream = StringIO()
    console = Console(file=stream, width=width, force_terminal=tty, color_system="truecolor" if tty else None)
    console.print(terminal.summary(grade, report=report))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("value", "maximum", "shown"),
    [
        ("99.996", "100", "99.99"),
        ("100", "100", "100.00"),
        ("0", "100", "0.00"),
        ("1/1000000", "100", "0.01"),
        ("72", "100", "72.00"),
        ("0.125", "1", "0.13"),
        ("1/3", "1", "0.33"),
        ("0.005", "0.01", "0.005"),
        ("100.5", "100", "100.50"),
        ("0", "0", "0.00"),
        ("-1.005", "10", "-1.01"),
    ],
)
def test_points_are_never_rounded_up_to_full_or_down_to_nothing(value: str, maximum: str, shown: str) -> None:
    assert points.show(Fraction(value), Fraction(maximum)) == shown
    assert points.number(Fraction(value), Fraction(maximum)) == float(shown)


def test_an_accuracy_is_one_only_if_it_is() -> None:
    assert points.accuracy(0.99996) == 0.9999
    assert points.accuracy(1.0) == 1.0
    assert points.accuracy(1e-9) == 0.0001
    assert points.accuracy(math.inf) is None


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b]0;title\x07b\x1b]52;c;Zg==\x1b\\c", "abc"),
        ("\x9b2Jx\x1bcy", "xy"),
        ("\x1b\x1b[31m[32mx", "[32mx"),
        ("\ud800x\udfff", "\ufffdx\ufffd"),
        ("\u202eabc\u2066\u200b\ufeff", "abc"),
        ("a\x00b\x08\x7fc", "abc"),
        ("a\r\nb\rc\td", "a\nb\nc\td"),
        ("naïve ✓ 漢", "naïve ✓ 漢"),
    ],
)
def test_clean_removes_what_could_act(raw: str, cleaned: str) -> None:
    assert clean(raw, 100) == cleaned


@pytest.mark.parametrize("limit", [1, 2, 7, 40, 5000])
def test_clean_is_idempotent_and_bounded(limit: int) -> None:
    for text in (*XSS, *NASTY, "x" * 10_000, "\x1b" * 9_000, "…" * 50, "a\x1b]" * 3_000):
        once = clean(text, limit)
        assert len(once) <= limit
        assert clean(once, limit) == once
        assert line(line(text, limit), limit) == line(text, limit)
    assert clean("x" * 10, 4) == "xxx…"


def test_a_huge_integer_is_described() -> None:
    assert count(101_770) == "101,770"
    assert count(10**5000).startswith("more than")


def test_nothing_in_the_page_can_act() -> None:
    page = Page(html.render(hostile()))
    assert page.active == []
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in page.addresses)


@pytest.mark.parametrize("payload", [*XSS, *NASTY])
def test_each_payload_is_shown_as_text(payload: str) -> None:
    # Some payloads are nothing once they are cleaned.
    harmless = Page(html.render(hostile("harmless" if line(payload) else "")))
    page = Page(html.render(hostile(payload)))
    assert page.active == []
    # Code is split into spans and numbered lines; those are the only elements whose number may differ.
    outside_code = [[tag for tag in one.tags if tag not in {"span", "i"}] for one in (harmless, page)]
    assert outside_code[0] == outside_code[1]
    assert page.words.count(line(payload)) > 50


def test_the_page_is_complete_and_forbids_scripts() -> None:
    document = html.render(sample())
    assert document.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in document
    assert document.rstrip().endswith("</html>")
    outside = re.sub(r"base64,[A-Za-z0-9+/=]+", "", document)
    assert "http:" not in outside
    assert "https:" not in outside


def test_the_page_says_in_words_what_colours_say() -> None:
    words = Page(html.render(sample())).words
    for phrase in (
        "37.00 of 88.00 points",
        "Passed",
        "Partly right",
        "Not right yet",
        "Not started",
        "Ran out of time",
        "Waiting",
        "This is our fault, not yours, so these points stay open. Please tell your instructor.",
        "first difference",
        "The first difference is in layer 3: the activation.",
        "Layer 2 is missing",
        "101,770",
        "96.89 %",
        "The generalisation gap is small, 0.31 percentage points",
        "could not be measured",
        "↑ it stopped here",
        "↑ look here",
        "NameError: name 'cnn_model' is not defined",
        "1 hidden check",
        "Quick: training was kept short",
    ):
        assert phrase in words, phrase


def test_the_next_step_is_the_first_part_that_can_be_improved() -> None:
    words = Page(html.render(sample())).words
    following = words.split("What to do next")[1][:300]
    assert "Build the fully connected network" in following
    assert "6.00 points to gain" in following
    assert "which activation makes probabilities?" in following


def test_one_reason_for_several_checks_is_told_once() -> None:
    blank = [
        check("fc_build", name, Outcome.NOT_ATTEMPTED, 0, 5, rationale="Still XXXXXX in line 4.", hint="Fill it in.")
        for name in ("layers", "outputs", "activation")
    ]
    whole = part("fc_build", "Build", Outcome.NOT_ATTEMPTED, *blank)
    (card,) = view.parts(sample(parts=(whole,)))
    assert [each.rationale for each in card.checks] == [
        "Still XXXXXX in line 4.",
        *["First the problem above has to be solved."] * 2,
    ]
    assert [each.hint for each in card.checks] == ["Fill it in.", "", ""]


@pytest.mark.parametrize(
    ("outcome", "phrase"),
    [
        (Outcome.PASSED, "Everything passes"),
        (Outcome.GRADER_ERROR, "Tell your instructor"),
        (Outcome.NOT_RUN, "Tell your instructor"),
        (Outcome.BLOCKED, "Wait for an earlier step"),
    ],
)
def test_the_next_step_where_the_student_can_do_nothing(outcome: Outcome, phrase: str) -> None:
    one = part("a", "A", outcome, check("a", "x", outcome, 0, 1))
    assert phrase in Page(html.render(sample(parts=(one,)))).words


@pytest.mark.parametrize("render", [html.render, jsonreport.render, junit.render, on_terminal])
def test_hidden_checks_leak_nothing(render: Callable[[Grade], str]) -> None:
    assert HUSH not in render(sample())
    assert "other_sizes" not in render(sample())
    assert "second_look" not in render(sample())


@pytest.mark.parametrize("render", [html.render, jsonreport.render, junit.render, on_terminal])
def test_the_place_a_hidden_check_points_at_is_not_marked(render: Callable[[Grade], str]) -> None:
    hidden = check("a", "x", Outcome.FAILED, 0, 1, hidden=True, cell=3, line=6)
    loud = sample(parts=(part("a", "A", Outcome.FAILED, hidden),))
    quiet = replace(hidden, feedback=replace(hidden.feedback, cell=None, line=None))
    assert render(loud) == render(sample(parts=(part("a", "A", Outcome.FAILED, quiet),)))


@pytest.mark.parametrize("about", ["fc", "*"])
def test_what_a_hidden_check_expects_of_a_network_is_not_shown(about: str) -> None:
    hidden = check("a", "x", Outcome.FAILED, 0, 1, hidden=True)
    grade = sample(parts=(part("a", "A", Outcome.FAILED, replace(hidden, spec=replace(hidden.spec, about=about))),))
    fc, cnn = jsonreport.read(jsonreport.render(grade))["models"]
    assert fc["expected_parameters"] is None
    assert cnn["expected_parameters"] == (None if about == "*" else 640)
    words = Page(html.render(grade)).words
    assert ("The first difference is in layer 3" in words, "or more is enough" in words) == (False, False)
    assert "The first difference is in layer 3" in Page(html.render(grade, staff=True)).words


def test_hidden_checks_are_counted_with_their_points() -> None:
    words = Page(html.render(sample())).words
    assert "1 hidden check 0.00 of 2.00" in words
    assert "1 hidden check 3.00 of 3.00" in words
    assert "other_sizes" not in words


def test_staff_read_everything() -> None:
    assert HUSH in html.render(sample(), staff=True)
    assert "Staff copy" in html.render(sample(), staff=True)
    assert "Staff copy" not in html.render(sample())
    assert HUSH in jsonreport.render(sample(), staff=True)
    assert HUSH in junit.render(sample(), staff=True)


def test_a_part_that_fails_only_hidden_checks_is_explained() -> None:
    hidden = check("a", "x", Outcome.FAILED, 0, 1, hidden=True, rationale=HUSH, title=HUSH)
    grade = sample(parts=(part("a", "A", Outcome.FAILED, hidden),))
    for text in (Page(html.render(grade)).words, " ".join(on_terminal(grade).split())):
        assert "Every check that you can see passes here, a hidden one does not yet." in text
        assert HUSH not in text


def test_the_terminal_gets_no_escape_from_a_submission() -> None:
    plain = on_terminal(hostile())
    assert "\x1b" not in plain
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", plain)
    coloured = on_terminal(hostile(), tty=True)
    assert set(re.findall(r"\x1b.", coloured)) == {"\x1b["}
    assert re.fullmatch(r"(?:[0-9;]+m)+", "".join(re.findall(r"\x1b\[([0-9;]*.)", coloured)))


def test_the_terminal_shows_markup_as_it_is() -> None:
    one = check("a", "x", Outcome.FAILED, 0, 1, rationale="[bold red]markup[/]", hint="[link=file:///]x[/link]")
    text = on_terminal(sample(parts=(part("[blink]A", "[blink]A", Outcome.FAILED, one),)))
    for literal in ("[bold red]markup[/]", "[link=file:///]x[/link]", "[blink]A"):
        assert literal in text


def test_staff_see_where_a_check_raised_and_students_do_not() -> None:
    trace = "checks.py:7 in wanted: return 1 / 0\nZeroDivisionError: \x1b[2Jdivision [red]by zero"
    told = Feedback(rationale="It is not your fault.", trace=trace)
    broken = CheckResult(spec=sample().parts[0].checks[0].spec, outcome=Outcome.GRADER_ERROR, feedback=told)
    grade = replace(sample(), parts=(replace(sample().parts[0], status=Outcome.GRADER_ERROR, checks=(broken,)),))
    stream = StringIO()
    Console(file=stream, width=80).print(terminal.summary(grade, report=None, staff=True))
    shown = [line.strip() for line in stream.getvalue().splitlines()]
    where = shown.index("checks.py:7 in wanted: return 1 / 0")
    assert shown[where + 1] == "ZeroDivisionError: division [red]by zero"
    for text in (on_terminal(grade), html.render(grade), jsonreport.render(grade), junit.render(grade)):
        assert "checks.py:7" not in text


def test_the_terminal_summary_reads_well_without_colour_at_80_columns() -> None:
    text = on_terminal(sample(), report=Path("out") / "report.html")
    assert max(map(len, text.splitlines())) <= 80
    for phrase in (
        "37.00 of 88.00 points",
        "✗ Evaluate it",
        "Not started",
        "Our fault",
        "Try: Look at the name",
    ):
        assert phrase in text, phrase
    assert text.rstrip().endswith("report.html")


def test_the_json_report_has_the_promised_shape() -> None:
    text = jsonreport.render(sample())
    report = jsonreport.read(text)
    assert list(report) == [
        "format", "language", "lab", "submission", "run", "score", "waiting_points", "parts", "models", "findings",
        "cells", "duration_s",
    ]  # fmt: skip
    assert report["score"] == {
        "points": 37.0,
        "max_points": 88.0,
        "hidden": {"checks": 2, "points": 3.0, "max_points": 5.0},
    }
    assert [one["status"] for one in report["parts"]][:3] == ["passed", "partial", "failed"]
    assert report["models"][0]["test_accuracy"] == 0.9689
    assert report["models"][1]["train_accuracy"] is None
    assert report["models"][1]["history"]["loss"] == [None, None, 0.2]
    assert report["cells"][2] == {
        "index": 4,
        "state": "raised",
        "exception": "NameError: name 'cnn_model' is not defined",
        "failing_line": 2,
    }
    assert json.dumps(report, indent=2) + "\n" == text


def test_every_check_of_the_grade_is_in_the_json_report() -> None:
    report = jsonreport.read(jsonreport.render(sample(), staff=True))
    reported = [one["id"] for part_ in report["parts"] for one in part_["checks"]]
    assert reported == [one.spec.id for part_ in parts() for one in part_.checks]


def test_a_part_that_was_not_run_is_reported_as_our_fault() -> None:
    one = part("a", "A", Outcome.NOT_RUN, check("a", "x", Outcome.NOT_RUN, 0, 1))
    report = jsonreport.read(jsonreport.render(sample(parts=(one,))))
    assert report["parts"][0]["status"] == "grader_error"
    assert report["parts"][0]["checks"][0]["outcome"] == "not_run"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2}', '{"format": true}', '{"format": NaN}', "[" * 100_000]
)
def test_other_formats_are_refused(text: str) -> None:
    with pytest.raises(MachineError) as caught:
        jsonreport.read(text)
    assert caught.value.slug == "report-format"


def cases(document: str) -> Iterator[tuple[ET.Element, ET.Element]]:
    root = ET.fromstring(document)  # noqa: S314 - our own output
    for suite in root.iter("testsuite"):
        for case in suite.iter("testcase"):
            yield suite, case


@pytest.mark.parametrize("build", [sample, hostile])
def test_junit_counts_agree_with_its_cases(build: Callable[[], Grade]) -> None:
    found = list(cases(junit.render(build())))
    suite = found[0][0]
    for attribute, node in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[attribute]) == sum(case.find(node) is not None for _, case in found)
    assert int(suite.attrib["tests"]) == len(found) == sum(len(one.checks) for one in parts())
    assert (suite.attrib["failures"], suite.attrib["errors"], suite.attrib["skipped"]) == ("5", "1", "1")


def test_junit_cases_carry_names_and_points() -> None:
    _, case = list(cases(junit.render(sample())))[2]
    assert (case.attrib["classname"], case.attrib["name"]) == ("mnist_cnn.fc_build", "activation_of_output")
    values = {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}
    assert values == {"points": "0.00", "max_points": "4.00"}


@pytest.mark.parametrize("render", [html.render, jsonreport.render, junit.render, on_terminal])
def test_the_same_grade_gives_the_same_bytes(render: Callable[[Grade], str]) -> None:
    assert render(sample()).encode() == render(sample()).encode()


@pytest.mark.parametrize("render", [html.render, jsonreport.render, junit.render, on_terminal])
def test_an_empty_grade_can_be_reported(render: Callable[[Grade], str]) -> None:
    empty = sample(parts=(), models=(), predictions=(), cells=(), findings=(), earned=Fraction(0), points=Fraction(0))
    assert "0.0" in render(empty)


def test_the_page_stays_small() -> None:
    assert len(html.render(sample())) < 400_000
    flood = CellView(
        index=0, state="ok", source="x = '<&>'\n" * 50_000, output="<" * 1_000_000, exception="e" * 100_000
    )
    assert len(html.render(sample(cells=(flood,)))) < 1_000_000


def test_no_submission_makes_a_large_page() -> None:
    worst = max((XSS[0], "'<&>\n", "1+", "é"), key=lambda text: len(html.render(flooded(text), staff=True)))
    assert len(html.render(flooded(worst), staff=True).encode()) < 1_500_000
    shown = Page(html.render(flooded("x\n"))).words
    assert shown.count("The code is longer than this report shows.") > 100


def flooded(text: str) -> Grade:
    """Return a grade of a submission that has as much of a text as it may have, everywhere."""
    cell = CellView(index=0, state="raised", source=text * 20_000, output=text * 20_000, exception=text * 2_000)
    return sample(cells=tuple(replace(cell, index=number) for number in range(300)))


@pytest.mark.timeout(20)
def test_blank_lines_are_coloured_in_no_time() -> None:
    source = "x = 1\n" + " \n" * 20_000 + "y = 2"
    (cell,) = codeview.cells(sample(cells=(CellView(index=1, state="ok", source=source),)))
    assert cell.lines[0].tokens == codeview._rows("x = 1")[0]
    assert cell.lines[1].tokens == ()


def test_only_where_a_cell_stopped_it_says_so() -> None:
    ran = replace(CELLS[1], failing_line=5)
    grade = sample(cells=(ran, CELLS[2]))
    page = html.render(grade)
    assert page.count("↑ it stopped here") == 1
    assert page.count("↑ look here") == 1
    assert "tf.keras.layers.Dense(128, activation=&#39;relu&#39;),</code>" in page


def test_a_check_that_passed_says_nothing_where_there_is_nothing_to_say() -> None:
    whole = part("a", "A", Outcome.PASSED, check("a", "x", Outcome.PASSED, 1, 1, rationale="As it should be."))
    assert "As it should be." not in html.render(sample(parts=(whole,)))


def test_parts_that_need_no_work_are_folded() -> None:
    folded = {card.title: card.open for card in view.parts(sample())}
    assert folded["Prepare the data"] is False
    assert folded["Build the fully connected network"] is True
    assert folded["Write the training loop yourself"] is False
    blank = part("a", "A", Outcome.NOT_ATTEMPTED, check("a", "x", Outcome.NOT_ATTEMPTED, 0, 1))
    (first, second) = view.parts(sample(parts=(blank, replace(blank, id="b"))))
    assert (first.open, second.open) == (True, False)


def test_files_are_written_in_full_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.json"
    write_atomically(target, "old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, "new")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_all_reports_are_written(tmp_path: Path) -> None:
    written = write_reports(hostile(), tmp_path / "new" / "folder")
    assert [path.name for path in written] == ["report.html", "report.json", "junit.xml"]
    assert all(path.read_bytes().decode("utf-8") for path in written)


def test_importing_reports_is_light() -> None:
    code = "import sys, grader.report.html, grader.report.terminal; print('matplotlib' in sys.modules)"
    root = Path(html.__file__).parents[2]
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "False"


HOSTILE_CELLS = [
    "=HYPERLINK(1)",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "  =1",
    "＝1",
    "\u200b=1",
    "|cmd",
    "%0",
    "\r=1",
    "\ud800=1",
]


@pytest.mark.parametrize("value", HOSTILE_CELLS)
def test_no_cell_of_a_table_is_a_formula(value: str) -> None:
    shown = csv_cell(value)
    assert unicodedata.normalize("NFKC", shown).lstrip()[:1] not in set("=+-@|%")
    assert csv_cell("Ada Lovelace, 95.5") == "Ada Lovelace, 95.5"


@pytest.mark.parametrize(
    "value",
    [
        "<script>",
        "[a](javascript:x)",
        "![a](http://x)",
        "# a",
        "`a`",
        "**a**",
        "| a |",
        "http://x",
        "@everyone",
        "a\n\n# b",
    ],
)
def test_nothing_in_a_line_of_markdown_is_markup(value: str) -> None:
    shown = markdown(value)
    assert "\n" not in shown
    assert "<" not in shown
    assert "://" not in shown
    assert re.search(r"(?<!\\)[`*#\[\]()|!]", shown) is None


def test_an_annotation_stays_one_command() -> None:
    shown = annotation("a\n::set-output name=score::100\r\n::error::%0A")
    assert "\n" not in shown
    assert "\r" not in shown
    assert shown == "a%0A::set-output name=score::100%0A::error::%250A"


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, ""), (1, "1"), (4, "1 · 2 · 3 · 4"), (5, "1 · 2 · 3 · and 2 more"), (11, "1 · 2 · 3 · and 8 more")],
)
def test_of_many_places_the_first_are_told(number: int, told: str) -> None:
    assert words.few([str(each) for each in range(1, number + 1)]) == told
