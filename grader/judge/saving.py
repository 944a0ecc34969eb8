"""Questions about a network that is written to a file and read again."""

from __future__ import annotations

from grader.judge.case import Case
from grader.judge.reading import complain_of_failures, nothing_recorded, place_of, require_filled
from grader.judge.verdict import fail
from grader.language import gettext as _

_SAVES = ("save", "save_weights", "export")
_ASKS = ("predict", "call")


def require_saved(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether a trained network is written to a file."""
    require_filled(case, part_id)
    models = case.models(role_id)
    saves = [call for name in _SAVES for call in case.calls(name) if call.finished]
    if _loaded_copies(case, role_id):
        return  # Whoever has the trained network back from a file has written it, be it in a callback.
    if not saves:
        nothing_recorded(case, part_id, _("No network was written to a file."))
    mine = [call for call in saves if call.model in models]
    if not mine:
        call = saves[-1]
        fail("saves-other-network", (call.cell, call.line), wanted=case.variable_of(role_id))
    fits = case.calls("fit", models)
    if fits and all(call.number < fits[0].number for call in mine):
        fail("saves-untrained", (mine[-1].cell, mine[-1].line))


def _loaded_copies(case: Case, role_id: str) -> set[int]:
    """Return the networks that were read from a file and have the weights of a trained one."""
    trained = {call.model for call in case.calls("fit", case.models(role_id))}
    loaded = {call.model for call in case.calls("load_model") if call.finished}
    return {copy for copy, original in case.copies.items() if copy in loaded and original in trained}


def require_loaded_same(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network that is read from the file is the trained one, and is asked about the test images."""
    require_saved(case, role_id, part_id)
    models = case.models(role_id)
    copies = {copy for copy, original in case.copies.items() if original in models}
    if models and models <= case.surrogates | copies:
        # The network in its place has nothing to be compared with.
        copies |= {call.model for call in case.calls("load_model") if call.finished and call.model is not None}
    loads = [call for call in case.calls("load_model") if call.finished]
    if not copies:
        if loads:
            fail("loaded-differs", (loads[-1].cell, loads[-1].line))
        complain_of_failures(case, case.places(case.lab.part(part_id)))
        fail("not-loaded", place_of(case, part_id))
    calls = [call for name in _ASKS for call in case.calls(name, frozenset(copies))]
    if not any(call.data and call.data.split in ("test", "other") for call in calls):
        fail("loaded-not-asked", place_of(case, part_id))
