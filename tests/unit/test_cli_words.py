"""The command line speaks plainly: its help and messages need no knowledge of the project's own expressions."""

from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src" / "ingestor" / "cli"
TEXT = "\n".join(path.read_text() for path in sorted(SOURCES.rglob("*.py")))

PLAIN_WORDS = [
    ("tell one file's whole story", "Show loading status, or one file's history"),
    ("without an answer", "unfinished attempt"),
    ("in a row", "consecutive failure"),
    ("or died doing so", "another process is loading this file. If it died, retry"),
    ("changed since, kept", "changed since loading"),
    ("to load it anew", "old rows kept. To replace"),
    ("the ledger knows no such file", "not in the ledger"),
    ("is not done in a stack", "doesn't support --stack"),
    ("waiting for a person", "attention"),
    ("a time limit ended it", "75 time limit reached; rerun"),
    ("is none of", "is not in BUCKETS"),
    ("Have the deployed stack do it", "Run the command inside the deployed stack"),
    ("what was in the bucket before", "Queue objects already in the bucket"),
    ("by itself", "automatically"),
    ("for good", "permanently"),
    ("Nobody", "automatically"),
    ("somebody", "another process"),
]


@pytest.mark.parametrize(("riddle", "plain"), PLAIN_WORDS)
def test_plain_words_stand_where_a_riddle_was(riddle: str, plain: str) -> None:
    assert riddle not in TEXT
    assert plain in TEXT


@pytest.mark.parametrize("name", ["is_trial", "is_dry_run", "urroundings", "_tell"])
def test_a_thing_has_one_name(name: str) -> None:
    """`dry_run`, `context`, `report`."""
    assert name not in TEXT
