"""The one door for text that a student controls: what `clean` returns is safe in a terminal, in XML, in HTML.

Escaping for HTML is not done here: it is the template engine's work, and twice would show `&lt;` to people.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable

from grader.language import gettext as _
from grader.language import whole

LINE = 300
"""Characters of a one-line text such as a name or a title."""

PARAGRAPH = 4_000
"""Characters of an explanation or an exception."""

SOURCE = 60_000
"""Characters of one cell's code; the longest cells of real notebooks have some thousand."""

_FORMULA_SIGNS = frozenset("=+-@|%\t\r")
_MARKUP = re.compile(r"[\\`*_{}\[\]()#+\-.!|>~&$]")

_ELLIPSIS = "…"
_REPLACEMENT = "\ufffd"

_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor movement, clearing
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS
    r"|\x1b[ -/]*[0-~]?"  # two-byte escapes such as a full reset
)
"""Terminal control sequences of ECMA-48, 7 and 8 bit, also where their end is missing."""

_MOST_DIGITS = 10**15


def clean(text: str, limit: int) -> str:
    r"""Return at most `limit` characters of a text, without anything that could act on its reader's machine.

    Terminal sequences (colours, titles, clipboard) go, then every character of Unicode's categories C*
    (controls, bidi overrides, invisible formats, private use) apart from `\n` and `\t`. A lone surrogate
    becomes U+FFFD, so that the text can be encoded. A carriage return becomes a line end, as progress bars
    use it. Cleaning twice changes nothing.

    Args:
        text: anything that a submission may have written.
        limit: the most characters to return, at least 1; what is cut ends in an ellipsis.
    """
    # Longer raw text cannot show more than `limit` characters anyway; this bounds the time spent on a flood.
    head = text[: 8 * limit + 1024]
    visible = _ANSI.sub("", head).replace("\r\n", "\n").replace("\r", "\n")
    visible = visible.translate({ord(char): _substitute(char) for char in set(visible) if _is_unsafe(char)})
    if len(visible) > limit or len(head) < len(text):
        return visible[: limit - 1].removesuffix(_ELLIPSIS) + _ELLIPSIS
    return visible


def line(text: str, limit: int = LINE) -> str:
    """Return cleaned text on one line, as names and titles are shown."""
    return clean(" ".join(clean(text, limit * 4).split()), limit)


def csv_cell(text: str, limit: int = LINE) -> str:
    """Return cleaned text as a cell of a table that spreadsheets open: none takes it for a formula (attack B17).

    Spreadsheets look through leading blanks and take full-width signs for plain ones.
    """
    shown = line(text, limit)
    first = unicodedata.normalize("NFKC", shown).lstrip()[:1]
    return f"'{shown}" if first in _FORMULA_SIGNS else shown


def markdown(text: str, limit: int = LINE) -> str:
    """Return cleaned text as one line of Markdown in which nothing is markup, a link, or HTML (attack B18)."""
    return (
        _MARKUP.sub(r"\\\g<0>", line(text, limit))
        .replace("<", "&lt;")
        # GitHub looks for people, issues and addresses in what is left once the Markdown is read.
        .replace("@", "@\u200b")
        .replace("#", "#\u200b")
        .replace("://", ":\u200b//")
    )


def annotation(text: str, limit: int = PARAGRAPH) -> str:
    """Return cleaned text as the message of an annotation of GitHub Actions, in which it cannot start a new command."""
    return clean(text, limit).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def nearest(wanted: str, known: Iterable[str], *, cutoff: float = 0.5, otherwise: str = "") -> str:
    """Return `; did you mean …?` with the name that is most like one that is not known; `otherwise` if none is."""
    near = difflib.get_close_matches(wanted, list(known), n=1, cutoff=cutoff)
    return f"; did you mean {near[0]!r}?" if near else otherwise


def annotation_property(text: str, limit: int = LINE) -> str:
    """Return cleaned text as the value of an annotation's property, such as its title, that cannot end the property."""
    return annotation(line(text, limit), limit).replace(":", "%3A").replace(",", "%2C")


def count(number: int) -> str:
    """Return a whole number with thousands separators; a huge one is described, as `str` refuses those."""
    if abs(number) >= _MOST_DIGITS:
        return _("more than 10¹⁵") if number > 0 else _("less than -10¹⁵")
    return whole(number)


def finite(value: float | None) -> float | None:
    """Return the number, or `None` where it is missing, infinite or not a number (JSON knows neither)."""
    return value if value is not None and math.isfinite(value) else None


def _is_unsafe(char: str) -> bool:
    return char not in "\n\t" and unicodedata.category(char).startswith("C")


def _substitute(char: str) -> str:
    return _REPLACEMENT if unicodedata.category(char) == "Cs" else ""
