"""Small networks that take the place of one that a student could not build, so that the parts below can be judged.

Each part answers for what was written there: a missing comma in the network does not make its training wrong. A
surrogate is nothing like the lab's network, and the part that builds it gets nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrogate:
    """A network of the lab that can be replaced: its variable, its function, and whether it is convolutional."""

    variable: str
    builder: str
    convolutional: bool

    def build(self) -> Any:
        """Return an untrained network for images (28, 28, 1) with ten probabilities."""
        front = [keras.layers.Conv2D(2, 5, strides=3, activation="relu")] if self.convolutional else []
        return keras.Sequential([*front, keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])


class Surrogates:
    """Provides a surrogate under the name that was looked for in vain; `made` are those that took a network's place."""

    def __init__(self, networks: Iterable[Surrogate]) -> None:
        self._networks = tuple(networks)
        self.made: list[Any] = []

    def provide(self, name: str, namespace: dict[str, Any]) -> bool:
        """Put a surrogate into the namespace if `name` is that of a network or of its function; tell whether it was."""
        for network in self._networks:
            if name == network.builder:
                namespace[name] = self._maker(network)
                return True
            if name == network.variable:
                namespace[name] = self._maker(network)()
                return True
        return False

    def provide_all(self, namespace: dict[str, Any]) -> None:
        """Put surrogates in the place of every network and its function."""
        for network in self._networks:
            namespace[network.builder] = self._maker(network)
            namespace[network.variable] = namespace[network.builder]()

    def _maker(self, network: Surrogate) -> Callable[..., Any]:
        def build(*_args: object, **_kwargs: object) -> Any:
            self.made.append(network.build())
            return self.made[-1]

        return build
