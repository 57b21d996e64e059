"""A processor: the tenant of a request, from its path; entries of a load test are dropped.

It stands beside `ingestor.toml`, which names it: `processors = ["mylogs:with_tenant"]`.
"""

from typing import Any

from ingestor.processors import Drop, EntryContext


def with_tenant(entry: dict[str, Any], context: EntryContext) -> dict[str, Any] | Drop | None:
    match entry:
        case {"req": {"headers": {"x-load-test": _}}}:
            return Drop("load test")
        case {"req": {"url": str(url)}} if url.startswith("/tenants/"):
            return entry | {"tenant": url.split("/")[2], "region": context.key.split("/")[0]}
        case _:
            return None
