"""Judgements on single records: what counts as learning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import quiz

from grader import labs
from grader import record as records
from grader.evidence import Axes, Call, DataFacts, Figure, FunctionRun, Names, Numbers, Snapshot, TapeStep, Value
from grader.judge import architecture, figures, loops
from grader.judge import images as scaling
from grader.judge.case import Case
from grader.judge.functions import _compare
from grader.judge.reading import courses, place_of_made
from grader.judge.training import _curve_problem, _is_still_learning
from grader.judge.verdict import NOWHERE, Verdict
from grader.labs import Lab
from grader.model import Effort, LayerRow
from grader.verification import Verified
from grader.wire import Array


def fit(*losses: float) -> Call:
    return Call(
        number=1,
        name="fit",
        cell=1,
        line=1,
        model=1,
        data=None,
        settings={},
        result={"history": {"loss": list(losses)}},
        error="",
        finished=True,
    )


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ((2.2, 2.1, 2.0), True),
        ((2.35, 2.34, 2.29), True),
        ((2.35, 2.35, 2.35), False),
        ((1e6, 1e5, 1e4), False),
        ((9.0, 2.31, 2.31), False),
        ((2.0,), True),
        ((2.29,), False),
        ((), False),
    ],
)
def test_a_loss_that_falls_is_learning(losses: tuple[float, ...], expected: object) -> None:
    assert _is_still_learning([fit(*losses)]) is expected


def test_a_loss_that_rises_is_named() -> None:
    assert _curve_problem(fit(1.0, 0.5).result["history"]) is None
    assert _curve_problem(fit(1.0, 1.2).result["history"]) == ("loss-does-not-fall", {})
    assert _curve_problem(fit(1.0).result["history"]) == ("one-epoch", {})


def test_the_curves_of_several_goes_are_one_course() -> None:
    goes = [fit(1.0), replace(fit(0.5), model=2), fit(0.8)]
    assert [course["loss"] for course in courses(goes)] == [[1.0], [0.5], [0.8], [1.0, 0.8]]


def returned(result: Array | None, kind: str = "float64 []") -> FunctionRun:
    return FunctionRun(
        name="f", trial=0, cell=None, line=None, error="", kinds=(kind,), facts=(None,), results=(result,)
    )


@pytest.mark.parametrize(
    ("run", "defect"),
    [
        (returned(np.float64(1.0) * np.ones(())), ""),
        (returned(np.ones(()) * (1 + 1e-6)), ""),
        (returned(np.ones(()) * 1.1), "function-value"),
        (returned(np.ones(3)), "function-shape"),
        (returned(None, "str"), "function-no-numbers"),
        (returned(None, "float32 [60000, 784]"), "function-shape"),
        (returned(None, "NoneType"), "function-nothing"),
    ],
)
def test_what_a_function_returns_is_compared(run: FunctionRun, defect: str) -> None:
    found = ""
    try:
        _compare(run, [np.ones(())], NOWHERE)
    except Verdict as verdict:
        found = verdict.feedback.defect
    assert found == defect


def axes(title: str, label: int = 7) -> Axes:
    return Axes(title=title, labels=("", ""), images=1, lines=(), split="test", row=0, label=label)


@pytest.mark.parametrize(
    ("title", "truth", "right", "wrong"),
    [
        ("Predicted 7, true 7", True, True, False),
        ("Predicted 3, true 7", True, False, True),
        ("pred=7\nlabel=7", True, True, False),
        ("7", True, False, False),
        ("7 (98.7%) 7", True, True, False),
        ("3 (97%), is 7", True, False, True),
        ("[7] vs [7]", True, True, False),
        ("7.2 and 7.5", False, False, False),
        ("Predicted 7.0, true 7", True, True, False),
        ("Predicted 3.0, true 7.0", True, False, True),
        ("Predicted 3 (1.0), true 7", True, False, True),
        ("Predicted 7, true 3", True, False, False),
        ("Predicted 7, Class 3", True, False, False),
        ("True label: 7, predicted label: 3", True, False, True),
        ("True label: 3, predicted label: 7", True, False, False),
        ("truth/prediction: 7/3", True, False, True),
        ("seven", True, False, False),
        ("Predicted three (98 %), true seven", True, False, True),
        ("Sieben, Sieben", True, True, False),
        ("One of the images: 7", True, False, False),
        ("Predicted 3, true 5", False, False, False),
        ("Image 1 in row 2: predicted 3, true 7", True, False, True),
        ("0 1 2 3 4 5 6 7 8 9", False, False, False),
        ("0 0 1 1 2 2 3 3 4 4 5 5 6 6 7 7 8 8 9 9", False, False, False),
        ("", False, False, False),
    ],
)
def test_titles_are_read(title: str, truth: object, right: object, wrong: object) -> None:
    found = axes(title)
    assert figures.says_truth(found) is truth
    assert figures.says_right_prediction(found) is right
    assert figures.says_wrong_prediction(found) is wrong


@pytest.mark.parametrize(
    ("title", "label", "predicted", "expected"),
    [
        ("Predicted 3, true 7", 7, (3,), True),
        ("Predicted 3, true 7", 7, (), True),
        ("Predicted 3, true 7", 7, (7,), False),
        ("Predicted 3, true 7", 7, (5, 3), True),
        ("Predicted 7, true 7", 7, (7,), True),
        ("true 7 at 98 %", 7, (), False),
    ],
)
def test_a_title_says_what_was_predicted(title: str, label: int, predicted: tuple[int, ...], expected: object) -> None:
    assert figures.says_prediction_and_truth(replace(axes(title, label), predicted=predicted)) is expected


def figure(line: int | None, *shown: Axes) -> Figure:
    return Figure(cell=1, line=line, title="", axes=shown)


def test_pictures_that_a_loop_shows_one_by_one_count_together() -> None:
    ones = [replace(axes("7"), row=row) for row in range(3)]
    together = figures.with_loops([figure(4, one) for one in ones])
    assert max(len(found.axes) for found in together) == 3
    assert len(figures.with_loops([figure(4, ones[0]), figure(5, ones[1])])[-1].axes) == 1
    assert len(figures.with_loops([figure(4, *ones), figure(4, *ones)])) == 2


def test_a_curve_may_be_in_percent() -> None:
    drawn = replace(axes(""), lines=((91.0, 95.5), (0.3, 0.2)))
    assert figures.has_curve(drawn, [0.91, 0.955])
    assert figures.has_curve(drawn, [0.3, 0.2])
    assert not figures.has_curve(drawn, [0.91, 0.96])
    assert not figures.has_curve(drawn, [0.3, None])


def snapshot(model: int, stage: str, *weights: float) -> Snapshot:
    return Snapshot(
        model=model,
        call=0,
        stage=stage,
        kind="Sequential",
        layers=(),
        parameters=0,
        spec=None,
        data=None,
        weights=tuple(np.full(2, weight) for weight in weights),
        claimed=None,
    )


@pytest.mark.parametrize(
    ("snapshots", "copies"),
    [
        ([snapshot(1, "trained", 5), snapshot(2, "untrained", 5), snapshot(3, "untrained", 4)], {2: 1}),
        ([snapshot(1, "untrained", 5), snapshot(2, "untrained", 5), snapshot(3, "untrained", 5)], {2: 1, 3: 1}),
        ([snapshot(1, "untrained", 5), snapshot(2, "untrained", 5), snapshot(4, "trained", 5)], {1: 4, 2: 4}),
        ([snapshot(1, "untrained"), snapshot(2, "untrained")], {}),
    ],
)
def test_a_network_made_of_another_one_is_known_by_its_weights(
    snapshots: list[Snapshot], copies: dict[int, int]
) -> None:
    case = quiz.case_from(labs.find(labs.FLAGSHIP), (), {})
    case = replace(case, evidence=replace(case.evidence, snapshots=tuple(snapshots)))
    assert case.copies == copies


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (np.full((4, 10), 0.1), True),
        (np.full((4, 11), 1 / 11), True),
        (np.full((4, 28, 10), 0.1), True),
        (np.full((4, 10), 0.2), False),
        (np.array([[1.5, -0.5]]), False),
        (np.ones(3), False),
        (np.ones((0, 10)), False),
    ],
)
def test_what_a_softmax_gives(outputs: Array, expected: object) -> None:
    assert architecture.are_distributions(outputs) is expected


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (np.full((4, 10), 0.1), ""),
        (np.full((4, 12), 1 / 12), ""),
        (np.full((4, 10), 0.2), "no-probabilities"),
        (np.full((4, 10), np.nan), "no-probabilities"),
        (None, "no-outputs"),
    ],
)
def test_how_many_outputs_there_are_is_charged_once(outputs: Array | None, expected: str) -> None:
    layer = LayerRow(kind="Dense", output_shape=(12,), parameters=1)
    network = architecture._Built(layers=(layer,), outputs=outputs, rebuilt=True, problem="")
    mistake = architecture._mistake_in_outputs(network)
    assert (mistake.defect if mistake else "") == expected


def test_the_line_that_is_shown_is_that_of_the_images_in_question() -> None:
    def images(name: str, split: str, dtype: str, high: float) -> Value:
        data = DataFacts(
            split=split,
            rows=1,
            shape=(28, 28, 1),
            dtype=dtype,
            low=0.0,
            high=high,
            labels="absent",
            scale=None,
            offset=None,
        )
        return Value(cell=1, name=name, data=data)

    code = "train_images = (train_images / 255).astype(int)\nprint(1)\ntest_images = test_images / 255\n"
    case = quiz.case_of(labs.find(labs.FLAGSHIP), code)
    values = (images("train_images", "train", "int64", 1), images("test_images", "test", "float64", 1.0))
    case = replace(case, evidence=replace(case.evidence, values=values))
    with pytest.raises(Verdict) as caught:
        scaling.require_scaled(case, "data_prep")
    assert (caught.value.feedback.cell, caught.value.feedback.line) == (1, 1)


LAYERS = """def build_fc_model():
    return tf.keras.Sequential([
        layers.Flatten(),
        layers.Dense(64, activation="relu"), layers.Dense(32),
        layers.Dense(10),
    ])
"""


@pytest.mark.parametrize(
    ("code", "number", "line"),
    [
        (LAYERS, 0, 4),
        (LAYERS, 1, 4),
        (LAYERS, 2, 5),
        ("print(1)\n" + LAYERS, 2, 6),
        ("spare = layers.Dense(3)\n" + LAYERS, 2, 6),
        (LAYERS.replace(", layers.Dense(32)", ""), 2, 1),
        (LAYERS.replace("layers.Flatten()", "layers.Dense(3)"), 2, 1),
    ],
)
def test_a_layer_is_shown_where_it_is_made(code: str, number: int, line: int) -> None:
    case = quiz.case_of(labs.find(labs.FLAGSHIP), code)
    assert place_of_made(case, "fc_build", {"Dense"}, number, 3) == (1, line)


def test_a_rate_that_is_no_number_is_a_claim_like_others(tmp_path: Path) -> None:
    lab = labs.find("mnist_dropout")
    expected = labs.expectations(lab, data="synthetic", effort=Effort.QUICK)
    layers = (replace(next(iter(expected.networks.values())).layers[0], kind="Dropout", settings=(("rate", "much"),)),)
    claimed = replace(snapshot(1, "untrained"), layers=layers)
    case = case_with(lab, tmp_path, snapshots=(claimed,), names=(Names(cell=1, models={"model": 1}),))
    with pytest.raises(Verdict) as raised:
        architecture.require_dropout(case, lab.roles[0].id, "dropout_build")
    assert raised.value.feedback.defect == "not-rebuilt"


def case_with(lab: Lab, folder: Path, **facts: Any) -> Case:  # noqa: ANN401 - fields of the evidence
    with records.Recorder(folder):
        pass
    no_digits = np.zeros(0, np.uint8)
    return Case(
        lab=lab,
        evidence=replace(records.read(folder), **facts),
        verified=Verified(networks={}, steps={}, labels=no_digits, images=no_digits),
        expected=labs.expectations(lab, data="synthetic", effort=Effort.QUICK),
        effort=Effort.QUICK,
        trials=np.zeros((0, 0, 0), np.float32),
    )


def step(*target_shape: int) -> TapeStep:
    return TapeStep(
        number=1,
        step=0,
        cell=1,
        line=1,
        model=1,
        target_shape=target_shape,
        loss=1.0,
        split="train",
        missing=0,
        variables=1,
        spec=None,
        images=np.zeros(0),
        rows=np.zeros(0),
        before=(),
        after=(),
        gradients=(),
    )


@pytest.mark.parametrize(
    ("given", "steps", "defect"),
    [
        ((2.0, 1.0), [step()], ""),
        ((9.0, 8.0), [step()], "epoch-other-means"),
        ((9.0, 8.0), [step(64, 10)], ""),
        # One tape of another kind beside the loop does not hide its losses.
        ((9.0, 8.0), [step(), step(64, 10)], "epoch-other-means"),
        ((9.0,), [step(64, 10)], "epochs-one"),
    ],
)
def test_a_list_of_losses_is_believed_only_where_none_is_known(
    given: tuple[float, ...], steps: list[TapeStep], defect: str, tmp_path: Path
) -> None:
    lab = labs.find("mnist_ann")
    numbers = (Numbers(cell=1, name="losses", numbers=given),)
    case = case_with(lab, tmp_path, numbers=numbers, losses=(2.5, 1.5, 1.2, 0.8), tape=tuple(steps))
    found = ""
    try:
        loops.require_epoch_means(case, "epoch_losses", "losses")
    except Verdict as verdict:
        found = verdict.feedback.defect
    assert found == defect
