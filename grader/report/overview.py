"""`index.html` of a class: what staff read first; one file that needs nothing from a network.

Everything can be read without scripts. The one script, which sorts and filters the table of everybody, is named to the
browser by its digest: no other would run, even if one got in. Like all that staff read, the page is in English.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from grader import points
from grader.model import Outcome
from grader.report import attention, classview, html
from grader.report.attention import Group, Member
from grader.report.classview import MARKS, NO_RESULT, CommonMistake, Mark, Part
from grader.standings import PartStanding, Standing, State
from grader.text import line

_NAME: Final = 120
"""Characters of a name that are shown; a longer one would fill the screen in each table it is in."""

_OPEN: Final = 8
"""Mistakes that are seen at once; the others are behind a fold."""
_FEW: Final = 5
"""Links beside a mistake."""
_SOME: Final = 20
"""Links in the lists of those to look at. The table of everybody shows the rest."""

_FULL: Final = 100
_STATES: Final = {
    State.NOT_GRADABLE: "cannot be graded",
    State.FAULT: "fault",
    State.ABSENT: "not in the last download",
}

_TALLEST: Final = 150
_TOP: Final = 24
"""Units of the drawing: the tallest bar, and room for the number above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How the grades of a class came about: `when` is ISO 8601 or empty, `to_grade` is how many are still to come."""

    effort: str
    data: str
    seed: int
    tier: str
    when: str = ""
    to_grade: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who handed in: a name, the id where it says more, and the report's address, empty where there can be none."""

    name: str
    id: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of a list: who, and what is special."""

    person: Person
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A group as the page shows it: the first members, how many more, and the tag that filters the table for all."""

    tag: str
    title: str
    note: str
    number: int
    shown: tuple[Listed, ...]

    @property
    def more(self) -> int:
        """How many members are not among the shown ones."""
        return self.number - len(self.shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of the histogram, in units of the drawing."""

    label: str
    number: int
    top: int
    height: int
    is_score: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One part of one submission in the table of everybody."""

    mark: Mark
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One submission in the table of everybody; `score` and `percent` are empty where there is no grade."""

    person: Person
    state: str
    score: str
    percent: str
    cells: tuple[Cell, ...]
    late: str
    seconds: str
    tags: str


def render(lab_title: str, lab_id: str, standings: Sequence[Standing], facts: Facts) -> str:
    """Return the overview as a whole HTML document, in which students are sorted by name.

    Reports are linked as `<id>/report.html`, so the page belongs into the folder that holds the folders of reports.

    Raises:
        MachineError: `templates-missing`, the installation has no templates.
    """
    everybody = sorted(standings, key=lambda one: ((one.name.strip() or one.id).casefold(), one.id))
    context = {"title": line(lab_title), "lab": line(lab_id), "facts": facts, "made": _made(facts)}
    return html.fill("overview.html.j2", {**context, **_class(everybody), "policy": _policy()})


def _class(standings: Sequence[Standing]) -> dict[str, object]:
    people = tuple(map(_person, standings))
    needs = _listings("n", attention.needs_person(standings), people)
    late = _listings("late", [Group(title="Late", members=attention.late(standings))], people)
    same = _listings("s", attention.same_code(standings), people)
    common = classview.mistakes(standings)
    wrong = _listings("m", map(_as_group, common), people, most=_FEW)
    parts = classview.parts(standings)
    return {
        "number": len(standings),
        "states": {state.value: sum(one.state is state for one in standings) for state in State},
        "averages": classview.averages(standings),
        "bars": _bars(standings),
        "parts": parts,
        "marks": classview.columns(standings),
        "heat": classview.heat_map(standings),
        "mistakes": tuple(zip(common, (listing for listing, _ in wrong), strict=True)),
        "open": _OPEN,
        "needs": tuple(listing for listing, _ in needs),
        "same": tuple(listing for listing, _ in same),
        "late": late[0][0],
        "slowest": _listed(attention.slowest(standings), people),
        "maximum": _maximum(standings),
        "rows": tuple(_rows(standings, people, parts, _tags([*needs, *late, *same, *wrong]))),
    }


def _as_group(mistake: CommonMistake) -> Group:
    return Group(title=mistake.title, members=tuple(Member(place=place) for place in mistake.members))


_Tagged = tuple[Listing, tuple[Member, ...]]


def _listings(
    kind: str, groups: Sequence[Group] | Iterator[Group], people: Sequence[Person], *, most: int = _SOME
) -> list[_Tagged]:
    """Return what the page shows of each group beside all of its members, whose rows get the tag."""
    return [
        (
            Listing(
                tag=f"{kind}{number}",
                title=group.title,
                note=group.note,
                number=len(group.members),
                shown=_listed(group.members[:most], people),
            ),
            group.members,
        )
        for number, group in enumerate(groups, 1)
    ]


def _listed(members: Sequence[Member], people: Sequence[Person]) -> tuple[Listed, ...]:
    return tuple(Listed(person=people[member.place], note=member.note) for member in members)


def _tags(tagged: Sequence[_Tagged]) -> dict[int, str]:
    """Return for each place the tags of its groups, with blanks between."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for listing, members in tagged:
        for member in members:
            found[member.place].append(listing.tag)
    return {place: " ".join(tags) for place, tags in found.items()}


def _rows(
    standings: Sequence[Standing], people: Sequence[Person], parts: Sequence[Part], tags: dict[int, str]
) -> Iterator[Row]:
    cell = _cells()
    for place, (standing, person) in enumerate(zip(standings, people, strict=True)):
        is_graded = standing.state is State.GRADED
        results = {part.id: part for part in standing.parts} if is_graded else {}
        yield Row(
            person=person,
            state=_STATES.get(standing.state, ""),
            score=points.show(standing.earned, standing.points) if is_graded else "",
            percent=str(points.percent(standing.earned, standing.points)) if is_graded else "",
            cells=tuple(cell(results.get(part.id)) for part in parts),
            late=_late(standing),
            seconds=f"{standing.seconds:.1f}" if standing.seconds > 0 else "",
            tags=tags.get(place, ""),
        )


def _late(standing: Standing) -> str:
    return f"late {attention.lateness(standing)}".strip() if standing.was_late else ""


def _cells() -> Callable[[PartStanding | None], Cell]:
    """Return a function that makes cells: a class of thousands has few different ones, which are made once."""

    @functools.cache
    def made(status: Outcome, earned: Fraction, maximum: Fraction) -> Cell:
        mark = MARKS[status]
        return Cell(mark=mark, title=f"{mark.label} {points.show(earned, maximum)}/{points.total(maximum)}")

    nothing = Cell(mark=NO_RESULT, title="")
    return lambda part: nothing if part is None else made(part.status, part.earned, part.points)


def _bars(standings: Sequence[Standing]) -> tuple[Bar, ...]:
    bins = classview.distribution(standings)
    most = max(1, *(one.number for one in bins))
    heights = [-(-one.number * _TALLEST // most) for one in bins]
    return tuple(
        Bar(label=one.label, number=one.number, top=_TOP + _TALLEST - height, height=height, is_score=one.is_score)
        for one, height in zip(bins, heights, strict=True)
    )


def _maximum(standings: Sequence[Standing]) -> str:
    """Return how many points the lab has, or an empty string where not all submissions were graded by the same."""
    found = {standing.points for standing in standings if standing.state is State.GRADED}
    return points.total(found.pop()) if len(found) == 1 else ""


def _person(standing: Standing) -> Person:
    name, known = line(standing.name, _NAME), line(standing.id, _NAME)
    again = known if name and name != known else ""
    return Person(
        name=name or known or "(no name)",
        id=again,
        address=_address(standing.id) if standing.state is State.GRADED else "",
    )


def _address(name: str) -> str:
    """Return the address of a report below this page's folder; a name that leads elsewhere gets none."""
    if name in ("", ".", ".."):
        return ""
    # The second handler lets through what no file system gives, so that one odd id cannot cost the whole page.
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = name.encode("utf-8", "surrogatepass")
    return f"{urllib.parse.quote(raw, safe='')}/report.html"


def _made(facts: Facts) -> tuple[str, ...]:
    """Return how the grades came about, fact by fact; what is not known is left out."""
    told = (
        ("{} effort", facts.effort),
        ("data: {}", facts.data),
        ("seed {}", str(facts.seed)),
        ("isolation tier {}", facts.tier),
        ("made {}", facts.when),
    )
    return tuple(words.format(line(value)) for words, value in told if value)


def _policy() -> str:
    """Return what a browser may do on this page: show its styles, and run this one script."""
    digest = hashlib.sha256(html.fill("overview.js", {}).encode("utf-8")).digest()
    script = base64.b64encode(digest).decode("ascii")
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'; base-uri 'none'"
