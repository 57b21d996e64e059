"""The shortest bytes that still break the same promise: what one reads, and what becomes a test of its own."""

from collections.abc import Callable

_TRIES = 500


def shortened(check: Callable[[bytes], None], data: bytes, kind: type[Exception]) -> bytes:
    """Leaves out ever smaller pieces for as long as `check` raises an error of this kind."""
    tries, size = 0, len(data) // 2
    while size and tries < _TRIES:
        at = 0
        while at < len(data) and tries < _TRIES:
            tries += 1
            without = data[:at] + data[at + size :]
            if _raises(check, without, kind):
                data = without
            else:
                at += size
        size //= 2
    return data


def _raises(check: Callable[[bytes], None], data: bytes, kind: type[Exception]) -> bool:
    try:
        check(data)
    except kind:
        return True
    except Exception:  # noqa: BLE001 - another find, for another time
        return False
    return False
