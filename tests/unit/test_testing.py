"""`ingestor.testing`, and the example that is tested with it."""

import random
from pathlib import Path
from typing import Any

import pytest
from examples.processors import test_mylogs
from tests.support.configured import router_of

from ingestor.model.rows import Rejection
from ingestor.model.source_file import SourceFile
from ingestor.processors import Drop, EntryContext
from ingestor.routing.processed_format import ProcessedFormat
from ingestor.testing import process

EXAMPLE = Path(test_mylogs.__file__).parent


@pytest.mark.parametrize("name", [name for name in dir(test_mylogs) if name.startswith("test_")])
def test_the_examples_own_tests_pass(name: str) -> None:
    getattr(test_mylogs, name)()


def test_a_processor_that_fails_rejects_the_entry_with_its_name() -> None:
    def choosy(entry: dict[str, Any], _context: EntryContext) -> None:
        raise LookupError(f"no {entry['msg']}")

    assert process(choosy, {"msg": "x"}) == Rejection(
        "processor choosy: LookupError: no x", "processor choosy: LookupError"
    )


def test_a_processor_that_gives_something_else_each_time_is_named() -> None:
    def lucky(entry: dict[str, Any], _context: EntryContext) -> dict[str, Any]:
        return entry | {"number": random.random()}  # noqa: S311 - what a processor must not do

    with pytest.raises(AssertionError, match="lucky is not deterministic"):
        process(lucky, {})


def test_the_entry_that_a_test_gives_is_left_as_it_was() -> None:
    entry = {"a": {"b": 1}}

    def clearing(given: dict[str, Any], _context: EntryContext) -> Drop:
        given["a"].clear()
        return Drop("all")

    assert process(clearing, entry) == Drop("all")
    assert entry == {"a": {"b": 1}}


def test_the_examples_rules_are_without_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    router = router_of((EXAMPLE / "ingestor.toml").read_text())
    for key, begins in (("eu/web/a.json", "mylogs"), ("other.json", "")):
        route = router.by_head(SourceFile("b", key, etag="e", size_bytes=1), b'{"time":1}')
        assert isinstance(route.format, ProcessedFormat)
        assert route.format.redaction is not None
        assert "".join(each.name for each in route.format.steps.changes[1:]).startswith(begins)
