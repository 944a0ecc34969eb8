"""What takes the place of a history where a training stopped."""

from __future__ import annotations

from typing import Any

import pytest

from grader.collect import cells
from grader.collect.histories import Histories


@pytest.mark.parametrize(
    ("code", "epochs"),
    [
        ("h = model.fit(x, y, epochs=5)", 5),
        ("h = model.fit(x, y, epochs=EPOCHS)", 3),
        ("h = model.fit(x, y)", 1),
        ("h = tf.keras.Sequential([]).fit(x, y, epochs=10 ** 9)", 1),
        ("h = model.fit(x, y, epochs=1000000000)", 100),
    ],
)
def test_a_history_has_as_many_points_as_were_asked_for(code: str, epochs: int) -> None:
    histories, namespace = Histories({1: cells.statements(code)}), dict[str, Any](EPOCHS=3)
    assert histories.provide("h", namespace)
    history = namespace["h"]
    assert {len(curve) for curve in history.history.values()} == {len(history.epoch)} == {epochs}
    assert history.history["val_top_5"] == history.history["val_top_5"]
    assert set(histories.made[0].history) == {"loss", "val_loss", "accuracy", "val_accuracy", "val_top_5"}


@pytest.mark.parametrize("code", ["h = 3", "other = model.fit(x, y)", "model.fit(x, y)", "h = fit(x, y)", "h = ("])
def test_a_name_that_no_training_gives_a_value_gets_none(code: str) -> None:
    namespace: dict[str, Any] = {}
    assert not Histories({1: cells.statements(code)}).provide("h", namespace)
    assert not namespace
