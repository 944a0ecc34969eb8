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

from grader import points
from grader.errors import MachineError
from grader.model import (
    CellView,
    CheckResult,
    CheckSpec,
    Feedback,
    Grade,
    History,
    LayerRow,
    ModelView,
    Outcome,
    PartResult,
    Prediction,
    RunFacts,
)
from grader.report import figures, html, jsonreport, junit, terminal, view, write_atomically, write_reports
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
HUSH = "zyzzyva"

LAYERS = (
    LayerRow(kind="Flatten", output_shape=(784,), parameters=0),
    LayerRow(kind="Dense", output_shape=(128,), parameters=100_480, activation="relu", settings=(("units", "128"),)),
    LayerRow(kind="Dense", output_shape=(10,), parameters=1_290, activation="softmax"),
)
CONV = (
    LayerRow(
        kind="Conv2D",
        output_shape=(26, 26, 64),
        parameters=640,
        activation="relu",
        settings=(("kernel_size", "3×3"),),
    ),
    LayerRow(kind="MaxPooling2D", output_shape=(13, 13, 64), parameters=0),
)


def check(
    part: str,
    name: str,
    outcome: Outcome,
    earned: int,
    maximum: int,
    **more: Any,  # noqa: ANN401 - fields of feedback
) -> CheckResult:
    hidden = more.pop("hidden", False)
    title = more.pop("title", name.replace("_", " ").capitalize())
    spec = CheckSpec(id=name, part=part, title=title, points=Fraction(maximum), hidden=hidden)
    return CheckResult(
        spec=spec, outcome=outcome, earned=Fraction(earned), feedback=Feedback(**{"rationale": "", **more})
    )


def part(name: str, title: str, status: Outcome, *checks: CheckResult) -> PartResult:
    earned, maximum = sum(one.earned for one in checks), sum(one.spec.points for one in checks)
    return PartResult(
        id=name, title=title, status=status, earned=Fraction(earned), points=Fraction(maximum), checks=checks
    )


def parts() -> tuple[PartResult, ...]:
    o = Outcome
    return (
        part("data_prep", "Prepare the data", o.PASSED, check("data_prep", "pixels_scaled", o.PASSED, 5, 5)),
        part(
            "fc_build",
            "Build the fully connected network",
            o.PARTIAL,
            check(
                "fc_build",
                "layers_as_expected",
                o.PASSED,
                9,
                9,
                rationale="Three layers, 101,770 parameters.",
            ),
            check(
                "fc_build",
                "activation_of_output",
                o.FAILED,
                0,
                4,
                rationale="The last layer has no activation; expected softmax, found linear.",
                hint="Ten numbers that add up to 1: which activation makes probabilities?",
                cell=3,
                line=5,
            ),
            check(
                "fc_build",
                "other_sizes",
                o.FAILED,
                0,
                2,
                hidden=True,
                title=f"t {HUSH}",
                rationale=HUSH,
                hint=HUSH,
            ),
        ),
        part(
            "fc_evaluate",
            "Evaluate it on images it never saw",
            o.FAILED,
            check(
                "fc_evaluate",
                "right_network_evaluated",
                o.FAILED,
                0,
                10,
                rationale="`cnn_model` was evaluated where `model` was asked for.",
                hint="Look at the name before `.evaluate`.",
                cell=4,
                line=2,
            ),
        ),
        part(
            "cnn_build",
            "Build the convolutional network",
            o.PASSED,
            check("cnn_build", "layers_of_the_cnn", o.PASSED, 20, 20),
            check("cnn_build", "second_look", o.PASSED, 3, 3, hidden=True, title=f"t {HUSH}", rationale=HUSH),
        ),
        part(
            "cnn_fit",
            "Train it",
            o.TIMED_OUT,
            check("cnn_fit", "trains", o.TIMED_OUT, 0, 5, hint="Train fewer epochs."),
        ),
        part("cnn_evaluate", "Compare the two", o.BLOCKED, check("cnn_evaluate", "compares", o.BLOCKED, 0, 10)),
        part(
            "prediction",
            "Read a prediction",
            o.GRADER_ERROR,
            check("prediction", "takes_argmax", o.GRADER_ERROR, 0, 5),
        ),
        part(
            "gradient_tape",
            "Write the training loop yourself",
            o.NOT_ATTEMPTED,
            check(
                "gradient_tape",
                "loss_goes_down",
                o.NOT_ATTEMPTED,
                0,
                15,
                rationale="Cell 5 still has XXXXXX in it.",
                hint="Start with the forward pass: logits = model(images).",
                cell=5,
                line=3,
            ),
        ),
    )


def models() -> tuple[ModelView, ...]:
    linear = replace(LAYERS[2], activation="linear")
    return (
        ModelView(
            role="fc",
            title="Fully connected network",
            variable="model",
            layers=(*LAYERS[:2], linear),
            expected_layers=LAYERS,
            parameters=101_770,
            expected_parameters=101_770,
            history=History(loss=(0.36, 0.19, 0.14, 0.11, 0.09), accuracy=(0.9, 0.946, 0.96, 0.968, 0.972)),
            train_accuracy=0.972,
            test_accuracy=0.96891,
            expected_accuracy=0.96,
            rebuilt=True,
        ),
        ModelView(
            role="cnn",
            title="Convolutional network",
            variable="cnn_model",
            layers=CONV[:1],
            expected_layers=CONV,
            parameters=640,
            expected_parameters=640,
            history=History(loss=(math.nan, math.inf, 0.2), accuracy=(math.nan, 0.9, 0.95), val_loss=(0.4, 0.3)),
            train_accuracy=math.nan,
            test_accuracy=None,
            expected_accuracy=None,
            rebuilt=False,
        ),
    )


def prediction(place: int) -> Prediction:
    """Draw a seven or a one, so that a picture of the report looks like one."""
    seven = place % 3 != 0

    def ink(row: int, column: int) -> int:
        if seven and 6 <= row <= 8 and 8 <= column <= 20:
            return 255
        slant = 20 - (row - 8) // 2 if seven else 14
        return 255 if 6 <= row <= 22 and slant - 1 <= column <= slant + 1 else 0

    pixels = tuple(bytes(ink(row, column) for column in range(28)) for row in range(28))
    truth, guess = (7 if seven else 1), (7 if seven or place == 6 else 1)
    shares = [0.004] * 10
    shares[guess] = 0.964 if place % 4 else 0.55
    return Prediction(pixels=pixels, truth=truth, guess=guess, confidences=tuple(shares))


CELLS = (
    CellView(
        index=1,
        state="ok",
        source="import tensorflow as tf\nimport numpy as np",
        output="2.20.0\n",
        seconds=0.1,
    ),
    CellView(
        index=3,
        state="ok",
        source="def build_fc_model():\n"
        "    # a comment\n"
        "    return tf.keras.Sequential([\n"
        "        tf.keras.layers.Flatten(),\n"
        "        tf.keras.layers.Dense(128, activation='relu'),\n"
        "        tf.keras.layers.Dense(10),\n"
        "    ])\n\n"
        "model = build_fc_model()",
    ),
    CellView(
        index=4,
        state="raised",
        source="# Evaluate\n"
        "test_loss, test_acc = cnn_model.evaluate(test_images, test_labels)\n"
        "print('Test accuracy:', test_acc)",
        failing_line=2,
        exception="NameError: name 'cnn_model' is not defined",
        output="Epoch 1/5\r938/938 - 2s - loss: 0.36\n",
        seconds=0.4,
    ),
    CellView(
        index=5,
        state="placeholder",
        source="with tf.GradientTape() as tape:\n    logits = model(images)\n    loss = XXXXXX",
    ),
    CellView(index=6, state="budget_reached", source="cnn_model.fit(train_images, train_labels)"),
)


def sample(**changes: Any) -> Grade:  # noqa: ANN401 - any field of a grade
    facts = RunFacts(
        effort="quick",
        data="synthetic",
        seed=7,
        tier="B",
        versions=(("python", "3.12.3"), ("tensorflow", "2.20.0"), ("grader", "0.1.0")),
        caps=("Training of `model` saw 6,000 of 60,000 images.",),
        notes=("MNIST was not to be had, so the drawn digits were used.",),
    )
    all_parts = parts()
    grade = Grade(
        lab="mnist_cnn",
        lab_title="Handwritten digits: from dense layers to convolutions",
        submission_id="lovelace",
        submission_file="lovelace_lab.ipynb",
        sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        run=facts,
        earned=sum((one.earned for one in all_parts), Fraction(0)),
        points=sum((one.points for one in all_parts), Fraction(0)),
        parts=all_parts,
        models=models(),
        predictions=tuple(prediction(place) for place in range(12)),
        cells=CELLS,
        findings=("The network that was evaluated is not the one that was trained.",),
        duration_s=8.21,
    )
    return replace(grade, **changes)


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


def hostile(payload: str = " ".join((*NASTY, *XSS)), *, figures: bool = True) -> Grade:
    """Return the sample with the payload in each of its texts; without figures it renders in milliseconds."""
    grade: Grade = poisoned(sample() if figures else undrawn(), lambda text: f"{text} {payload}")
    states = [replace(cell, state=known.state) for cell, known in zip(grade.cells, CELLS, strict=True)]
    return replace(grade, cells=tuple(states))


def undrawn(**changes: Any) -> Grade:  # noqa: ANN401 - any field of a grade
    """Return the sample without what needs matplotlib."""
    bare = tuple(replace(model, history=History()) for model in models())
    return sample(**{"models": bare, "predictions": (), **changes})


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
        if tag in {"script", "iframe", "object", "embed", "base", "form", "svg", "math", "link"}:
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
    assert all(address.startswith(("#", "data:image/svg+xml;base64,")) for address in page.addresses)


@pytest.mark.parametrize("payload", [*XSS, *NASTY])
def test_each_payload_is_shown_as_text(payload: str) -> None:
    # Some payloads are nothing once they are cleaned.
    harmless = Page(html.render(hostile("harmless" if line(payload) else "", figures=False)))
    page = Page(html.render(hostile(payload, figures=False)))
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
        "This is our fault, not yours: it costs you nothing. Please tell your instructor.",
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
    assert [each.rationale for each in card.checks] == ["Still XXXXXX in line 4.", *["For the same reason."] * 2]
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
    assert ("The first difference is in layer 3" in words, "or more is in order" in words) == (False, False)
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
    text = on_terminal(undrawn(parts=(part("[blink]A", "[blink]A", Outcome.FAILED, one),)))
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
        "format", "lab", "submission", "run", "score", "waiting_points", "parts", "models", "findings", "cells",
        "duration_s",
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


def test_figures_are_drawn_from_any_numbers() -> None:
    wild = History(loss=(1e308, -math.inf, math.nan), accuracy=(math.nan,), val_accuracy=tuple([0.5] * 5000))
    titled = replace(models()[0], history=wild, title="$\\frac{ 漢 🎓")
    odd = replace(prediction(0), guess=99, confidences=(math.nan, math.inf, -1.0))
    assert figures.learning_curves([titled]).startswith("<svg")
    assert figures.prediction_grid([odd]).startswith("<svg")
    assert figures.learning_curves([replace(titled, history=History())]) == ""
    assert figures.prediction_grid([]) == ""


def test_figures_are_plain_drawings() -> None:
    for drawing in (figures.learning_curves(models()), figures.prediction_grid([prediction(0)])):
        root = ET.fromstring(drawing)  # noqa: S314 - our own output
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "defs", "style", "g", "path", "use", "clipPath", "rect", "image", "metadata"}
        assert "wrong" not in drawing
        assert "<!DOCTYPE" not in drawing


def test_the_page_stays_small() -> None:
    assert len(html.render(sample())) < 400_000
    flood = CellView(
        index=0, state="ok", source="x = '<&>'\n" * 50_000, output="<" * 1_000_000, exception="e" * 100_000
    )
    assert len(html.render(sample(cells=(flood,)))) < 1_000_000


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
