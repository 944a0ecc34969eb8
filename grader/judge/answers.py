"""Reading what a student answered: which option is meant, or which number. Nothing is evaluated by Python.

An answer comes as text, as the worker described it. Where a text can be read in two ways (`1,234` is a thousand in one
country and one and a bit in another), both are given, and whoever asks takes the one that helps. A sum that was
written down, such as `784*300+300`, is worked out in fractions; behind an equals sign stands what it comes to.
"""

from __future__ import annotations

import contextlib
import functools
import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction

from grader.evidence import Answer
from grader.judge import sums
from grader.questions import LETTERS, Question, plain

NUMBER_LIMIT = 120
"""Characters of a text in which a number is looked for; no answer of a lab needs as many."""

_LETTER = re.compile(
    r"(?:(?:option|answer|choice|antwort|opci[oó]n|respuesta)\s*:?\s*)?[(\[]?(?P<letter>[a-z])[)\].:,]*(?:\s+(?P<rest>\S.*))?"
)
_LETTER_ENDS = re.compile(r"[(\[]?[a-z](?:[)\].:,]|\s+[-–—]\s)")
_ANOTHER_LETTER = re.compile(r"(?:\w{1,4}\s+)?[(\[]?[a-z][)\]]?")
_REASON = re.compile(r"\s*[,.:;!](?=\s)|\s+[-–—(]|\s(?:because|since|as|weil|da|denn|porque)\s")
"""What ends a yes or a no, before it is said why."""
_SYNONYMS = (
    frozenset({"true", "t", "yes", "y", "right", "correct", "1", "wahr", "ja", "richtig", "stimmt"})
    | {"verdadero", "cierto", "correcto", "si", "sí"},
    frozenset({"false", "f", "no", "n", "wrong", "incorrect", "0", "falsch", "nein", "stimmt nicht"})
    | {"falso", "incorrecto"},
)

_NUMBER = re.compile(
    r"(?:[≈~=]\s*)?(?P<sign>[+-]?)\s*(?P<digits>[0-9][0-9.,'_ ]*|[.,][0-9]+)(?:e(?P<power>[+-]?[0-9]{1,3}))?"
    r"(?:\s*/\s*(?P<below>[0-9]{1,40}))?\s*(?P<percent>%?)(?P<unit>[^\d%]*)"
)
"""A number with at most one unit behind it. The exponent is short: a longer one would fill the memory with zeros."""

_BEFORE = re.compile(
    r"(?!.*\b(?:not|no|nicht|kein\w*|less|more|than|under|over|minus|without|ohne|menos|sin)\b)"
    r"(?:[^\W\d_]{1,20}[.:]?\s+){1,6}(?=[≈~+-]?[0-9])"
)
"""Words in front of a number, as in `about 782` or `it has 782 batches`."""

_GROUPED = re.compile(r"[0-9]{1,3}(?:(?P<mark>[,.'_ ])[0-9]{3})(?:(?P=mark)[0-9]{3})*(?P<rest>[.,][0-9]+)?")
_DECIMAL = re.compile(r"[0-9]*[.,]?[0-9]*")


def choice(question: Question, answer: Answer) -> int | None:
    """Return the place of the option that an answer means, or None where it means none, or more than one."""
    if answer.kind not in ("text", "truth", "number"):
        return None
    text, texts = plain(answer.text), [plain(option) for option in question.options]
    if text in texts:
        return texts.index(text)
    if answer.kind == "number" and (same := _same_number(answer, texts)) is not None:
        return same
    letter = _by_letter(text, unicodedata.normalize("NFKC", answer.text).strip().casefold(), texts)
    return letter if letter is not None else _by_synonym(text, texts)


def _by_letter(text: str, raw: str, options: Sequence[str]) -> int | None:
    """Read `b`, `b)`, `(B).`, `option b`, and `b) the option itself`."""
    found = _LETTER.fullmatch(text)
    if found is None or found["letter"] not in LETTERS[: len(options)]:
        return None
    place, rest = LETTERS.index(found["letter"]), plain((found["rest"] or "").lstrip("-–— "))
    is_another = rest in options or _ANOTHER_LETTER.fullmatch(rest)
    if rest and rest != options[place] and (is_another or not _LETTER_ENDS.match(raw)):
        # `a good one` begins with a letter, too, and `a) …` followed by the words of option b says two things.
        return None
    return place


def _by_synonym(text: str, options: Sequence[str]) -> int | None:
    """Read `True` for an option that says yes, where there are two options and one says yes and one no.

    A reason may follow, unless it says the opposite.
    """
    meanings = [_meaning(option) for option in options]
    answer, reason = (*_REASON.split(text, maxsplit=1), "")[:2]
    meant = _meaning(answer)
    if meant is not None and {"true", "false"} & set(re.findall(r"\w+", reason)) - _SYNONYMS[meant]:
        return None
    return meanings.index(meant) if meant is not None and sorted(map(str, meanings)) == ["0", "1"] else None


def _meaning(text: str) -> int | None:
    return next((meaning for meaning, words in enumerate(_SYNONYMS) if text in words), None)


def _same_number(answer: Answer, options: Sequence[str]) -> int | None:
    values = set(numbers(answer))
    same = [place for place, option in enumerate(options) if values & set(_numbers_in(option))]
    return same[0] if len(same) == 1 else None


def numbers(answer: Answer) -> tuple[Fraction, ...]:
    """Return the numbers that an answer can be read as, none where it is no number."""
    return _numbers_in(answer.text) if answer.kind in ("number", "text") else ()


def _numbers_in(text: str) -> tuple[Fraction, ...]:
    shown = unicodedata.normalize("NFKC", text[: NUMBER_LIMIT + 1]).replace("−", "-").strip(" \t\n\"'`").casefold()
    if len(shown) > NUMBER_LIMIT:
        return ()
    shown = shown.rsplit("=", 1)[-1].strip()
    words = _BEFORE.match(shown)
    return _one_number(shown[words.end() if words else 0 :]) or _worked_out(shown)


def _worked_out(shown: str) -> tuple[Fraction, ...]:
    """Return what a sum comes to, with each way to read its numbers: `1,234 + 1` is two sums."""
    values = []
    for reading in (0, -1):
        with contextlib.suppress(ValueError, ZeroDivisionError):
            values.append(sums.worked_out(shown, functools.partial(_reading, reading)))
    return tuple(dict.fromkeys(values))


def _reading(which: int, text: str) -> Fraction:
    """Return one of the ways to read a number.

    Raises:
        ValueError: it is none.
    """
    values = _digits(text)
    if not values:
        raise ValueError(f"no number: {text!r}")
    return values[which]


def _one_number(shown: str) -> tuple[Fraction, ...]:
    found = _NUMBER.fullmatch(shown)
    if found is None or not _is_word(found["unit"]) or re.search(r"[-+*/^=(,;]", found["unit"]):
        return ()
    below = Fraction(found["below"] or 1)
    if not below:
        return ()
    scale = Fraction(10) ** int(found["power"] or 0) / below * (-1 if found["sign"] == "-" else 1)
    values = [value * scale for value in _digits(found["digits"].strip())]
    return tuple(values + [value / 100 for value in values if found["percent"]])


def _is_word(unit: str) -> bool:
    """Tell whether a unit is made of letters and common signs: `²` behind a number changes it."""
    return all(sign.isascii() or sign.isalpha() for sign in unit)


def _digits(text: str) -> list[Fraction]:
    """Return what digits with points, commas, blanks or underscores may mean: `1,234` is two numbers."""
    values = []
    if _DECIMAL.fullmatch(text):
        values.append(Fraction("0" + text.replace(",", ".").removesuffix(".")))
    grouped = _GROUPED.fullmatch(text)
    if grouped is not None and (grouped["rest"] or "-")[0] != grouped["mark"]:
        rest = grouped["rest"] or ""
        whole = re.sub(r"[^0-9]", "", text.removesuffix(rest))
        values.append(Fraction(whole + rest.replace(",", ".")))
    return list(dict.fromkeys(values))


def is_right(question: Question, value: Fraction) -> bool:
    """Tell whether a number is as near to the right one as the question asks."""
    return abs(value - question.number) <= max(question.absolute, question.relative * abs(question.number))
