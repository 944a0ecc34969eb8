"""The language that students read in, and the functions of gettext for it.

A catalogue is read when its language is first used; English is what the code itself says, and needs none. Which
language is current belongs to the context, so that one process can grade in several, one after the other.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import UsageError

if TYPE_CHECKING:
    from gettext import GNUTranslations

ENGLISH = "en"
DOMAIN = "grader"
FOLDER = Path(__file__).parent / "locale"

AFTER_ARTICLE = "after an article"
"""The context of what stands behind *the*, as the titles of networks do: other languages inflect it."""

_current: ContextVar[str] = ContextVar("language", default=ENGLISH)


@functools.cache
def names() -> tuple[str, ...]:
    """Return the languages that there are, English first."""
    return (ENGLISH, *sorted(path.parent.parent.name for path in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")))


def find(name: str) -> str:
    """Return the language that a name means: `de`, and also `DE`, `de_AT` or `de-CH`.

    Raises:
        UsageError: there is no such language.
    """
    code = name.strip().replace("-", "_").split("_")[0].lower()
    if code not in names():
        raise UsageError(f"there is no language {name!r}; there are: {', '.join(names())}", slug="unknown-language")
    return code


def current() -> str:
    """Return the language that is current."""
    return _current.get()


@contextlib.contextmanager
def use(code: str) -> Iterator[None]:
    """Make a language the current one for a while; English where there is no such language.

    A grade that was kept may name any: it is read again by another version, with other catalogues.
    """
    token = _current.set(code if code in names() else ENGLISH)
    try:
        yield
    finally:
        _current.reset(token)


def N_(message: str) -> str:
    """Mark a message that is translated later, where it is shown."""
    return message


def gettext(message: str) -> str:
    """Return a message in the current language; in English where it has no translation."""
    catalogue = _catalogue(_current.get())
    # The translation of nothing is the head of the catalogue.
    return catalogue.gettext(message) if catalogue is not None and message else message


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form of a message that goes with a number, in the current language."""
    catalogue = _catalogue(_current.get())
    if catalogue is None:
        return singular if number == 1 else plural
    return catalogue.ngettext(singular, plural, number)


def pgettext(context: str, message: str) -> str:
    """Return a message in the current language, as it is translated in a context."""
    catalogue = _catalogue(_current.get())
    return catalogue.pgettext(context, message) if catalogue is not None and message else message


def whole(number: int) -> str:
    """Return a whole number with a mark between thousands: in other languages than English a comma is a decimal one."""
    return f"{number:,}" if _current.get() == ENGLISH else f"{number:,}".replace(",", "\u202f")


@functools.cache
def _catalogue(code: str) -> GNUTranslations | None:
    if code == ENGLISH:
        return None
    from gettext import GNUTranslations  # noqa: PLC0415 - English needs no catalogue

    with (FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        return GNUTranslations(file)
