"""Frames between the trusted process and its workers: a JSON header and raw arrays, never a pickle.

A frame is `u32 header length | header (UTF-8 JSON object) | raw array bytes`. The header lists its arrays
under `arrays` as `[name, dtype, shape]`; their bytes follow in that order, C-contiguous and little-endian.
Everything that arrives is a claim by an untrusted process, so every length and count is checked before
anything is allocated (attacks A32, A33, A38, A39, B13, B14 of the catalogue in docs/architecture.md).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from grader.errors import GraderError

Array = npt.NDArray[Any]

HEADER_LIMIT = 64 * 1024
"""Bytes of JSON in one frame; larger texts travel as arrays of bytes."""

FRAME_LIMIT = 192 * 1024 * 1024
"""Bytes of arrays in one frame: a network of forty million float32 weights still fits."""

DTYPES = frozenset({"uint8", "int32", "int64", "float32", "float64", "bool"})
"""The only element types that cross the boundary; none can carry an object or code."""

MAX_DIMENSIONS = 8
MAX_ARRAYS = 512
MAX_DEPTH = 12


class WireError(GraderError):
    """The peer sent something that is not a frame; nothing more may be read from it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, slug="protocol")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One message: a `kind`, JSON `fields`, and named `arrays`; of one that arrived, the bytes its header had."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    header_bytes: int = 0


def encode(frame: Frame) -> list[bytes | memoryview]:
    """Return the frame as buffers to write one after the other.

    Raises:
        WireError: the header is larger than `HEADER_LIMIT`, or an array has a type that may not travel.
    """
    arrays = {name: _portable(array) for name, array in frame.arrays.items()}
    listing = [[name, array.dtype.name, list(array.shape)] for name, array in arrays.items()]
    header = json.dumps({"kind": frame.kind, "fields": dict(frame.fields), "arrays": listing}, allow_nan=False).encode(
        "ascii"
    )
    if len(header) > HEADER_LIMIT:
        raise WireError(f"a header of {len(header)} bytes is over the limit of {HEADER_LIMIT}")
    if sum(array.nbytes for array in arrays.values()) > FRAME_LIMIT:
        raise WireError(f"arrays of more than {FRAME_LIMIT} bytes in one frame")
    bodies = [array.reshape(-1).view(np.uint8).data for array in arrays.values() if array.size]
    return [struct.pack("<I", len(header)), header, *bodies]


def decode(read_exactly: Callable[[int], bytes]) -> Frame:
    """Read one frame through `read_exactly(n)`, which returns n bytes or raises.

    Raises:
        WireError: a length, a count, a type or the JSON is not what a frame may contain.
    """
    (length,) = struct.unpack("<I", read_exactly(4))
    if not len("{}") <= length <= HEADER_LIMIT:
        raise WireError(f"a header of {length} bytes")
    kind, fields, listing = _parse_header(read_exactly(length))
    arrays: dict[str, Array] = {}
    total = 0
    for name, dtype, shape in listing:
        size = math.prod(shape) * dtype.itemsize
        total += size
        if total > FRAME_LIMIT:
            raise WireError(f"arrays of more than {FRAME_LIMIT} bytes in one frame")
        arrays[name] = np.frombuffer(read_exactly(size), dtype=dtype).reshape(shape)
    return Frame(kind=kind, fields=fields, arrays=arrays, header_bytes=length)


def read(stream: BinaryIO) -> Frame:
    """Read one frame from a stream.

    Raises:
        EOFError: the stream ends before the frame does.
        WireError: what comes is no frame.
    """
    return decode(lambda size: read_exactly(stream, size))


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Return `size` bytes of a stream.

    Raises:
        EOFError: the stream ends before.
    """
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def loads(text: bytes | str) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Parse JSON strictly: no NaN, no infinity, no deep nesting, no number beyond 64 bits.

    Raises:
        WireError: the text is not such JSON.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_int=_bounded_int, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise WireError("not JSON") from error
    _check_depth(value, MAX_DEPTH)
    return value


def _portable(array: Array) -> Array:
    array = np.asarray(array)
    if array.dtype.name not in DTYPES:
        raise WireError(f"an array of {array.dtype} may not travel")
    little = array.dtype.newbyteorder("<")
    # ascontiguousarray would turn a scalar into a vector of one.
    return np.asarray(array, dtype=little, order="C")


def _parse_header(raw: bytes) -> tuple[str, dict[str, Any], list[tuple[str, np.dtype[Any], tuple[int, ...]]]]:
    header = loads(raw)
    if not isinstance(header, dict) or set(header) != {"kind", "fields", "arrays"}:
        raise WireError("a header without kind, fields and arrays")
    kind, fields, listing = header["kind"], header["fields"], header["arrays"]
    if not (isinstance(kind, str) and isinstance(fields, dict) and isinstance(listing, list)):
        raise WireError("a header of the wrong types")
    if len(listing) > MAX_ARRAYS:
        raise WireError(f"{len(listing)} arrays in one frame")
    return kind, fields, [_parse_listing(entry) for entry in listing]


def _parse_listing(entry: object) -> tuple[str, np.dtype[Any], tuple[int, ...]]:
    match entry:
        case [str(name), str(dtype), list(shape)] if dtype in DTYPES and len(shape) <= MAX_DIMENSIONS:
            pass
        case _:
            raise WireError("an array that is not [name, dtype, shape]")
    sizes = [size for size in shape if type(size) is int and 0 <= size <= FRAME_LIMIT]
    if len(sizes) != len(shape):
        raise WireError("an array with an impossible shape")
    return name, np.dtype(dtype).newbyteorder("<"), tuple(sizes)


def _check_depth(value: object, left: int) -> None:
    if left < 0:
        raise WireError("JSON nested too deeply")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        _check_depth(item, left - 1)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _bounded_int(digits: str) -> int:
    if len(digits) > 20:  # noqa: PLR2004 - 64 bits have at most 19 digits and a sign
        raise ValueError("an integer beyond 64 bits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number beyond float64")
    return number


def handed_over(arguments: Sequence[Array]) -> list[Any]:
    """Return arrays as a function gets them, tried or judged: copies, and a single number as Python has it.

    `[0] * steps` and `range(steps)` have to work as they do when a student tries them; an array of no dimensions would
    not do.
    """
    return [argument.copy() if argument.ndim else argument.item() for argument in arguments]
