"""Drawings of the report: right from any numbers, told in words, small, and of nothing that could act."""

from __future__ import annotations

import base64
import io
import math
import re
from dataclasses import replace

import pytest
from matplotlib import image as images
from samples import CONV, LAYERS, confusion, models, prediction, sample

from grader.model import Grade, History, LayerRow, ModelView
from grader.report import accuracy, curves, diagram, html, pictures
from grader.report.drawing import Drawing, Path, Rect, Words, grey_png, lines

FC, CNN = models()


def words_of(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Words)]


def styles_of(drawing: Drawing) -> set[str]:
    return {getattr(shape, "style", "") for shape in drawing.shapes}


def test_a_grey_image_is_read_again_as_it_was() -> None:
    rows = [bytes([0, 128, 255]), bytes([255, 0, 1])]
    head, _, data = grey_png(rows).partition(",")
    assert head == "data:image/png;base64"
    read = images.imread(io.BytesIO(base64.b64decode(data)), format="png")
    assert [[255 - round(float(value) * 255) for value in row] for row in read] == [list(row) for row in rows]


def test_a_way_through_places() -> None:
    assert lines([(0, 0.04), (1.25, 2)]) == "M0 0L1.2 2"
    assert lines([(0, 0), (1, 1)], closed=True).endswith("Z")
    assert lines([]) == ""


# Curves


def drawn(model: ModelView) -> dict[str, curves.Chart]:
    found = curves.of(model, sample(models=(model,)))
    assert found is not None
    return {chart.name.split()[0]: chart for chart in found.charts}


def test_a_curve_goes_where_its_numbers_are() -> None:
    charts = drawn(replace(FC, history=History(loss=(1.0, 0.0), val_loss=(0.5, 0.5)), test_accuracy=None))
    (path,) = (shape for shape in charts["Loss"].drawing.shapes if isinstance(shape, Path) and shape.style == "train")
    first, last = (tuple(map(float, place.split())) for place in path.d.removeprefix("M").split("L"))
    assert first[0] < last[0]
    assert first[1] < last[1], "a falling loss goes down the page"
    assert charts["Loss"].legend == (("train", "training"), ("valid", "validation"))
    assert charts["Loss"].drawing.alt == (
        "Line chart over 2 epochs, Loss (lower is better): training from 1 to 0; validation from 0.5 to 0.5."
    )


def test_what_is_in_order_is_a_band_with_words() -> None:
    chart = drawn(FC)["Accuracy"]
    assert isinstance(chart.drawing.shapes[0], Rect)
    assert ("band", "enough on held-out images: 96.00 % or more") in chart.legend
    assert ("held", "on held-out images: 96.89 %") in chart.legend
    assert "96.00 % or more" in chart.drawing.alt
    assert "band" not in styles_of(drawn(replace(FC, expected_accuracy=None))["Accuracy"].drawing)


def test_two_networks_have_one_scale() -> None:
    low = replace(FC, history=History(loss=(0.1, 0.1)))
    high = replace(FC, history=History(loss=(8.0, 4.0)))
    grade = sample(models=(low, high))
    shown = [curves.of(one, grade) for one in grade.models]
    ticks = [[text for text in words_of(one.charts[0].drawing) if re.match(r"[\d.]+$", text)] for one in shown if one]
    assert ticks[0] == ticks[1]


@pytest.mark.parametrize(
    "history",
    [
        History(loss=(1e308, -math.inf, math.nan), accuracy=(math.nan,), val_accuracy=tuple([0.5] * 5000)),
        History(loss=(0.0,)),
        History(loss=(0.25, 0.25, 0.25)),
        History(accuracy=(7e5, -7e5)),
        History(accuracy=(5.0, 9.0)),
        History(val_loss=(1e-12, 2e-12)),
        History(loss=tuple(1 / (n + 1) for n in range(100_000))),
    ],
)
def test_curves_are_drawn_from_any_numbers(history: History) -> None:
    model = replace(FC, history=history)
    found = curves.of(model, sample(models=(model,)))
    assert found is not None
    for chart in found.charts:
        numbers = [float(n) for shape in chart.drawing.shapes for n in re.findall(r"-?[\d.]+", getattr(shape, "d", ""))]
        assert all(0 <= number <= 400 for number in numbers)
        assert len(chart.drawing.shapes) < 500
    assert len(found.rows) <= curves.MOST_EPOCHS
    assert curves.of(replace(model, history=History()), sample(models=(model,))) is None


def test_the_table_of_curves_has_no_empty_columns() -> None:
    model = replace(FC, history=History(loss=(2.0, 1.0), val_accuracy=(0.5,)))
    found = curves.of(model, sample(models=(model,)))
    assert found is not None
    assert found.header == ("Epoch", "Loss", "Val. accuracy")
    assert found.rows == (("1", "2", "0.5"), ("2", "1", "–"))


# Diagrams


def test_the_first_difference_is_framed_in_its_column() -> None:
    linear = (*LAYERS[:2], replace(LAYERS[2], activation="linear"))
    drawing = diagram.draw(linear, LAYERS, 2, "network")
    (frame,) = (shape for shape in drawing.shapes if isinstance(shape, Rect) and shape.style == "frame")
    inside = [s.text for s in drawing.shapes if isinstance(s, Words) and frame.x < s.x < frame.x + frame.width]
    assert {"Dense", "10", "softmax"} <= set(inside)
    assert "128" not in inside
    assert "≠ first difference" in words_of(drawing)
    assert drawing.alt == (
        "Diagram of network. Yours: Flatten, Dense relu, Dense. Expected: Flatten, Dense relu, Dense softmax. "
        "The first difference is in layer 3."
    )


def test_of_the_expected_network_nothing_is_drawn_unless_it_may_be_told() -> None:
    drawing = diagram.draw(LAYERS[:1], (), None, "network")
    assert words_of(drawing)[0] == "Flatten"
    assert not {"Expected", "Yours"} & set(words_of(drawing))
    assert "Expected" not in drawing.alt


def test_a_missing_layer_is_a_gap() -> None:
    assert "ghost" in styles_of(diagram.draw(CONV[:1], CONV, 1, "network"))
    assert "ghost" in styles_of(diagram.draw(CONV, CONV[:1], 1, "network"))


def test_any_network_can_be_drawn() -> None:
    odd = (
        LayerRow(kind="x" * 500, output_shape=(10**4000, 0, -5), parameters=10**4000, activation="y" * 500),
        LayerRow(kind="", output_shape=(), parameters=0),
        *[LayerRow(kind="Conv2D", output_shape=(2, 3, 4, 5, 6), parameters=1)] * 100,
    )
    drawing = diagram.draw(odd, odd[1:], 50, "network")
    assert len(drawing.shapes) < 300
    assert "… and 88 more layers" in words_of(drawing)
    assert max(map(len, words_of(drawing))) < 60


# Images


def test_an_answer_is_right_or_wrong_in_words_and_style() -> None:
    wrong, right = prediction(6), prediction(1)
    found = pictures.gallery([wrong, right])
    assert found is not None
    assert [(tile.right, tile.caption) for tile in found.tiles] == [(False, "7, 96.4 %; it is 1"), (True, "7, 96.4 %")]
    assert [("wrong" in styles_of(t.drawing), "right" in styles_of(t.drawing)) for t in found.tiles] == [
        (True, False),
        (False, True),
    ]
    assert found.rows[0] == ("1", "1", "7", "96.4 %", "wrong")
    assert pictures.gallery([]) is None


def test_no_confidence_is_rounded_up_to_all() -> None:
    sure = replace(prediction(1), confidences=(0.0,) * 7 + (0.99999,) + (0.0,) * 2)
    found = pictures.gallery([sure])
    assert found is not None
    assert found.rows[0][3] == "99.9 %"


def test_odd_answers_can_be_drawn() -> None:
    odd = replace(prediction(0), guess=99, confidences=(math.nan, math.inf, -1.0), pixels=())
    found = pictures.gallery([odd, replace(odd, confidences=(), pixels=(b"", b"abc"))])
    assert found is not None
    assert [row[3] for row in found.rows] == ["–", "–"]


def test_who_is_taken_for_whom() -> None:
    found = pictures.confusion(FC)
    assert found is not None
    assert found.sentence == "Most often, 0 is taken for 1: 3 of 100 images."
    assert found.images == "1,000"
    assert [(cell.number, cell.heat, cell.right) for cell in found.rows[0][:3]] == [
        (97, 5, True),
        (3, 1, False),
        (0, 0, False),
    ]
    assert pictures.confusion(CNN) is None
    perfect = tuple(tuple(5 if a == t else 0 for a in range(10)) for t in range(10))
    faultless = pictures.confusion(replace(FC, confusion=perfect))
    assert faultless is not None
    assert faultless.sentence == "Not one image is taken for another digit."


# Accuracies


def pair(cnn: float, fc: float, *, effort: str = "full", counted: bool = True) -> Grade:
    counts = confusion() if counted else ()
    both = (replace(FC, test_accuracy=fc, confusion=counts), replace(CNN, test_accuracy=cnn, confusion=counts))
    grade = sample(models=both)
    return replace(grade, run=replace(grade.run, effort=effort))


@pytest.mark.parametrize(
    ("grade", "words"),
    [
        (pair(0.99, 0.95), "Convolutions pay"),
        (pair(0.951, 0.95), "the difference may be chance"),
        (pair(0.94, 0.95), "the difference may be chance"),
        (pair(0.80, 0.95, effort="quick"), "training was kept short here"),
        (pair(0.80, 0.95), "trained long enough?"),
    ],
)
def test_two_networks_are_compared_with_care(grade: Grade, words: str) -> None:
    said = accuracy.comparison(grade)
    assert words in said
    assert "with 640 parameters" in said
    assert words in " ".join(html.render(grade).split())


def test_what_cannot_be_compared_is_not() -> None:
    assert accuracy.comparison(sample()) == ""
    assert accuracy.comparison(sample(models=())) == ""
    assert accuracy.comparison(sample(models=(FC, FC))) == ""
