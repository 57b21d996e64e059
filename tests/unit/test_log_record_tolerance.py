"""The fast and the tolerant way of reading an entry are one mapping: what fits is the same in both."""

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import ValidationError

from ingestor.formats.json.fields import Entry, Request, Response, decode_field_by_field, decode_strictly
from ingestor.formats.json.mapping import JsonMapper
from ingestor.model.rows import RowOrigin

NAMES = [each.encode_name for struct in (Entry, Request, Response) for each in msgspec.structs.fields(struct)]
NUMBERS = st.sampled_from(
    [
        b"1e400",
        b"1e200000",
        b"1.0",
        b"-0",
        b"0",
        b"2147483648",
        b"9223372036854775808",
        b"1" * 30,
        b"9" * 4999,
    ]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(msgspec.json.encode)
SCALARS = NUMBERS | TEXTS | st.sampled_from([b"null", b"true", b"false"]) | st.integers().map(b"%d".__mod__)


def _array(items: list[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


def _object(items: list[tuple[str, bytes]]) -> bytes:
    """Keys may repeat."""
    return b"{" + b",".join(msgspec.json.encode(key) + b" : " + value for key, value in items) + b"}"


def _nested(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    keys = st.sampled_from(NAMES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
    return st.lists(inside, max_size=3).map(_array) | st.lists(st.tuples(keys, inside), max_size=5).map(
        _object
    )


ENTRIES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.recursive(SCALARS, _nested, max_leaves=8)), max_size=12
).map(_object)


def _comparable(entry: Entry) -> object:
    def plain(struct: msgspec.Struct) -> dict[str, object]:
        values = {name: getattr(struct, name) for name in struct.__struct_fields__}
        return {
            name: bytes(value)
            if isinstance(value, msgspec.Raw)
            else plain(value)
            if isinstance(value, msgspec.Struct)
            else value
            for name, value in values.items()
        }

    return plain(entry)


@given(ENTRIES)
@example(b"{}")
@example(b'{"req":{},"res":{}}')
@example(b'{"req":{"id":1},"req":null,"res":{"statusCode":1},"res":{}}')
def test_what_the_fast_way_reads_the_tolerant_way_reads_alike(text: bytes) -> None:
    try:
        fast = decode_strictly(text)
    except ValidationError:
        return
    assert _comparable(decode_field_by_field(text)) == _comparable(fast)


@given(ENTRIES)
def test_the_tolerant_way_loses_only_the_fields_that_do_not_fit(text: bytes) -> None:
    entry = decode_field_by_field(text)
    last_of_each_key = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    for each in msgspec.structs.fields(Entry):
        if each.name in {"req", "res"} or each.encode_name not in last_of_each_key:
            continue
        try:
            alone = msgspec.json.decode(last_of_each_key[each.encode_name], type=each.type)
        except ValidationError:
            alone = None
        assert getattr(entry, each.name) == alone


@given(ENTRIES | st.recursive(SCALARS, _nested, max_leaves=8))
def test_any_json_is_a_row_or_unusable_and_never_an_exception(text: bytes) -> None:
    row = JsonMapper(RowOrigin(1, "b", "k", "e", None)).row_of(text, 0)
    if isinstance(row, tuple):
        assert row[-1] == text


@given(st.binary(max_size=60))
def test_any_bytes_at_all_are_a_row_or_unusable(text: bytes) -> None:
    JsonMapper(RowOrigin(1, "b", "k", "e", None)).row_of(text, 0)
    JsonMapper(RowOrigin(1, "b", "k", "e", None)).row_of(b'{"time":0,"msg":' + text, 0)
