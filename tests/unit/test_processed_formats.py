"""What processors and redaction do to the entries of every format there is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import ORIGIN, SAMPLES, WIDE, sample

from ingestor.bootstrap.formats import JSON, KNOWN_FORMATS
from ingestor.errors import UnreadableError
from ingestor.formats import Format, Position
from ingestor.formats.known import FormatOptions, KnownFormat
from ingestor.model.columns import COLUMNS
from ingestor.model.entry import Batch, InContext, Malformed, Repaired
from ingestor.model.rows import BatchMapper, Drop, Mapped, Rejection
from ingestor.processors import EntryContext, FunctionProcessor, Steps
from ingestor.processors.options import ProcessingOptions
from ingestor.routing.detection import Detection
from ingestor.routing.processed_format import ProcessedFormat, processed_format

BY_NAME = {known.name: known for known in (*KNOWN_FORMATS, JSON)}
DETECTION = Detection(KNOWN_FORMATS, JSON)
RULES = {
    "csv.csv": (BY_NAME["csv"], FormatOptions()),
    "regex.log": (
        BY_NAME["regex"],
        FormatOptions(pattern=r"(?P<timestamp>\S+ \S+) (?P<level>\S+) (?P<message>.*)", first_line=r"\d{4}-"),
    ),
}
SAMPLE_NAMES = sorted(path.name for path in SAMPLES.iterdir())
SECRET = "s3cr3t-Z9y8X7w6"


def made(name: str) -> Format:
    known, options = RULES.get(name) or (DETECTION.by_head(sample(name)).known, FormatOptions())
    return known.make(options)


def options(**table: Any) -> ProcessingOptions:  # noqa: ANN401 - whatever TOML holds
    read = ProcessingOptions.from_table(table)
    assert isinstance(read, ProcessingOptions), read
    return read


def batches(entry_format: Format, data: bytes) -> list[Batch]:
    return list(entry_format.batches(iter([data]), WIDE, Position(), lambda: False))


def mapped(entry_format: Format, data: bytes) -> list[Mapped]:
    """As the sink does it."""
    mapper = entry_format.mapper(ORIGIN)
    found: list[Mapped] = []
    for batch in batches(entry_format, data):
        row_of = mapper.of_batch(batch) if isinstance(mapper, BatchMapper) else mapper.row_of
        for ordinal, value in enumerate(batch.values, batch.first_ordinal):
            if isinstance(value, Malformed):
                found.append(Rejection(value.reason))
            elif isinstance(value, InContext | Repaired):
                found.append(row_of(value.text, ordinal, value.context))
            else:
                found.append(row_of(value, ordinal))
    return found


def columns(row: Mapped) -> dict[str, Any]:
    assert isinstance(row, tuple)
    return {column.name: value for column, value in zip(COLUMNS, row, strict=True)}


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_an_added_field_is_in_raw_data_and_changes_no_column(name: str) -> None:
    plain = made(name)
    changed = mapped(processed_format(plain, options(set={"a_field_of_ours": "here"})), sample(name))
    for before, after in zip(mapped(plain, sample(name)), changed, strict=True):
        if isinstance(before, tuple):
            old, new = columns(before), columns(after)
            assert json.loads(bytes(new.pop("raw_data")))["a_field_of_ours"] == "here"
            del old["raw_data"]
            assert new == old
        else:
            assert after == before


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_processors_that_change_nothing_change_no_row(name: str) -> None:
    untouched = FunctionProcessor("untouched", lambda entry, _: entry)
    plain = made(name)
    assert mapped(ProcessedFormat(plain, Steps(changes=(untouched,))), sample(name)) == mapped(
        plain, sample(name)
    )


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_redaction_that_finds_nothing_changes_no_row(name: str) -> None:
    plain = made(name)
    redacted = processed_format(plain, options(redact=["a_field_of_nobody"]))
    assert mapped(redacted, sample(name)) == mapped(plain, sample(name))


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_a_field_that_is_redacted_by_its_name_is_in_no_column(name: str) -> None:
    """Its value is given by a processor before: so every format has it."""
    steps = options(set={"x-api-key": SECRET, "nested.Cookie": SECRET}, redact=["credentials"])
    for row in mapped(processed_format(made(name), steps), sample(name)):
        shown = repr(row) + (bytes(columns(row)["raw_data"]).decode() if isinstance(row, tuple) else "")
        assert SECRET not in shown
        assert "[redacted]" in shown or not isinstance(row, tuple)


@pytest.mark.parametrize(
    "line",
    [
        f"time=2026-11-24T12:00:00Z msg=hello authorization=Bearer {SECRET} x=1",
        f"time=2026-11-24T12:00:00Z msg=hello cookie=a={SECRET}; b={SECRET}",
        f"time=2026-11-24T12:00:00Z msg=hello cookie=a; {SECRET}=b",
    ],
)
def test_what_a_parser_takes_for_other_fields_goes_with_the_value(line: str) -> None:
    redacted = processed_format(BY_NAME["logfmt"].make(FormatOptions()), options(redact=["credentials"]))
    [row] = mapped(redacted, line.encode())
    assert SECRET not in repr(row)
    assert SECRET not in bytes(columns(row)["raw_data"]).decode()
    assert columns(row)["message"].startswith(("time=2026-11-24T12:00:00Z msg=hello ", "[redacted]"))


def test_a_quoted_value_of_a_line_leaves_what_follows_it() -> None:
    redacted = processed_format(BY_NAME["logfmt"].make(FormatOptions()), options(redact=["credentials"]))
    [row] = mapped(redacted, f'time=2026-11-24T12:00:00Z cookie="a; {SECRET}" msg=hello status=503'.encode())
    assert columns(row)["message"] == 'time=2026-11-24T12:00:00Z cookie="[redacted]" msg=hello status=503'
    assert json.loads(bytes(columns(row)["raw_data"]))["status"] in {503, "503"}


def test_a_drops_reason_that_quotes_what_is_redacted_is_left_out() -> None:
    def reason_of(entry: dict[str, Any], _context: EntryContext) -> Drop:
        return Drop(f"load test {entry[entry['quotes']]}")

    steps = Steps(changes=(FunctionProcessor("reason_of", reason_of),))
    redacted = ProcessedFormat(JSON.make(FormatOptions()), steps, options(redact=["credentials"]).redaction)
    data = [{"quotes": name, "cookie": SECRET, "kind": "nightly"} for name in ("cookie", "kind")]
    assert mapped(redacted, json.dumps(data).encode()) == [
        Drop("(left out, because it quotes what is redacted)"),
        Drop("load test nightly"),
    ]


RESULTS: list[Any] = [
    None, {}, {"time": 1795432855268}, {"time": "x", "status": []}, Drop("any"), 7, [], {"a": {1, 2}},
    {"key": 5, "log": 1}, {"timestamp": {}, "message": 3, "request_uri": None, "http_status": "x"},
    ValueError("mine"), KeyError("yours"),
]  # fmt: skip


@given(
    st.sampled_from([*KNOWN_FORMATS, JSON]),
    st.binary(max_size=200),
    st.lists(st.sampled_from(RESULTS), min_size=1),
)
def test_each_entry_is_loaded_rejected_or_dropped_whatever_a_processor_does(
    known: KnownFormat, data: bytes, results: list[Any]
) -> None:
    def does(_entry: dict[str, Any], context: EntryContext) -> Any:  # noqa: ANN401 - that is the point
        result = results[context.ordinal % len(results)]
        if isinstance(result, Exception):
            raise result
        return result

    pattern = FormatOptions(pattern="(?P<a>.)(?P<timestamp>.*)") if known.name == "regex" else FormatOptions()
    processed = ProcessedFormat(
        known.make(pattern),
        Steps(changes=(FunctionProcessor("does", does),)),
        options(redact=["credentials", {"pattern": "[0-9]{3}"}]).redaction,
    )
    sample_data = b'{"time":1,"cookie":"a"}\n{"Records":[{"eventTime":"2026-11-24T12:00:00Z"}]}\n' + data
    try:
        entries = sum(len(batch.values) for batch in batches(processed, sample_data))
    except UnreadableError:
        return
    found = mapped(processed, sample_data)
    assert len(found) == entries
    assert all(isinstance(each, tuple | Rejection | Drop) for each in found)
    assert found == mapped(processed, sample_data)
