"""What a worker says it shortened, in the language of the student.

Workers say it in English, as evidence is the same for every reader. Sentences of ours are recognised by what they look
like, and told with the same numbers; any other is left as it is.
"""

from __future__ import annotations

import re

from grader.language import N_
from grader.language import gettext as _

_SENTENCES = (
    N_("training: {epochs} epochs of {per_epoch} images instead of {asked} of {rows}"),
    N_("training: further experiments ran for a single step"),
    N_("training ended early, once the expected accuracy was reached"),
    N_("datasets: the first {rows} rows"),
    N_("evaluation: at most {images} images at a time"),
    N_("predictions: {images} images in all; the rows of further ones repeat earlier ones"),
    N_("hand-written training loop: {steps} steps"),
)
_NUMBER = re.compile(r"\\{(\w+)\\}")


def told(sentence: str) -> str:
    """Return a sentence of a worker in the current language."""
    for ours in _SENTENCES:
        found = re.fullmatch(_NUMBER.sub(r"(?P<\1>[0-9]+)", re.escape(ours)), sentence)
        if found is not None:
            return _(ours).format(**found.groupdict())
    return sentence
