"""The words of docs/glossary.md are those of the code."""

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
