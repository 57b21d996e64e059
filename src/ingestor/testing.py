"""For tests of your own processors: what becomes of one entry.

from ingestor.testing import process

assert process(enrich, {"url": "/health"}) == Drop("health check")
"""

from collections.abc import Callable, Mapping
from typing import Any

from ingestor.model.rows import Drop, Rejection
from ingestor.processors import EntryContext, FunctionProcessor, Processed, processed

__all__ = ["process"]


def process(
    processor: Callable[[dict[str, Any], EntryContext], Processed],
    entry: Mapping[str, Any],
    *,
    bucket: str = "bucket",
    key: str = "app.json",
    ordinal: int = 0,
) -> dict[str, Any] | Drop | Rejection:
    """The entry as it would be loaded; a `Drop`; or, where the processor failed, the `Rejection` with its reason.

    It is processed twice, as a file is that is tried again. Raises AssertionError where that gives something else.
    """
    named = FunctionProcessor(getattr(processor, "__name__", "processor"), processor)
    context = EntryContext(bucket, key, ordinal)
    first, second = (processed(dict(entry), (named,), context) for _ in range(2))
    if first != second:
        raise AssertionError(f"{named.name} is not deterministic: it gave {first!r}, and then {second!r}")
    return first
