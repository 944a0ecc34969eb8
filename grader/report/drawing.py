"""Drawings as values: shapes with places, for the templates to write as SVG inside the page.

Nothing here is markup. Texts are escaped where the template writes them, and colours come from the page's stylesheet
by the names of styles, so that a drawing is at home in the light and in the dark scheme, and on paper.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """A rectangle by its upper left corner."""

    kind: ClassVar[str] = "rect"
    x: float
    y: float
    width: float
    height: float
    style: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Lines from place to place; `d` is written by `lines`."""

    kind: ClassVar[str] = "path"
    d: str
    style: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A place of a curve."""

    kind: ClassVar[str] = "dot"
    x: float
    y: float
    style: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text at its baseline; `style` says where it is anchored, too."""

    kind: ClassVar[str] = "words"
    x: float
    y: float
    text: str
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image by its upper left corner, as the address of its own bytes."""

    kind: ClassVar[str] = "picture"
    x: float
    y: float
    width: float
    height: float
    address: str


Shape = Rect | Path | Dot | Words | Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Shapes on a ground of a width and a height, which are also the pixels that it wants; `alt` says it in words."""

    width: float
    height: float
    alt: str
    shapes: tuple[Shape, ...]


def near(value: float) -> float:
    """Return a coordinate with one decimal: what is finer nobody sees, and everybody downloads."""
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded


def lines(places: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    """Return the way through places as SVG knows it."""
    way = "L".join(f"{near(x)} {near(y)}" for x, y in places)
    return f"M{way}{'Z' if closed else ''}" if places else ""


def grey_png(rows: Sequence[bytes]) -> str:
    """Return the address of a grey image in the format PNG (ISO/IEC 15948); 0 is white, as ink on paper.

    Args:
        rows: one byte for each pixel, 0 to 255, all rows equally long.
    """
    width = min(map(len, rows), default=0)
    body = b"".join(b"\0" + bytes(255 - pixel for pixel in row[:width]) for row in rows)
    head = struct.pack(">IIBBBBB", width, len(rows), 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(body, 9)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
