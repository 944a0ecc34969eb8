"""Questions of a lab, as `lab.toml` lists them. No worker imports this: it knows the answers."""

from __future__ import annotations

import enum
import keyword
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

LETTERS = "abcdefghijklmnopqrstuvwxyz"

ROUNDING_OF_WHOLE, ROUNDING = Fraction(1, 10**9), Fraction(1, 10**6)
"""Relative tolerances where a lab names none: for a whole number, what a sum in floating point may be off; for any
other, the last digits of single precision."""

_KEYS = frozenset(
    {"id", "part", "kind", "text", "points", "variable", "hint", "options", "answer", "tolerance", "rubric"}
)


class Kind(enum.Enum):
    """How a question is answered. A person marks what is answered in words; the others are graded at once."""

    CHOICE = "choice"
    NUMERIC = "numeric"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    `variable` is what students assign their answer to. Of a choice, `right` is the place of the right option; of a
    number, `number` is right, and so is what is no farther from it than `absolute` or `relative` times its size.
    """

    id: str
    part: str
    kind: Kind
    text: str
    points: Fraction
    variable: str
    hint: str = ""
    options: tuple[str, ...] = ()
    right: int = 0
    number: Fraction = Fraction(0)
    absolute: Fraction = Fraction(0)
    relative: Fraction = Fraction(0)
    rubric: str = ""

    @property
    def check(self) -> str:
        """The id of the check that settles this question."""
        return f"question_{self.id}"


def questions(entries: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    """Return the questions of a lab.

    Raises:
        ValueError: one of them makes no sense, or two are answered by one variable.
    """
    asked = tuple(question(entry) for entry in entries)
    variables = [each.variable for each in asked]
    twice = sorted({name for name in variables if variables.count(name) > 1})
    _require(not twice, f"two questions are answered by {', '.join(twice)}")
    return asked


def question(fields: Mapping[str, Any]) -> Question:
    """Return a question from its table in `lab.toml`.

    Raises:
        ValueError: something is missing, is unknown, or makes no sense.
    """
    name = str(fields.get("id", ""))
    try:
        _require(name.isidentifier() and not keyword.iskeyword(name), "an id is a word that Python takes for a name")
        unknown = sorted(set(fields) - _KEYS)
        _require(not unknown, f"the keys {', '.join(unknown)} are not known")
        kind = Kind(fields["kind"])
        points = Fraction(str(fields["points"]))
        _require(points > 0, "a question pays something")
        return Question(
            id=name,
            part=str(fields["part"]),
            kind=kind,
            text=str(fields["text"]).strip(),
            points=points,
            variable=_variable(fields.get("variable", f"answer_{name}")),
            hint=str(fields.get("hint", "")).strip(),
            **_DETAILS[kind](fields),
        )
    except KeyError as error:
        raise ValueError(f"question {name!r}: the key {error.args[0]!r} is missing") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"question {name!r}: {error}") from error


def anchored(part: Mapping[str, Any], asked: Sequence[Question]) -> Mapping[str, Any]:
    """Return the table of a part; one without an anchor belongs where its questions are answered.

    A part without questions is returned as it is: its anchor is asked for by whoever reads on.
    """
    variables = [each.variable for each in asked if each.part == part["id"]]
    return {"anchor": {"assigns": variables}, **part} if variables else part


def plain(text: str) -> str:
    """Return a text in the form in which answers and options are compared: blanks, case and quotation marks ignored."""
    words = " ".join(unicodedata.normalize("NFKC", text).split())
    return words.strip(" .;:,!?\"'`“”‘’").casefold()


def _require(holds: bool, complaint: str) -> None:  # noqa: FBT001 - reads like a sentence
    if not holds:
        raise ValueError(complaint)


def _variable(name: object) -> str:
    text = str(name)
    _require(text.isidentifier() and not text.startswith("_"), f"{text!r} cannot be the name of a variable")
    return text


def _choice(fields: Mapping[str, Any]) -> dict[str, Any]:
    answer = fields["answer"]
    if isinstance(answer, bool):
        _require("options" not in fields, "a question that is true or false has no options")
        return {"options": ("True", "False"), "right": 0 if answer else 1}
    options = tuple(str(option).strip() for option in fields["options"])
    _require(2 <= len(options) <= len(LETTERS), "a choice has two to 26 options")  # noqa: PLR2004 - a choice
    _require(len({plain(option) for option in options}) == len(options), "two options say the same")
    letters = LETTERS[: len(options)]
    mistakable = [o for place, o in enumerate(options) if plain(o) in set(letters) - {letters[place]}]
    _require(not mistakable, f"the option {mistakable[:1]} would be taken for the letter of another one")
    _require(len(str(answer)) == 1 and str(answer) in letters, f"the answer is one of the letters {letters!r}")
    return {"options": options, "right": letters.index(str(answer))}


def _numeric(fields: Mapping[str, Any]) -> dict[str, Any]:
    number = _number(fields["answer"], "answer")
    tolerance = fields.get("tolerance", {"relative": 0})
    given = tolerance if isinstance(tolerance, Mapping) else {"absolute": tolerance}
    _require(not set(given) - {"absolute", "relative"}, "a tolerance is absolute, relative, or both")
    absolute, relative = (_number(given.get(name, 0), "tolerance") for name in ("absolute", "relative"))
    _require(absolute >= 0 and relative >= 0, "a tolerance is not negative")
    rounding = ROUNDING_OF_WHOLE if number.denominator == 1 else ROUNDING
    return {"number": number, "absolute": absolute, "relative": max(relative, rounding)}


def _number(value: object, name: str) -> Fraction:
    _require(isinstance(value, int | float) and not isinstance(value, bool), f"{name} is a number, not {value!r}")
    # TOML knows NaN and infinity; a Fraction refuses both.
    return Fraction(str(value))


def _text(fields: Mapping[str, Any]) -> dict[str, Any]:
    _require("answer" not in fields, "a question that a person marks has a rubric in place of an answer")
    rubric = str(fields["rubric"]).strip()
    _require(bool(re.search(r"\w", rubric)), "the rubric is empty")
    return {"rubric": rubric}


_DETAILS = {Kind.CHOICE: _choice, Kind.NUMERIC: _numeric, Kind.TEXT: _text}
