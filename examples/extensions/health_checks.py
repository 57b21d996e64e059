"""A processor: drops the entries of successful health checks, which nobody asks for. They are counted as dropped.

`HEALTH_CHECKS` goes among the `processors` that `bootstrap.worker` is given.
"""

from typing import Any

from ingestor.processors import Drop, EntryContext, FunctionProcessor, Processed

PATHS = {"/health", "/healthz", "/ready"}


def without_health_checks(entry: dict[str, Any], _context: EntryContext) -> Processed:
    match entry:
        case {"req": {"url": str(url)}, "res": {"statusCode": int(status)}} if status < 400:  # noqa: PLR2004 - HTTP
            return Drop("health check") if url.split("?")[0] in PATHS else None
        case _:
            return None


HEALTH_CHECKS = FunctionProcessor("without_health_checks", without_health_checks)
