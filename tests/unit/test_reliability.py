"""docs/reliability.md says what docs/reliability-results.json holds, and names tests that there are."""

import json
import re

from tests.support.documents import ROOT, section
from tools import reliability

RESULTS = json.loads(reliability.RESULTS.read_text())


def test_the_table_is_that_of_the_results() -> None:
    text = reliability.DOCUMENT.read_text()
    assert reliability.document(text, RESULTS) == text


def test_nothing_was_lost_and_nothing_doubled() -> None:
    assert RESULTS["rows"]
    assert [
        (row["test"], row["lost"], row["doubled"]) for row in RESULTS["rows"] if row["lost"] or row["doubled"]
    ] == []


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(test_\w+\.py)`", section(reliability.DOCUMENT, "What keeps it")))
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert named
    assert named <= there


def test_every_kind_of_fault_is_a_test_of_the_suite() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "tests" / "faults").glob("test_*.py"))
    assert [kind.test for kind in reliability.KINDS if f"def {kind.test}(" not in source] == []
