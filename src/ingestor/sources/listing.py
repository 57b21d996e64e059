"""A bucket is listed in the order of keys; folders that are old by their names are passed over."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ingestor.sources import ListedPage, Lister
from ingestor.sources.date_layout import dated_branches, dated_sibling

KEY_DATE_MARGIN = timedelta(days=1)
"""A key's date is when its log began, in somebody's time zone; it is uploaded later, after midnight too."""

_LAST = "\U0010ffff"
"""After every key that begins the same: S3 lists in the order of UTF-8's bytes, which is that of code points."""


def pages(lister: Lister, bucket: str, prefix: str, *, start_after: str = "") -> Iterator[ListedPage]:
    """All pages of the listing."""
    position, token = start_after, None
    while True:
        page = lister.page(bucket, prefix, start_after=position, token=token)
        yield page
        if page.is_last:
            return
        position, token = page.last_key or position, page.token


def pages_since(
    lister: Lister, bucket: str, prefix: str, *, newer_than: datetime, start_after: str = ""
) -> Iterator[ListedPage]:
    """Every page that may hold objects newer than `newer_than`, and a few more.

    After a page without any, folders whose names date them more than KEY_DATE_MARGIN before that are passed over. An
    object that came into such a folder later may so be missed; without dates in the keys, none is.
    """
    oldest_day = (newer_than - KEY_DATE_MARGIN).date()
    position, token = start_after, None
    jumped = 0
    while True:
        page = lister.page(bucket, prefix, start_after=position, token=token)
        yield replace(page, requests=page.requests + jumped)
        if page.is_last:
            return
        position, token, jumped = page.last_key or position, page.token, 0
        if not any(file.uploaded_at is None or file.uploaded_at > newer_than for file in page.files):
            first_key = page.files[0].key if page.files else position
            jump = _past_old_days(
                lister, bucket, prefix, first_key=first_key, position=position, oldest_day=oldest_day
            )
            jumped = jump.requests
            if jump.position != position:
                position, token = jump.position, None


@dataclass(frozen=True, slots=True)
class _Jump:
    """Where to go on, and the requests it took to know what lies between."""

    position: str
    requests: int = 0


def _past_old_days(
    lister: Lister, bucket: str, prefix: str, *, first_key: str, position: str, oldest_day: date
) -> _Jump:
    """Nothing but old days is passed over.

    Only where the whole page was of the same dates: of an application with fewer keys than a page, none are saved.
    """
    old = next((branch for branch in dated_branches(position) if branch.last_day < oldest_day), None)
    if old is None or not first_key.startswith(old.parent):
        return _Jump(position)
    position, parent = old.path + _LAST, old.parent
    requests = 0
    while True:
        below = parent if parent.startswith(prefix) else prefix
        level = lister.level(bucket, below, start_after=position)
        requests += 1
        wanted: str | None = None
        for entry in level.entries:
            branch = dated_sibling(entry)
            if branch is None or branch.last_day >= oldest_day:
                wanted = entry
                break
            position = branch.path + _LAST
        if wanted is None and not level.is_last:
            continue
        if wanted is None or not _is_partly_old(wanted, oldest_day):
            return _Jump(position, requests)
        parent = wanted


def _is_partly_old(entry: str, oldest_day: date) -> bool:
    branch = dated_sibling(entry)
    return branch is not None and branch.first_day < oldest_day <= branch.last_day
