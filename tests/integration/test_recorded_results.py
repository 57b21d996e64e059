"""The same bytes become the same rows, ids and ledger as when tests/data/recorded-results.json was written.

RECORD_RESULTS=1 writes it anew: for a change that was meant.
"""

import json
import os
from pathlib import Path

from tests.support.recorded import UPLOADED_AT, contents, digests, load

from ingestor.database import Database
from ingestor.model.source_file import SourceFile, Store

RECORDED = Path(__file__).parents[1] / "data" / "recorded-results.json"
"""By bucket and key: a digest of each table's rows."""


def files(name: str, size: int) -> list[SourceFile]:
    """As an object, and as a file of this machine."""
    return [
        SourceFile("logs", f"2026/{name}", "e1", "v1", size, UPLOADED_AT),
        SourceFile("file", f"/var/log/{name}", "local-version", None, size, UPLOADED_AT, Store.FILE),
    ]


def results(database: Database, data_folder: Path) -> dict[str, dict[str, str]]:
    found = {}
    for name, content in contents(data_folder):
        for file in files(name, len(content)):
            load(database, file, content)
            found[f"{file.bucket} {file.key}"] = digests(database, file.bucket, file.key)
    return found


def test_the_same_bytes_become_the_same_rows_ids_and_ledger(database: Database, data_folder: Path) -> None:
    found = results(database, data_folder)
    if os.environ.get("RECORD_RESULTS"):
        RECORDED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(RECORDED.read_text(encoding="utf-8"))
