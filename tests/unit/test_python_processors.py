"""Processors that are somebody's Python: imported by name, from beside the configuration."""

import importlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ingestor.formats.json import JsonFormat
from ingestor.model.rows import MOST_REASONS, Drop, LossCounts, Rejection, RowOrigin
from ingestor.processors.options import ProcessingOptions
from ingestor.routing.processed_format import processed_format

ORIGIN = RowOrigin(1, "bucket", "key", "etag", None)
TIME = 1795432855268


def options(**table: Any) -> ProcessingOptions:  # noqa: ANN401 - whatever TOML holds
    read = ProcessingOptions.from_table(table)
    assert isinstance(read, ProcessingOptions), read
    return read


def entry(**fields: object) -> bytes:
    return json.dumps({"time": TIME, **fields}).encode()


def module(folder: Path, name: str, content: str) -> None:
    (folder / f"{name}.py").write_text(content)
    sys.modules.pop(name, None)


ENRICH = """
from ingestor.processors import Drop, EntryContext


def enrich(entry: dict, context: EntryContext) -> dict | Drop | None:
    if entry["msg"] == "noise":
        return Drop("noise")
    return entry | {"hostname": f"{context.bucket}/{context.key}/{context.ordinal}"}
"""


def from_folder(folder: Path, **table: Any) -> ProcessingOptions:  # noqa: ANN401
    read = ProcessingOptions.from_table(table, folder)
    assert isinstance(read, ProcessingOptions), read
    return read


def test_a_function_is_imported_from_beside_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    module(tmp_path, "mylogs_one", ENRICH)
    read = from_folder(tmp_path, processors=["mylogs_one:enrich"])
    mapper = processed_format(JsonFormat(), read).mapper(ORIGIN)
    assert mapper.row_of(entry(msg="noise"), 0) == Drop("noise")
    row = mapper.row_of(entry(msg="x"), 3)
    assert isinstance(row, tuple)
    assert "bucket/key/3" in row


def test_the_fingerprint_follows_the_options_and_the_source_of_their_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    module(tmp_path, "mylogs_two", ENRICH)
    first = from_folder(tmp_path, processors=["mylogs_two:enrich"]).fingerprint()
    assert first == from_folder(tmp_path, processors=["mylogs_two:enrich"]).fingerprint()
    module(tmp_path, "mylogs_two", ENRICH + "# other\n")
    assert first != from_folder(tmp_path, processors=["mylogs_two:enrich"]).fingerprint()
    assert options(sample=0.5).fingerprint() != options(sample=0.6).fingerprint()
    assert options().fingerprint() is None
    assert options(columns={"a": "b"}).fingerprint() is None


def test_reasons_that_quote_the_entry_do_not_fill_the_memory() -> None:
    counts = LossCounts()
    for number in range(1_000):
        counts += LossCounts(Counter({f"entry {number}": 1}))
    assert counts.dropped.total() == 1_000
    assert len(counts.dropped) <= MOST_REASONS + 1


ENDS = """
import sys

def at_once(entry, context):
    print("printed", file=sys.stdout)
    raise SystemExit(3)

def by_a_signal(entry, context):
    raise Signalled(143)

class Signalled(SystemExit):
    pass
"""


def test_a_processor_that_ends_the_process_rejects_its_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    module(tmp_path, "mylogs_ends", ENDS)
    read = from_folder(tmp_path, processors=["mylogs_ends:at_once"])
    row = processed_format(JsonFormat(), read).mapper(ORIGIN).row_of(entry(msg="x"), 0)
    assert isinstance(row, Rejection)
    assert (
        row.reason
        == "processor mylogs_ends:at_once: RuntimeError: it tried to end the process: SystemExit(3)"
    )
    assert capsys.readouterr() == ("", "printed\n")


def test_a_signal_ends_the_process_amid_a_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    module(tmp_path, "mylogs_ends", ENDS)
    read = from_folder(tmp_path, processors=["mylogs_ends:by_a_signal"])
    mapper = processed_format(JsonFormat(), read).mapper(ORIGIN)
    with pytest.raises(SystemExit):
        mapper.row_of(entry(msg="x"), 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("raise RuntimeError('oh\\nno')", "RuntimeError: oh no"),
        ("def f(entry, context)\n    return None", "SyntaxError: expected ':' (mylogs_wrong.py, line 1)"),
    ],
)
def test_a_module_that_can_not_be_imported_is_a_mistake_on_one_line(
    content: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    importlib.invalidate_caches()
    module(tmp_path, "mylogs_wrong", content if "def" in content else f"print('printed')\n{content}")
    mistakes = ProcessingOptions.from_table({"processors": ["mylogs_wrong:f"]}, tmp_path)
    assert not isinstance(mistakes, ProcessingOptions)
    assert [each.sentence for each in mistakes] == [
        f"`mylogs_wrong:f`: mylogs_wrong can't be imported: {said}"
    ]
    assert capsys.readouterr().out == ""
