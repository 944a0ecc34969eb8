"""Stands in for the service to which notebooks of the course send their curves."""

from __future__ import annotations


class Experiment:
    """Takes whatever is logged."""

    def __init__(self, *_args: object, **_options: object) -> None:
        self.url = ""

    def log_figure(self, *_args: object, **_options: object) -> None:
        """Keep nothing."""

    def log_metric(self, *_args: object, **_options: object) -> None:
        """Keep nothing."""

    def end(self) -> None:
        """Send nothing."""


def init(*_args: object, **_options: object) -> None:
    """Ask for no key."""
