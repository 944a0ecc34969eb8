"""Grade deep-learning lab assignments: collect evidence, verify it, judge it, explain it."""

from __future__ import annotations

__version__ = "0.1.0"


def load_ipython_extension(shell: object) -> None:
    """Give a notebook the magic `%grade`, by `%load_ext grader`."""
    from grader import notebook  # noqa: PLC0415 - whoever imports this package outside of a notebook pays nothing

    notebook.load(shell)
