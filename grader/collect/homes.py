"""Folders that only notebook services have: networks that are saved there are kept in the scratch folder instead."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

HOMES = ("/content/", "/gdrive/", "/kaggle/working/")
"""Where Colab and Kaggle keep files; no such folder is on the machine that grades."""

KEPT = Path("elsewhere")


def install(replace: Callable[[Callable[..., Any], Callable[..., Any]], None]) -> None:
    """Move what Keras' functions are told to write and to read; `replace` puts a function in the place of another."""
    for name in ("save", "save_weights", "load_weights", "export"):
        setattr(keras.Model, name, moved(getattr(keras.Model, name), place=1))
    for function, place in ((keras.models.load_model, 0), (keras.models.save_model, 1)):
        replace(function, moved(function, place=place))


def moved(function: Callable[..., Any], *, place: int) -> Callable[..., Any]:
    """Return a function whose argument in this place, or the one called `filepath`, is a path that exists here."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        given = [at_home(value) if number == place else value for number, value in enumerate(args)]
        named = {name: at_home(value) if name == "filepath" else value for name, value in kwargs.items()}
        return function(*given, **named)

    return wrapper


def at_home(path: object) -> object:
    """Return where a file of such a folder is kept; any other path as it is."""
    text = str(path) if isinstance(path, str | os.PathLike) else ""
    if not text.startswith(HOMES):
        return path
    kept = KEPT / text.lstrip("/")
    kept.parent.mkdir(parents=True, exist_ok=True)
    return str(kept)
