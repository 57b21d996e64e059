"""The words of docs/glossary.md are those of the code, and the words that they replaced are gone."""

import re

import pytest
from tests.support.documents import ROOT, table_rows

GLOSSARY = ROOT / "docs" / "glossary.md"
WORDS = [row[0] for row in table_rows(GLOSSARY.read_text()) if row[0] != "word"]
CODE = "\n".join(
    path.read_text() for suffix in ("py", "sql") for path in sorted((ROOT / "src").rglob(f"*.{suffix}"))
)


def test_the_glossary_has_words() -> None:
    assert len(WORDS) > 20
    assert len(set(WORDS)) == len(WORDS)


@pytest.mark.parametrize("word", WORDS)
def test_each_word_occurs_in_the_code(word: str) -> None:
    """As it is, in the plural, or as a name: `dead_letter`, `DeadLetter`."""
    spelled = "[ _-]?".join(re.escape(part) for part in re.split("[ -]", word))
    assert re.search(rf"(?<![a-z]){spelled}", CODE, re.IGNORECASE), word


REPLACED = {
    "buried": "dead letter",
    "event time": "uploaded at",
    "handed on": "continued",
    "hand-on": "continuation",
    "is_trial": "dry_run",
    "keep_house": "maintain_partitions",
    "keeps house": "partition maintenance",
    "nobody told": "without a notification",
    "surroundings": "context, environment",
    "sweeptools": "SweepContext",
}


@pytest.mark.parametrize(("word", "instead"), REPLACED.items())
def test_a_replaced_word_is_gone_from_code_and_pages(word: str, instead: str) -> None:
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "decisions" not in path.parts]
    code = [path for folder in ("src", "demo", "examples") for path in (ROOT / folder).rglob("*.py")]
    found = [str(path.relative_to(ROOT)) for path in [*pages, *code] if word in path.read_text().lower()]
    assert found == [], f"say {instead!r}"
