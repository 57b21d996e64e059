"""The id of an entry: the same entry of the same object version always has the same one."""

from hashlib import blake2b

from ingestor.log_record.instants import UNIX_EPOCH_MS

# RFC 9562, section 5.7: 48 bits of unix milliseconds, version 7, 12 bits, variant 10, 62 bits.
_TIME_MASK = (1 << 48) - 1
_VERSION_AND_VARIANT = (7 << 76) | (0b10 << 62)
_HASH_MASK = (0xFFF << 64) | ((1 << 62) - 1)
_HASH_BYTES = 10


class Identities:
    """The ids of one object version's entries.

    The time comes first so that the primary key's index grows at its end. The other 74 bits are a hash of bucket, key,
    version and ordinal: entries of equal content stay apart, and a chunk loaded twice is refused by the primary key.
    """

    __slots__ = ("_object",)

    def __init__(self, bucket: str, key: str, object_version: str | None) -> None:
        self._object = blake2b(_joined(bucket, key, object_version), digest_size=_HASH_BYTES)

    def at(self, ordinal: int, microseconds: int) -> bytes:
        """The 16 bytes of a UUID; `microseconds` is the entry's time since 2000-01-01 UTC."""
        entry = self._object.copy()
        entry.update(ordinal.to_bytes(8))
        milliseconds = microseconds // 1000 - UNIX_EPOCH_MS
        return (
            ((milliseconds & _TIME_MASK) << 80)
            | (int.from_bytes(entry.digest()) & _HASH_MASK)
            | _VERSION_AND_VARIANT
        ).to_bytes(16)


def _joined(*parts: str | None) -> bytes:
    """Each part with its length, so that no two lists of parts read the same; None differs from ""."""
    # A local path may hold bytes that are no UTF-8; Python shows them as lone surrogates.
    encoded = [None if part is None else part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(b"-" if part is None else b"%d:%b" % (len(part), part) for part in encoded)
