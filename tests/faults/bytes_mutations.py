"""Changes to bytes that know what the bytes are: JSON's structure, and gzip's members."""

import itertools
import struct
import zlib
from collections.abc import Callable, Sequence
from random import Random

type Mutation = Callable[[Random, bytes, Sequence[bytes]], bytes]
"""The third argument is what pieces may come from: other files and the tokens."""


def mutated(rng: Random, data: bytes, pieces: Sequence[bytes]) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        data = rng.choice(_MUTATIONS)(rng, data, pieces)
    return data[:_LONGEST]


def packed(rng: Random, data: bytes) -> bytes:
    """As gzip in one of the many ways that are right, and sometimes in one that isn't."""
    members = [_member(rng, data[start:end]) for start, end in _cuts(rng, len(data))]
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        members.insert(rng.randint(0, len(members)), _member(rng, b""))
    whole = b"".join(members) + b"\0" * rng.choice((0, 0, 0, 1, 512))
    if rng.random() < 0.1:
        whole = packed(rng, whole)
    return _damaged(rng, whole) if rng.random() < 0.3 else whole


_LONGEST = 40_000


def _insert(rng: Random, data: bytes, pieces: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(pieces) + data[at:]


def _overwrite(rng: Random, data: bytes, pieces: Sequence[bytes]) -> bytes:
    at, piece = rng.randint(0, len(data)), rng.choice(pieces)
    return data[:at] + piece + data[at + len(piece) :]


def _prepend(rng: Random, data: bytes, pieces: Sequence[bytes]) -> bytes:
    return rng.choice(pieces) + data


def _append(rng: Random, data: bytes, pieces: Sequence[bytes]) -> bytes:
    return data + rng.choice(pieces)


def _truncate(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: rng.randint(0, len(data))]


def _begin_later(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[rng.randint(0, len(data)) :]


def _splice(rng: Random, data: bytes, pieces: Sequence[bytes]) -> bytes:
    other = rng.choice(pieces)
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def _delete(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + data[at + rng.choice((1, 1, 2, 8, 64)) :]


def _flip(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _repeat(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(data))
    piece = data[at : at + rng.choice((1, 2, 3, 10, 100))]
    return data[:at] + piece * rng.choice((2, 3, 50, 400)) + data[at:]


def _move(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
    rest, at = data[:start] + data[end:], rng.randint(0, len(data))
    return rest[:at] + data[start:end] + rest[at:]


def _at_structure(rng: Random, data: bytes, pieces: Sequence[bytes]) -> bytes:
    """A token beside a byte that means something: the likeliest place to be misread."""
    places = [at for at, byte in enumerate(data[:_LONGEST]) if byte in b'{}[],:"\\\n']
    if not places:
        return _insert(rng, data, pieces)
    at = rng.choice(places) + rng.randint(0, 1)
    return data[:at] + rng.choice(pieces) + data[at + rng.randint(0, 1) :]


def _nest(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    depth = rng.choice((1, 2, 511, 512, 513, 2_000))
    before, after = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")))
    return before * depth + data + after * depth


_MUTATIONS: tuple[Mutation, ...] = (
    _insert, _overwrite, _prepend, _append, _truncate, _begin_later, _splice, _delete, _flip, _flip, _repeat, _move,
    _at_structure, _at_structure, _nest,
)  # fmt: skip


def _cuts(rng: Random, length: int) -> list[tuple[int, int]]:
    edges = sorted([0, length, *(rng.randint(0, length) for _ in range(rng.choice((0, 0, 1, 2, 9))))])
    return list(itertools.pairwise(edges))


def _member(rng: Random, data: bytes) -> bytes:
    flags, fields = 0, b""
    if rng.random() < 0.2:
        flags |= 4
        extra = rng.randbytes(rng.choice((0, 5, 300)))
        fields += struct.pack("<H", len(extra)) + extra
    for flag in (8, 16):
        if rng.random() < 0.2:
            flags |= flag
            fields += b"n" * rng.choice((0, 9, 600)) + b"\0"
    if rng.random() < 0.02:
        flags |= rng.choice((1, 0x20, 0x40, 0x80))
    has_checksum = rng.random() < 0.1
    header = b"\x1f\x8b\x08" + bytes([flags | 2 * has_checksum]) + bytes(6) + fields
    if has_checksum:
        header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    deflate = zlib.compressobj(rng.choice((0, 1, 6, 9)), zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    checksum = zlib.crc32(data) ^ (rng.random() < 0.02)
    size = len(data) + (rng.random() < 0.02)
    return header + body + struct.pack("<II", checksum, size)


def _damaged(rng: Random, data: bytes) -> bytes:
    change = rng.choice((_truncate, _flip, _delete, _append, _insert))
    return change(
        rng, data, (b"garbage", b"\0\0x", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08\xff", b"\xff" * 40, data)
    )
