"""Arguments on which a submission's functions are tried: drawn anew for each, so that no answer can be written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from grader.labs import Argument, Function
from grader.wire import Array

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
