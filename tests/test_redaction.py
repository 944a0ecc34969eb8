"""Keys in clear text are never echoed in a report."""

from __future__ import annotations

import pytest

from grader.redaction import MASK, MOST, redacted, secrets


@pytest.mark.parametrize(
    "code",
    [
        'COMET_API_KEY = "hunter2hunter2"',
        "comet_ml.Experiment(api_key='hunter2hunter2')",
        'os.environ["COMET_API_KEY"] = "hunter2hunter2"',
        'config = {"token": "hunter2hunter2"}',
        "my_password='hunter2hunter2'",
    ],
)
def test_what_is_called_a_key_is_hidden(code: str) -> None:
    assert secrets([code]) == {"hunter2hunter2"}


def test_a_long_word_of_letters_and_digits_is_a_key_whatever_it_is_called() -> None:
    assert secrets(['login("Ab3dEf6hIj9kLm2nOp5q")']) == {"Ab3dEf6hIj9kLm2nOp5q"}


@pytest.mark.parametrize(
    "code", ["loss='sparse_categorical_crossentropy'", "plt.title('the 25th image of the test set')", "key = 'a'"]
)
def test_what_is_no_key_stays(code: str) -> None:
    assert secrets([code]) == frozenset()


def test_a_key_is_masked_wherever_it_shows() -> None:
    hidden = secrets(['KEY = "hunter2hunter2"'])
    assert redacted("logged in with hunter2hunter2!", hidden) == f"logged in with {MASK}!"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("code", ["# " + "key" * 60_000, "'" * 200_000, '"key' * 50_000, "key=" * 50_000])
def test_no_code_keeps_the_search_busy(code: str) -> None:
    secrets([code])


@pytest.mark.timeout(20)
def test_of_very_many_keys_only_so_many_are_looked_for() -> None:
    code = " ".join(f"'a{number:025}'" for number in range(100_000))
    hidden = secrets(["token = 'hunter2hunter2'", code])
    assert len(hidden) == MOST
    assert redacted(code[:100_000] + "hunter2hunter2", hidden).endswith(MASK)
