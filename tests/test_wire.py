from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest

from grader import wire
from grader.wire import Frame, WireError


def encode(frame: Frame) -> bytes:
    return b"".join(bytes(part) for part in wire.encode(frame))


def decode(data: bytes) -> Frame:
    stream = io.BytesIO(data)

    def read(size: int) -> bytes:
        got = stream.read(size)
        if len(got) != size:
            raise EOFError
        return got

    return wire.decode(read)


def raw(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return struct.pack("<I", len(text)) + text + body


@pytest.mark.parametrize("dtype", sorted(wire.DTYPES))
def test_arrays_survive_the_trip(dtype: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    got = decode(encode(Frame(kind="k", fields={"a": 1, "b": [1.5, None, "ü"]}, arrays={"x": array})))
    assert got.kind == "k"
    assert got.fields == {"a": 1, "b": [1.5, None, "ü"]}
    assert got.arrays["x"].dtype == dtype
    np.testing.assert_array_equal(got.arrays["x"], array)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2)])
def test_empty_and_scalar_arrays_keep_their_shape(shape: tuple[int, ...]) -> None:
    got = decode(encode(Frame(kind="k", arrays={"x": np.zeros(shape, np.float32), "y": np.ones(2, np.uint8)})))
    assert got.arrays["x"].shape == shape
    assert got.arrays["y"].tolist() == [1, 1]


def test_an_array_subclass_arrives_as_a_plain_array() -> None:
    class Liar(np.ndarray[tuple[int, ...], np.dtype[np.float64]]):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None

    got = decode(encode(Frame(kind="k", arrays={"x": np.zeros(3).view(Liar)})))
    assert type(got.arrays["x"]) is np.ndarray


@pytest.mark.parametrize("array", [np.array([object()]), np.array(["a"]), np.zeros(2, complex), np.zeros(2, "V8")])
def test_other_types_do_not_travel(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    with pytest.raises(WireError):
        encode(Frame(kind="k", arrays={"x": array}))


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<I", 2**32 - 1),
        struct.pack("<I", 0),
        raw(b"{"),
        raw(b"[" * 20_000),
        raw(b'{"kind": "k", "fields": {"a": NaN}, "arrays": []}'),
        raw(b'{"kind": "k", "fields": {"a": 1e999}, "arrays": []}'),
        raw(b'{"kind": "k", "fields": {"a": ' + b"9" * 4000 + b'}, "arrays": []}'),
        raw({"kind": "k", "fields": {}}),
        raw({"kind": 1, "fields": {}, "arrays": []}),
        raw({"kind": "k", "fields": [], "arrays": []}),
        raw({"kind": "k", "fields": {}, "arrays": [["x", "object", [1]]]}),
        raw({"kind": "k", "fields": {}, "arrays": [["x", "float32", [-1]]]}),
        raw({"kind": "k", "fields": {}, "arrays": [["x", "float32", [True]]]}),
        raw({"kind": "k", "fields": {}, "arrays": [["x", "float32", [10**12]]]}),
        raw({"kind": "k", "fields": {}, "arrays": [["x", "float64", [2**20, 2**20]]]}),
        raw({"kind": "k", "fields": {}, "arrays": [["x", "uint8", [1] * 9]]}),
        raw({"kind": "k", "fields": {}, "arrays": [["x", "uint8", [1]]] * 600}),
    ],
)
def test_what_is_no_frame_is_refused_before_anything_is_allocated(data: bytes) -> None:
    with pytest.raises(WireError):
        decode(data)


def test_a_header_beyond_the_limit_is_not_sent() -> None:
    with pytest.raises(WireError):
        encode(Frame(kind="k", fields={"text": "x" * wire.HEADER_LIMIT}))


def test_nan_is_not_sent() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode(Frame(kind="k", fields={"a": float("nan")}))
