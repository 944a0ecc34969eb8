"""`report.html`: what a student reads; one file without scripts that needs nothing from a network.

The only module that knows the folder of templates. Everything is escaped by the template engine, and the page
carries a policy under which a browser would run no script even if one got in.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from grader import points
from grader.errors import MachineError
from grader.language import N_, current, ngettext, use
from grader.language import gettext as _
from grader.report import account, accuracy, audience, codeview, netview, pictures, staffview, view
from grader.sandbox.contract import MEANINGS, Tier
from grader.text import PARAGRAPH, clean, line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.model import Grade, RunFacts

_PACKAGE = Path(__file__).resolve().parents[1]
_FOLDERS = (_PACKAGE / "_share" / "templates", _PACKAGE.parent / "templates")
"""Where templates are: in an installed package, and in a checkout."""

_EFFORTS = {
    "quick": N_(
        "Quick: training was kept short, so accuracies are lower than after a full training. "
        "What is expected of them was measured in the same way."
    ),
    "full": N_("Full: training ran as you wrote it."),
}
_DATA = {
    "mnist": N_("MNIST, handwritten digits"),
    "synthetic": N_("Synthetic digits, drawn by the grader in the format of MNIST"),
}
_LABELS = N_(
    "While your code ran, the labels stood for one another: what it printed as a 3 may be a picture of an 8. "
    "So nothing but learning from the given images helps. No grade depends on it. In what this report says of your "
    "networks they are right again; what your code printed is shown as it printed it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line about how the grade came about."""

    name: str
    texts: tuple[str, ...]


def render(grade: Grade, *, staff: bool = False) -> str:
    """Return the report as a whole HTML document; `staff` shows hidden checks like others.

    Raises:
        MachineError: `templates-missing`, the installation has no templates.
    """
    with use(grade.language):
        return _environment().get_template("report.html.j2").render(_context(grade, staff=staff))


def fill(template: str, context: Mapping[str, object]) -> str:
    """Return a template of the folder with everything in it escaped, for pages of other modules.

    Raises:
        MachineError: `templates-missing`, the installation has no templates.
    """
    return _environment().get_template(template).render(context)


def _context(grade: Grade, *, staff: bool) -> dict[str, object]:
    sentences = account.lines(grade)
    grade = audience.for_staff(grade) if staff else audience.for_students(grade)
    return {
        "language": current(),
        "staff": staffview.view(grade) if staff else None,
        "account": sentences,
        "title": line(grade.lab_title),
        "file": line(grade.submission_file),
        "submission": line(grade.submission_id),
        "earned": points.show(grade.earned, grade.points),
        "maximum": points.total(grade.points),
        "parts": view.parts(grade),
        "waiting": view.waiting(grade),
        "tallies": view.tallies(grade),
        "next": view.next_card(grade),
        "networks": [netview.network(model, grade) for model in grade.models],
        "comparison": accuracy.comparison(grade),
        "mistakes": pictures.gallery(grade.mistakes),
        "predictions": pictures.gallery(grade.predictions),
        "cells": codeview.cells(grade),
        "findings": [clean(finding, PARAGRAPH) for finding in grade.findings],
        "facts": _facts(grade, grade.run),
    }


def _facts(grade: Grade, run: RunFacts) -> list[Fact]:
    versions = ", ".join(f"{line(name)} {line(version)}" for name, version in run.versions)
    facts = {
        _("Effort"): (_(_EFFORTS.get(run.effort, line(run.effort))),),
        _("Shortened"): tuple(clean(cap, PARAGRAPH) for cap in run.caps),
        _("Images"): (_(_DATA.get(run.data, line(run.data))),),
        _("Good to know"): tuple(clean(note, PARAGRAPH) for note in run.notes),
        _("Random seed"): (_("{seed}: the same seed gives the same grade").format(seed=run.seed),),
        _("Isolation"): (_isolation(run.tier),),
        _("Labels"): (_(_LABELS),),
        _("Versions"): (versions,),
        _("File"): (f"{line(grade.submission_file)} (SHA-256 {line(grade.sha256)})",),
        _("Time"): (_("{number} seconds").format(number=f"{grade.duration_s:.1f}"),),
    }
    return [Fact(name=name, texts=texts) for name, texts in facts.items() if any(texts)]


def _isolation(tier: str) -> str:
    meaning = MEANINGS.get(Tier(tier)) if tier in Tier.__members__ else None
    if not meaning:
        return _("Your code ran under tier {tier}").format(tier=line(tier))
    return _("Your code ran under tier {tier}: {meaning}").format(tier=tier, meaning=_(meaning))


def templates() -> Path:
    """Return the folder of templates.

    Raises:
        MachineError: `templates-missing`, the installation has none.
    """
    folder = next((folder for folder in _FOLDERS if (folder / "report.html.j2").is_file()), None)
    if folder is None:
        raise MachineError(
            f"no report template in {[str(place) for place in _FOLDERS]}; install the package again",
            slug="templates-missing",
        )
    return folder


@functools.cache
def _environment() -> Environment:
    """Return the template engine; kept, as compiling the templates takes longer than using them."""
    # Escaping is switched on by hand: choosing it by file extension would leave `report.html.j2` unescaped.
    environment = Environment(
        loader=FileSystemLoader(templates()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # These look up the current language each time, so the compiled templates serve all languages.
    environment.install_gettext_callables(_, ngettext, newstyle=True)  # type: ignore[attr-defined] # of the extension
    return environment
