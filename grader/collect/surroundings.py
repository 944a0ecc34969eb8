"""What student code finds around itself: stand-ins for packages of the course, nobody to ask, nothing to wait for.

A lab declares the packages that its notebooks use but that its parts do not need. Importing one gives a stand-in that
answers everything with another stand-in, so that a missing package, a key or a web page never costs points.
"""

from __future__ import annotations

import builtins
import errno
import functools
import getpass
import multiprocessing.context
import os
import sys
import threading
import time
import types
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sized
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any, Self, SupportsFloat

from grader.collect.lookalikes import LOOKALIKES

NO_SUCH_COMMAND = 127
"""Exit status of a shell that does not find a program."""

LONGEST_SLEEP_S = 0.01
"""What a `time.sleep` of the student's takes at most: waiting shows nothing that could be graded."""


class StandIn:
    """Stands for anything of an absent package: attributes, calls, items, contexts and loops all work.

    Calling it with something iterable gives a stand-in that iterates over that, as progress bars do, and with a
    function gives that function, as decorators do. What is put in by `append` comes out of `get`.
    """

    def __init__(self, name: str, items: Iterable[Any] = ()) -> None:
        self._name = name
        self._items = items

    def __repr__(self) -> str:
        return f"<stand-in for {self._name}>"

    def __getattr__(self, name: str) -> StandIn:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Answer a call: a function with itself, something to loop over with a loop, all else with nothing in it."""
        first = args[0] if args else kwargs.get("iterable", ())
        if isinstance(first, types.FunctionType | type):
            return first
        if args and self._name.endswith("range") and all(isinstance(value, int) for value in args):
            return StandIn(self._name, range(*args))
        is_loop = hasattr(first, "__iter__") and not isinstance(first, str | bytes | dict)
        return StandIn(f"{self._name}()", first if is_loop else ())

    def append(self, value: Any) -> None:
        """Keep a value, as histories of losses do."""
        if not isinstance(self._items, list):
            self._items = []
        self._items.append(value)

    def get(self, *names: Any) -> Any:
        """Return what was appended; nothing where a key is asked for by its name."""
        return "" if names else list(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items) if isinstance(self._items, Sized) else 0

    def __bool__(self) -> bool:
        return True

    def __contains__(self, _item: object) -> bool:
        return False

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._items[key]  # type: ignore[index] # a list, or what the student put in
        except (TypeError, LookupError):
            return StandIn(f"{self._name}[…]")

    def __setitem__(self, _key: Any, _value: Any) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        pass

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __int__(self) -> int:
        return 0

    __index__ = __int__

    def __float__(self) -> float:
        return 0.0

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (object,)

    def __instancecheck__(self, _instance: object) -> bool:
        return False

    def _same(self, *_others: Any) -> StandIn:
        return self

    __add__ = __radd__ = __iadd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same
    __neg__ = __abs__ = __or__ = __and__ = __mod__ = __matmul__ = _same

    def _never(self, _other: object) -> bool:
        return False

    __lt__ = __gt__ = __le__ = __ge__ = _never


class _StandInModule(types.ModuleType):
    """A module of which every name is a stand-in."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: MutableSequence[str] = []
        self.__all__: MutableSequence[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        full = f"{self.__name__}.{name}"
        return LOOKALIKES.get(full) or StandIn(full)


class StandInFinder(MetaPathFinder, Loader):
    """Imports the declared packages, and everything below them, as stand-ins; `used` says which were asked for."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self.used: set[str] = set()

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """Claim a declared package or a module below one."""
        for name in self._names:
            if fullname == name or fullname.startswith(f"{name}."):
                self.used.add(name)
                return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """Return the stand-in module."""
        return _StandInModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run."""

    def install(self) -> None:
        """Go before the real finders: a package that happens to be installed here must not change a grade."""
        for module in list(sys.modules):
            if any(module == name or module.startswith(f"{name}.") for name in self._names):
                del sys.modules[module]
        sys.meta_path.insert(0, self)


def _between_threads(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _context, *args: make(*args)


def keep_going() -> None:
    """Let questions be answered with nothing, sleep hardly last, and the way to restart a notebook do nothing."""
    sleep = time.sleep

    def nap(seconds: SupportsFloat, /) -> None:
        sleep(min(float(seconds), LONGEST_SLEEP_S))

    def answer_nothing(*_prompt: object, **_options: object) -> str:
        return ""

    time.sleep = nap  # type: ignore[assignment] # nobody sleeps for a SupportsIndex

    def stay(pid: int, _signal: int, /) -> None:
        if pid != os.getpid():
            raise PermissionError(errno.EPERM, "no other process can be reached from here")

    def leave(_status: int = 0, /) -> None:
        raise SystemExit

    for name in ("Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition", "Event", "Barrier"):
        # There are no other processes here; locks between them would need shared memory, which there is not either.
        make = _between_threads(getattr(threading, name))
        setattr(multiprocessing.context.BaseContext, name, make)
        setattr(multiprocessing, name, functools.partial(make, None))

    def find_nothing(_popen: object, args: Any, *_rest: Any, **_options: Any) -> None:
        name = args if isinstance(args, str | bytes) else next(iter(args), "")
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)

    # On every tier alike: what is not to be found has the same verdict wherever it is graded.
    sys.modules["subprocess"].Popen._execute_child = find_nothing  # noqa: SLF001 - the one way to it
    os.system = lambda command: NO_SUCH_COMMAND << 8  # noqa: ARG005, TID251 - its own name for it
    os.kill = stay
    os._exit = leave  # type: ignore[assignment] # it does return here: by raising
    builtins.input = answer_nothing
    getpass.getpass = answer_nothing
