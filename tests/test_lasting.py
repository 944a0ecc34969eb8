"""What is imported to stay is never looked through for garbage."""

from __future__ import annotations

import gc

import pytest

from grader.lasting import lasting


def test_what_is_imported_to_stay_is_frozen_and_the_collector_works_again() -> None:
    before = gc.get_freeze_count()
    try:
        with lasting():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


def test_the_collector_works_again_after_an_import_that_failed() -> None:
    with pytest.raises(ImportError), lasting():
        raise ImportError
    gc.unfreeze()
    assert gc.isenabled()
