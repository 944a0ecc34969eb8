"""What takes the place of a network or a dataset that a student could not make, so that the parts below can be judged.

Each part answers for what was written there: a missing comma in the network does not make its training wrong. A
surrogate is nothing like the lab's network, and the part that makes it gets nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrogate:
    """A network of the lab that can be replaced: its variable, its function, and what kind of network it is."""

    variable: str
    builder: str
    convolutional: bool
    logits: bool

    def build(self) -> Any:
        """Return an untrained network for images (28, 28, 1) with ten probabilities, or logits."""
        front = [keras.layers.Conv2D(2, 5, strides=3, activation="relu")] if self.convolutional else []
        output = keras.layers.Dense(10, activation=None if self.logits else "softmax")
        return keras.Sequential([*front, keras.layers.Flatten(), output])


class Surrogates:
    """Provides a surrogate under the name that was looked for in vain.

    `made` are those that took a network's place, `datasets_made` those of a dataset, and `names_given` the names of all
    datasets that were replaced although they were there.
    """

    def __init__(
        self,
        networks: Iterable[Surrogate],
        datasets: Iterable[str] = (),
        make_dataset: Callable[[], Any] = lambda: None,
    ) -> None:
        self._networks = tuple(networks)
        self._datasets = tuple(datasets)
        self._make_dataset = make_dataset
        self.made: list[Any] = []
        self.datasets_made: list[Any] = []
        self.names_given: frozenset[str] = frozenset()

    def provide(self, name: str, namespace: dict[str, Any]) -> bool:
        """Put a surrogate into the namespace if `name` is that of a network or of its function; tell whether it was."""
        for network in self._networks:
            if name == network.builder:
                namespace[name] = self._maker(network)
                return True
            if name == network.variable:
                namespace[name] = self._maker(network)()
                return True
        if name in self._datasets:
            self.datasets_made.append(self._make_dataset())
            namespace[name] = self.datasets_made[-1]
        return name in self._datasets

    def provide_datasets(self, namespace: dict[str, Any]) -> bool:
        """Put surrogates in the place of every dataset; tell whether there is any."""
        self.names_given = frozenset(self._datasets)
        for name in self._datasets:
            self.provide(name, namespace)
        return bool(self._datasets)

    def provide_all(self, namespace: dict[str, Any]) -> bool:
        """Put surrogates in the place of every network and its function; tell whether there is any."""
        for network in self._networks:
            namespace[network.builder] = self._maker(network)
            namespace[network.variable] = namespace[network.builder]()
        return bool(self._networks)

    def _maker(self, network: Surrogate) -> Callable[..., Any]:
        def build(*_args: object, **_kwargs: object) -> Any:
            self.made.append(network.build())
            return self.made[-1]

        return build


def wrapped(models: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return the networks that have the weights of an earlier one and no others, each with the first of these."""
    first: dict[frozenset[int], Any] = {}
    pairs = []
    for model in models:
        weights = _variables(model)
        inner = first.setdefault(weights, model)
        if weights and inner is not model:
            pairs.append((model, inner))
    return pairs


def _variables(model: Any) -> frozenset[int]:
    return frozenset(id(variable) for variable in model.weights)
