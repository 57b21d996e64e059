"""The id of an entry: the same entry of the same object version always has the same one."""

from hashlib import shake_128

from ingestor.model.instants import UNIX_EPOCH_MS
from ingestor.model.source_file import LOCAL_BUCKET, Store

# One hash serves this many neighbours; their ids are shaped together, as one long integer: 0.3 microseconds an entry
# for it all, where a hash and its shaping for each entry cost 0.7.
_BLOCK = 256

# RFC 9562, section 5.7: 48 bits of unix milliseconds, version 7, 12 bits, variant 10, 62 bits.
_TIME_MASK = (1 << 48) - 1
_TAIL = 10
_FREE_BITS = int.from_bytes(bytes.fromhex("0fff 3fffffffffffffff") * _BLOCK)
_VERSION_AND_VARIANT = int.from_bytes(bytes.fromhex("7000 8000000000000000") * _BLOCK)


class Identities:
    """The ids of one object version's entries.

    The time comes first so that the primary key's index grows at its end. The other 74 bits are a hash of bucket, key,
    version and ordinal: entries of equal content stay apart, and a chunk loaded twice is refused by the primary key.
    The store is hashed as well, except for S3's objects and local files: their ids are older than the column.
    """

    __slots__ = ("_block", "_object", "_tails")

    def __init__(self, bucket: str, key: str, object_version: str | None, store: Store = Store.S3) -> None:
        parts = (bucket, key, object_version)
        self._object = shake_128(_joined(*parts) if _is_nameless(store, bucket) else _joined(store, *parts))
        self._block = -1
        self._tails: list[bytes] = []

    def at(self, ordinal: int, microseconds: int) -> bytes:
        """The 16 bytes of a UUID; `microseconds` is the entry's time since 2000-01-01 UTC."""
        block = ordinal // _BLOCK
        if block != self._block:
            self._tails = self._hashed(block)
            self._block = block
        milliseconds = (microseconds // 1000 - UNIX_EPOCH_MS) & _TIME_MASK
        return milliseconds.to_bytes(6) + self._tails[ordinal % _BLOCK]

    def _hashed(self, block: int) -> list[bytes]:
        """What follows the time in the ids of a block's entries, version and variant included."""
        entries = self._object.copy()
        entries.update(block.to_bytes(8))
        bits = int.from_bytes(entries.digest(_BLOCK * _TAIL))
        tails = (bits & _FREE_BITS | _VERSION_AND_VARIANT).to_bytes(_BLOCK * _TAIL)
        return [tails[start : start + _TAIL] for start in range(0, len(tails), _TAIL)]


def _is_nameless(store: Store, bucket: str) -> bool:
    """An S3 bucket with the local files' name is not: its ids must not be theirs."""
    return store is Store.FILE or (store is Store.S3 and bucket != LOCAL_BUCKET)


def _joined(*parts: str | None) -> bytes:
    """Each part with its length, so that no two lists of parts read the same; None differs from ""."""
    # A local path may hold bytes that are no UTF-8; Python shows them as lone surrogates.
    encoded = [None if part is None else part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(b"-" if part is None else b"%d:%b" % (len(part), part) for part in encoded)
