"""A grade as reports show it: every outcome, two networks, hidden checks, and images with right and wrong answers."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

from grader.model import (
    CellView,
    CheckResult,
    CheckSpec,
    Event,
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

HUSH = "zyzzyva"
"""Stands in all that students must not read of hidden checks."""

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
                deeper="Predict a single image and print the sum of the row.",
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


def confusion() -> tuple[tuple[int, ...], ...]:
    """Return counts of a thousand images: of each digit 97 are right, and three are taken for the next one."""
    return tuple(tuple(97 if a == t else 3 if a == (t + 1) % 10 else 0 for a in range(10)) for t in range(10))


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
            confusion=confusion(),
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


STORY = (
    Event(
        name="fit",
        network="model",
        role="Fully connected network",
        split="train",
        labels="integer",
        rows=60_000,
        cell=3,
        line=9,
        result="epochs 5, accuracy 0.7 → 0.9",
    ),
    Event(name="evaluate", network="cnn_model", split="test", labels="mismatch", rows=10_000, cell=4, line=2),
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
        mistakes=tuple(prediction(place) for place in (6, 6, 6)),
        story=STORY,
        integrity=("The run ended before its end (wall).",),
        cells=CELLS,
        findings=("The network that was evaluated is not the one that was trained.",),
        duration_s=8.21,
    )
    return replace(grade, **changes)
