"""One rule says whether a listed key has other bytes than its ledger row speaks of."""

import pytest

from ingestor.discovery.known import has_other_bytes, may_have_other_bytes
from ingestor.ledger import KnownFile
from ingestor.model.source_file import SourceFile


@pytest.mark.parametrize(
    ("listed", "row", "is_other"),
    [
        (("a", 5), ("a", 5), False),
        (("a", 5), ("b", 5), True),
        (("a", 5), ("a", None), False),
        # The row has no ETag: the sizes decide, if both are known.
        (("a", 5), (None, 5), False),
        (("a", 5), (None, 6), True),
        (("a", 5), (None, None), False),
        (("a", None), (None, 6), False),
        # The listing has none: nothing would name the other bytes.
        ((None, 5), ("b", 6), False),
        ((None, 5), (None, 6), False),
    ],
)
def test_the_etags_decide_and_where_the_row_has_none_the_sizes(
    listed: tuple[str | None, int | None], row: tuple[str | None, int | None], *, is_other: bool
) -> None:
    file = SourceFile("logs", "k", listed[0], None, listed[1])
    known = KnownFile("k", "COMPLETED", row[0], None, row[1], None, is_ignored=False)
    assert has_other_bytes(file, known) is is_other


def test_bytes_that_were_announced_are_not_announced_again() -> None:
    known = KnownFile("k", "PROCESSING", "old", "new", 5, None, is_ignored=False)
    assert not has_other_bytes(SourceFile("logs", "k", "new"), known)
    assert has_other_bytes(SourceFile("logs", "k", "newer"), known)


@pytest.mark.parametrize(
    ("named", "is_asked"),
    [("old", False), ("new", True), ("newer", True), (None, True)],
)
def test_whoever_must_be_sure_asks_the_store_unless_the_etags_are_equal(
    named: str | None, *, is_asked: bool
) -> None:
    known = KnownFile("k", "PROCESSING", "old", "new", 5, None, is_ignored=False)
    assert may_have_other_bytes(SourceFile("logs", "k", named), known) is is_asked
