"""Stands in for the course's package: what the notebooks of lab 2 take from it, without its drawings."""

from __future__ import annotations


class LossHistory:
    """A list of losses."""

    def __init__(self, smoothing_factor: float = 0.0) -> None:
        self.smoothing_factor = smoothing_factor
        self.losses: list[float] = []

    def append(self, value: float) -> None:
        """Keep a loss, smoothed."""
        last = self.losses[-1] if self.losses else value
        self.losses.append(self.smoothing_factor * last + (1 - self.smoothing_factor) * value)

    def get(self) -> list[float]:
        """Return all of them."""
        return self.losses


class PeriodicPlotter:
    """Draws nothing."""

    def __init__(self, *_args: object, **_options: object) -> None: ...

    def plot(self, *_args: object) -> None:
        """Draw nothing."""


class util:  # noqa: N801 - a module of the package
    """What the notebooks call `mdl.util`."""

    LossHistory = LossHistory
    PeriodicPlotter = PeriodicPlotter


class lab2:  # noqa: N801 - as above
    """What the notebooks call `mdl.lab2`."""

    @staticmethod
    def plot_image_prediction(*_args: object) -> None:
        """Draw nothing."""

    @staticmethod
    def plot_value_prediction(*_args: object) -> None:
        """Draw nothing."""
