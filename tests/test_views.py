"""What a report is made from: counts of held-out images, surest mistakes, the story of the run; further hints."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import quiz
from samples import HUSH, STORY, sample

from grader import labs
from grader.evidence import Call, DataFacts, Names, Snapshot
from grader.judge import awards, story, views
from grader.judge.case import Case
from grader.judge.defects import DEFECTS
from grader.judge.ladder import DEEPER
from grader.judge.verdict import Verdict, feedback
from grader.labs import ExpectedNetwork
from grader.model import CheckResult, CheckSpec, Feedback, LayerRow, Outcome
from grader.report import html, jsonreport, staffview
from grader.verification import VerifiedNetwork
from grader.wire import Array

DENSE = (LayerRow(kind="Dense", output_shape=(10,), parameters=7_850, activation="softmax"),)
TRUTH = np.array([3, 3, 3, 5, 0], np.uint8)
HIDDEN = "hunter2hunter2"


def case_of(outputs: Array, *calls: Call, logits: bool = False) -> Case:
    """Return a case with one network that gives these outputs for five held-out images."""
    lab = labs.find(labs.FLAGSHIP)
    role = replace(lab.roles[0], logits=logits)
    case = quiz.case_from(replace(lab, roles=(role,)), (), {})
    seen = Snapshot(
        model=1, call=2, stage="trained", kind="Sequential", layers=DENSE, parameters=7_850, spec=None, data=None,
        weights=(), claimed=None,
    )  # fmt: skip
    network = VerifiedNetwork(model=1, call=2, layers=DENSE, parameters=7_850, rebuilt=True, outputs=outputs)
    images = np.zeros((len(TRUTH), 28, 28), np.uint8)
    names = (Names(cell=1, models={role.variable: 1}),)
    return replace(
        case,
        evidence=replace(case.evidence, snapshots=(seen,), names=names, calls=calls),
        verified=replace(case.verified, networks={(1, 2): network}, images=images, labels=TRUTH),
        expected=replace(case.expected, networks={role.id: ExpectedNetwork(layers=DENSE, parameters=7_850)}),
    )


def answers(*pairs: tuple[int, float]) -> Array:
    """Return outputs in which each image gets one digit with one probability, and the others share the rest."""
    rows = [[share if digit == guess else (1 - share) / 9 for digit in range(10)] for guess, share in pairs]
    return np.array(rows, np.float32)


ANSWERS = answers((3, 0.9), (8, 0.6), (5, 0.95), (5, 0.5), (0, 0.8))


def test_held_out_images_are_counted_by_truth_and_answer() -> None:
    (view,) = views.networks(case_of(ANSWERS))
    assert view.test_accuracy == 0.6
    assert sum(map(sum, view.confusion)) == 5
    assert (view.confusion[3][3], view.confusion[3][8], view.confusion[3][5]) == (1, 1, 1)
    assert (view.confusion[5][5], view.confusion[0][0]) == (1, 1)


def test_mistakes_come_with_the_surest_first_and_images_as_they_are() -> None:
    first, mistakes = views.predictions(case_of(ANSWERS))
    assert [(one.truth, one.guess) for one in first] == [(3, 3), (3, 8), (3, 5), (5, 5), (0, 0)]
    assert [(one.truth, one.guess) for one in mistakes] == [(3, 5), (3, 8)]


def test_what_is_no_answer_is_not_counted() -> None:
    for odd in (ANSWERS[:, :9], ANSWERS[:3], ANSWERS[:, 0], np.full((5, 10), np.nan, np.float32)):
        (view,) = views.networks(case_of(odd))
        assert view.confusion == ()


def test_logits_are_shown_as_probabilities() -> None:
    logits = np.log(ANSWERS) + 20
    first, _ = views.predictions(case_of(logits, logits=True))
    assert abs(first[0].confidences[3] - 0.9) < 1e-5
    assert abs(sum(first[0].confidences) - 1) < 1e-6
    clipped, _ = views.predictions(case_of(logits))
    assert clipped[0].confidences == (1.0,) * 10


FACTS = DataFacts(
    split="test", rows=10_000, shape=(28, 28), dtype="float32", low=0, high=1, labels="integer", scale=None, offset=None
)
EVALUATED = Call(
    number=3, name="evaluate", cell=8, line=1, model=1, data=FACTS, settings={}, result={"values": [0.42, 0.868]},
    error=f"no {HIDDEN}", finished=True,
)  # fmt: skip


def test_the_story_says_which_network_saw_which_data() -> None:
    (event,) = story.events(case_of(ANSWERS, EVALUATED), {HIDDEN})
    assert (event.name, event.split, event.rows, event.labels) == ("evaluate", "test", 10_000, "integer")
    assert event.role == "fully connected network"
    assert event.result == "= 0.42; 0.868"
    assert HIDDEN not in event.error
    (row,) = staffview.view(sample(story=(event,))).story
    assert row[0] == "cell 8, line 1"
    assert row[3] == "10,000 test images with their labels"


def test_a_result_of_any_shape_can_be_told() -> None:
    odd: dict[str, object] = {"history": {"loss": [None, "x"], "": []}, "values": [[1], {}, None], "shape": ["a" * 99]}
    call = replace(EVALUATED, data=None, model=None, cell=None, line=None, result=odd, settings={"loss": {"a": 1}})
    (event,) = story.events(case_of(ANSWERS, call), ())
    assert len(event.result) < 200
    many = story.events(case_of(ANSWERS, *[call] * 1_000), ())
    assert len(many) == story.EVENTS_SHOWN


def test_staff_are_told_what_honest_work_seldom_has() -> None:
    case = case_of(ANSWERS)
    assert story.integrity(case, ()) == ()
    spec = CheckSpec(id="a", part="fc_fit", title="It learns.", points=Fraction(1))
    bad = CheckResult(spec=spec, outcome=Outcome.FAILED, feedback=Feedback(rationale="", defect="history-made-up"))
    rough = replace(case, evidence=replace(case.evidence, malformed=2, ending="wall"))
    notes = story.integrity(rough, (bad,))
    assert len(notes) == 3
    assert "2 records" in notes[0]
    assert "`history-made-up`" in notes[1]
    assert "wall" in notes[2]


def test_only_staff_read_the_story() -> None:
    secret = tuple(replace(event, name=HUSH, error=HUSH, result=HUSH) for event in STORY)
    grade = sample(story=secret, integrity=(HUSH,))
    assert HUSH not in html.render(grade)
    assert HUSH not in jsonreport.render(grade)
    assert html.render(grade) == html.render(replace(grade, story=(), integrity=()))
    staff = html.render(sample(), staff=True)
    assert "The story of the run: 2 requests" in staff
    assert "with labels that are not theirs" in staff
    assert "The run ended before its end (wall)." in staff


# The ladder


def test_further_hints_belong_to_defects_and_say_something_else() -> None:
    assert set(DEEPER) <= set(DEFECTS)
    assert len(DEEPER) > 0.9 * len(DEFECTS)
    for slug, text in DEEPER.items():
        assert text not in (DEFECTS[slug].hint, DEFECTS[slug].message)
        assert "{" not in text, "details are for the hint"


def test_no_further_hint_has_code_that_would_be_right() -> None:
    """Calls, keyword arguments and indices would be the solution; names of what to print or to read are not."""
    for text in DEEPER.values():
        shown = [piece for number, piece in enumerate(text.split("`")) if number % 2]
        assert all("=" not in piece and "[" not in piece and "(" not in piece.removesuffix("()") for piece in shown), (
            text
        )


def test_a_further_hint_comes_with_the_feedback() -> None:
    told = feedback("no-accuracy")
    assert told.deeper == DEEPER["no-accuracy"]
    assert feedback("answer-missing", name="x").deeper == ""
    page = html.render(sample())
    assert "Predict a single image and print the sum of the row." in page
    assert page.count('<details class="deeper">') == 1


def test_a_lab_s_own_check_can_give_a_further_hint() -> None:
    with pytest.raises(Verdict) as caught:
        awards.fail("Too few.", hint="Count them.", deeper="Print the length before and after.")
    assert caught.value.feedback.deeper == "Print the length before and after."
