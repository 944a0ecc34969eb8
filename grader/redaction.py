"""Secrets out of reports: keys that students leave in their notebooks are never echoed.

What looks like one: the value of something called key, token, secret or password, and any quoted word of letters and
digits as long as the keys of web services are. What was found in the code is taken out of printed output, too.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

MASK = "••••••••"

MOST = 200
"""Values that are hidden; a notebook has a few, and each is looked for in all that is shown."""

_NAMED = re.compile(
    r"""(?ix) (?:key|token|secret|passw(?:or)?d) \w{0,40} ["'\]]{0,4} \s{0,40} [=:] \s{0,40}
        (["']) (?P<value> [^"'\n]{6,}) \1"""
)
"""`COMET_API_KEY =` and `{"token":`. What is repeated has an end: `keykeykey…` would be begun anew at each `key`."""

_LONG = re.compile(r"""(["'])(?P<value>(?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])[A-Za-z0-9_-]{20,})\1""")


def secrets(sources: Iterable[str]) -> frozenset[str]:
    """Return the values in some code that look like keys or passwords, the first ones of very many."""
    code = list(sources)
    found = (each["value"] for pattern in (_NAMED, _LONG) for source in code for each in pattern.finditer(source))
    return frozenset(itertools.islice(dict.fromkeys(found), MOST))


def redacted(text: str, hidden: Iterable[str]) -> str:
    """Return a text with every hidden value masked, the longest first."""
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text
