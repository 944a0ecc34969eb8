"""The worker's parts that need no TensorFlow: the governor's arithmetic, the identity of data, the cell runner."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.collect import cells, functions, probes, snapshots
from grader.collect.governor import Budget, ration
from grader.collect.identity import Images
from grader.collect.runner import Capture, CellLimits, Ran, Stopwatch, run_cell
from grader.datasets.synthetic import draw_digits

Change = Callable[[np.ndarray[Any, Any]], object]

LIMITS = CellLimits(own_s=0.5, idle_s=1.0)


@pytest.fixture(scope="module")
def images() -> Images:
    (x_train, y_train), (x_test, y_test) = draw_digits(600, seed=1), draw_digits(200, seed=2)
    return Images({"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test})


def raw(split: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return draw_digits(600, seed=1) if split == "train" else draw_digits(200, seed=2)


PREPARATIONS = {
    "raw": lambda x: x,
    "scaled": lambda x: (x / 255.0).astype(np.float32),
    "channel": lambda x: x[..., None] / 255.0,
    "flat": lambda x: x.reshape(len(x), 784) / 255,
    "standardised": lambda x: (x - 33.3) / 78.6,
    "inverted": lambda x: 1 - x / 255,
    "shuffled": lambda x: x[np.random.default_rng(0).permutation(len(x))],
    "sliced": lambda x: x[17:90],
}


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", PREPARATIONS)
def test_images_are_recognised_however_they_are_prepared(images: Images, split: str, name: str) -> None:
    prepared = PREPARATIONS[name](raw(split)[0])
    facts = images.facts(prepared)
    assert facts is not None
    assert facts["split"] == split
    assert facts["rows"] == len(prepared)
    assert facts["scale"] is not None


def test_images_with_the_same_mask_are_told_apart() -> None:
    x, y = draw_digits(40, seed=3)
    twin = np.where(x[:20] > 0, 256 - x[:20].astype(int), 0).astype(np.uint8)
    images = Images({"x_train": x[20:], "y_train": y[20:], "x_test": np.concatenate([x[:20], twin]), "y_test": y})
    for prepared in (np.concatenate([x[:20], twin]), np.concatenate([x[:20], twin]) / 255.0 - 0.3):
        split, rows = images.rows(prepared)
        assert split == "test"
        assert rows.tolist() == list(range(40))


@pytest.mark.parametrize("value", [np.float32(1.5), np.ones((2, 3), np.uint8)[:, ::2], np.array([[True]])])
def test_what_a_function_returns_keeps_its_shape(value: object) -> None:
    sent = functions._sendable(np.asarray(value))
    assert sent.shape == np.asarray(value).shape
    assert sent.tolist() == np.asarray(value).tolist()


def test_scale_and_offset_turn_raw_pixels_into_what_was_fed(images: Images) -> None:
    facts = images.facts(raw("train")[0] / 127.5 - 1)
    assert facts is not None
    assert facts["scale"] == pytest.approx(1 / 127.5, rel=1e-4)
    assert facts["offset"] == pytest.approx(-1, rel=1e-4)


def test_a_mixture_and_strangers_are_called_so(images: Images) -> None:
    both = images.facts(np.concatenate([raw("train")[0][:100], raw("test")[0][:100]]))
    strangers = images.facts(draw_digits(50, seed=9)[0])
    assert both is not None
    assert both["split"] == "mixed"
    assert strangers is not None
    assert strangers["split"] == "other"


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda y: y, "integer"),
        (lambda y: y.astype(np.int64).reshape(-1, 1), "integer"),
        (lambda y: np.eye(10)[y], "one_hot"),
        (lambda y: y[::-1], "mismatch"),
        (lambda y: y[:100], "mismatch"),
        (lambda _: None, "absent"),
    ],
)
def test_labels_are_compared_with_those_of_the_rows(images: Images, change: Change, wanted: str) -> None:
    x, y = raw("train")
    facts = images.facts(x, change(y))
    assert facts is not None
    assert facts["labels"] == wanted


@pytest.mark.parametrize("value", [None, "text", [], object(), np.zeros(0), np.array(["a"]), [[1], [2, 3]]])
def test_what_is_no_data_is_no_data(images: Images, value: object) -> None:
    assert images.facts(value) is None


QUICK = Budget(multiplications=4e10, images=20_000, steps=300, epochs=5, refits=1)


@pytest.mark.parametrize(
    ("cost", "epochs", "batch", "earlier", "wanted"),
    [
        (100_000, 5, 64, 0, (5, 3840)),
        (12_000_000, 5, 64, 0, (5, 640)),
        (12_000_000, 50, 64, 0, (5, 640)),
        (12_000_000, 1, 64, 0, (1, 3328)),
        (12_000_000, 5, 64, 1, (5, 64)),
        (10**12, 5, 64, 0, (5, 64)),
        (100_000, 5, 1, 0, (5, 60)),
    ],
)
def test_the_ration_of_a_fit(cost: int, epochs: int, batch: int, earlier: int, wanted: tuple[int, int]) -> None:
    got = ration(QUICK, cost=cost, rows=60_000, epochs=epochs, batch=batch, earlier_fits=earlier)
    assert got is not None
    assert (got.epochs, got.per_epoch) == wanted
    assert got.images <= 60_000


def test_full_effort_runs_as_written() -> None:
    assert ration(Budget(), cost=1, rows=60_000, epochs=5, batch=64, earlier_fits=0) is None


def run(text: str, namespace: dict[str, Any] | None = None) -> Ran:
    return run_cell(1, cells.statements(text), {} if namespace is None else namespace, LIMITS)


def test_an_error_is_located_and_does_not_sink_the_rest_of_the_cell() -> None:
    names: dict[str, Any] = {}
    ran = run("a = 1\ndef f():\n    return 1 / 0\n\nf()\nb = 2", names)
    assert ran.state == "raised"
    where = {"cell": 1, "line": 3, "first": 5, "last": 5}
    assert ran.failures == [{"kind": "raised", "type": "ZeroDivisionError", "message": "division by zero", **where}]
    assert names["b"] == 2


def test_an_assert_about_the_surroundings_is_noise() -> None:
    ran = run("assert False, 'no GPU'")
    assert ran.state == "ok"
    assert [failure["kind"] for failure in ran.failures] == ["noise"]


def test_leaving_for_want_of_a_gpu_is_noise() -> None:
    names: dict[str, Any] = {}
    ran = run("import sys\nif True:\n    sys.exit('no GPU')\nb = 2", names)
    assert [failure["kind"] for failure in ran.failures] == ["noise"]
    assert names["b"] == 2


@pytest.mark.parametrize("text", ["raise SystemExit", "raise KeyboardInterrupt", "exit()", "raise BaseException"])
def test_nothing_a_cell_raises_ends_the_worker(text: str) -> None:
    assert len(run(text).failures) == 1


def test_an_exception_that_cannot_be_shown_is_shown_all_the_same() -> None:
    ran = run("class E(Exception):\n    def __str__(self): raise E\nraise E")
    assert [failure["message"] for failure in ran.failures] == ["(the exception cannot be shown)"]


@pytest.mark.parametrize(
    "text",
    [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except Exception: pass",
        "import time\ntime.sleep(30)",
    ],
)
def test_a_cell_that_never_ends_is_ended(text: str) -> None:
    started = time.monotonic()
    assert run(text).state == "timed_out"
    assert time.monotonic() - started < 5


def test_what_stands_below_an_endless_loop_still_runs() -> None:
    names: dict[str, Any] = {}
    assert run("while True: pass\nb = 2", names).state == "timed_out"
    assert names["b"] == 2


def test_governed_time_is_not_the_students() -> None:
    stopwatch = Stopwatch()

    def train() -> None:
        with stopwatch.paused():
            end = time.thread_time() + 1.0
            while time.thread_time() < end:
                pass

    ran = run_cell(1, cells.statements("train()"), {"train": train}, LIMITS, stopwatch=stopwatch)
    assert ran.state == "ok"


def test_a_governed_call_that_never_ends_is_ended() -> None:
    stopwatch = Stopwatch(most_s=0.5)

    def train() -> None:
        with stopwatch.paused():
            while True:
                pass

    started = time.monotonic()
    ran = run_cell(1, cells.statements("train()"), {"train": train}, LIMITS, stopwatch=stopwatch)
    assert ran.state == "timed_out"
    assert time.monotonic() - started < 10


def test_printing_without_end_is_ended(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as sink:
        capture = Capture(sink.fileno())
        ran = run("while True: out.write('x' * 1000)", {"out": capture})
    assert ran.state == "output_flood"
    assert len(capture.take()) <= 8_000


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("first = held[0]\nanswer = first.argmax()", [1, 2]),
        ("answer = []\nfor row in held:\n    answer.append(row.argmax())", [1, 2]),
        ("answer = [9]\nanswer = []\nlabels = [1]\nfor row in held:\n    answer.append(row.argmax())", [2, 4]),
        (
            "parts = []\nfor x in images:\n    parts.append(model.predict(x))\nanswer = np.vstack(parts).argmax(1)",
            [1, 2, 4],
        ),
        ("found = np.zeros(9)\nfor i in range(9):\n    found[i] = held[i].argmax()\nanswer = found", [1, 2, 4]),
        ("best = 0\nplt.show()\nfor row in held:\n    best = max(best, row.max())\nanswer = best", [1, 3, 5]),
        ("history = model.fit(held)\nanswer = held.argmax()", [2]),
    ],
)
def test_what_an_answer_is_made_of_runs_again(code: str, lines: list[int]) -> None:
    parts = {1: cells.statements(code)}
    target = probes.find_target(parts, frozenset({"held"}), parts[1][-1])
    assert target is not None
    assert [part.line for part in target.parts] == lines


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ([3, 1], [3, 1]),
        (np.array([3.0, 1.0]), [3, 1]),
        (np.array([[3], [1]]), [3, 1]),
        (np.array([True, False]), [1, 0]),
        ([0.5, 1.0], None),
        (np.ones((2, 2)), None),
        ((np.array([3, 1]),), None),
    ],
)
def test_whole_numbers_are_read_in_whatever_form(value: object, wanted: list[int] | None) -> None:
    found = probes.whole_numbers(value)
    assert (None if found is None else found.tolist()) == wanted


class Untellable(Exception):  # noqa: N818 - what a student may raise
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("error", [Untellable(), ValueError("\ud800")])
def test_a_network_that_fails_in_words_that_cannot_be_told_just_does_not_run(error: Exception) -> None:
    def network(_images: object, *, training: bool) -> None:
        assert not training
        raise error

    session: Any = SimpleNamespace(tracer=SimpleNamespace(watching=lambda: nullcontext([])), depth=0)
    assert snapshots._try_shape(session, network, np.zeros((1, 28, 28, 1), np.float32)) is None
    assert session.depth == 0
