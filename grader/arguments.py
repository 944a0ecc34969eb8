"""Arguments on which a submission's functions are tried: drawn anew for each, so that no answer can be written down.

The worker gets them as arrays, and hands them over as the judge does: this module holds both ends together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.wire import Array

if TYPE_CHECKING:  # A worker imports this module, and nothing of the labs.
    from grader.labs import Argument, Function

Arguments = Mapping[str, Sequence[Sequence[Array]]]
"""By function, the arguments of each trial."""


def draw(functions: Sequence[Function], seed: int) -> dict[str, list[list[Array]]]:
    """Return the arguments of each trial of each function."""
    generator = np.random.default_rng(seed)
    return {
        function.name: [[_draw(each, generator) for each in function.arguments] for _ in range(function.trials)]
        for function in functions
    }


def _draw(argument: Argument, generator: np.random.Generator) -> Array:
    low, high, shape = argument.low, argument.high, argument.shape
    if argument.kind == "integers":
        return np.asarray(generator.integers(int(low), int(high), shape, endpoint=True)).astype(
            argument.dtype or "int64"
        )
    return np.asarray(generator.uniform(low, high, shape)).astype(argument.dtype or "float64")


def handed_over(arguments: Sequence[Array]) -> list[Any]:
    """Return arguments as a function gets them: copies of arrays, and a single number as Python has it.

    `[0] * steps` and `range(steps)` have to work as they do when a student tries them; an array of no dimensions would
    not do.
    """
    return [argument.copy() if argument.ndim else argument.item() for argument in arguments]
