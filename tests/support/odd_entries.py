"""Entries nobody should write, each of which ends as a row or as a rejected entry."""

from collections.abc import Iterator

TEXT_FIELDS = {
    "request_id": b'"req":{"id":%b}',
    "trace_id": b'"trace_id":%b',
    "level": b'"level":%b',
    "method": b'"req":{"method":%b}',
    "url": b'"req":{"url":%b}',
    "remote_address": b'"req":{"remoteAddress":%b}',
    "context": b'"context":%b',
    "message": b'"message":%b',
    "hostname": b'"hostname":%b',
}
JSON_FIELDS = {
    "query": b'"req":{"query":%b}',
    "headers": b'"req":{"headers":%b}',
    "params": b'"req":{"params":%b}',
}

ODD_CHARACTERS = {
    "an escaped zero character": b"a\\u0000b",
    "a lone high surrogate": b"a\\ud83db",
    "a lone low surrogate": b"a\\udc00b",
    "invalid UTF-8": b"a\xffb",
    "a surrogate in UTF-8": b"a\xed\xa0\x80b",
    "a truncated UTF-8 sequence": b"a\xf0\x9f\x90",
}

WRONG_VALUES = [
    b"9223372036854775808",
    b"-9223372036854775809",
    b"1e200000",
    b"-1e-200000",
    b"1e99999999999999999999",
    b"9" * 140_000,
    b"0." + b"0" * 20_000 + b"1",
    b"1.0",
    b"1.5",
    b"true",
    b"null",
    b'"17"',
    b"[]",
    b'{"a":{}}',
    b'"' + b"x" * 100_000 + b'"',
]
FIELDS = [
    b'"level":%b',
    b'"pid":%b',
    b'"authUserId":%b',
    b'"processingTimeMs":%b',
    b'"responseTime":%b',
    b'"cacheHit":%b',
    b'"documentCount":%b',
    b'"lastUpdated":%b',
    b'"req":%b',
    b'"req":{"id":%b}',
    b'"req":{"url":%b}',
    b'"req":{"query":%b}',
    b'"req":{"headers":{"a":[%b]}}',
    b'"req":{"params":%b,"remotePort":%b}',
    b'"res":%b',
    b'"res":{"statusCode":%b}',
    b'"message":%b',
    b'"unknown":%b',
]

UNUSUAL_ENTRIES = [
    b'{"time":1}',
    b'{"time":1,"req":null,"res":null}',
    b'{"time":1795432855268}',
    b'{"time":1795432855268.5}',
    b'{"time":"2026-11-23T11:20:55.268Z"}',
    b'{"timestamp":"0001-01-01T00:00:00Z"}',
    b'{"timestamp":"0001-01-01T14:00:00+14:00"}',
    b'{"timestamp":"0001-01-01T00:00:00-12:00"}',
    b'{"timestamp":"9999-12-31T23:59:59.999999Z"}',
    b'{"timestamp":"9999-12-31T23:59:59.999999+14:00"}',
    b'{"timestamp":"9999-12-31T11:59:59.999999-12:00"}',
    b'{"timestamp":-62135596800000}',
    b'{"timestamp":253402300799999}',
    b'{"timestamp":"0000-01-01","time":1}',
    b'{"time":1,"context":"a","context":"b","":0,"":1}',
    b'{ "time" : 1 ,\t"x" : "\\u00e9 \\ud83d\\ude00 \xc3\xa9" }',
]
"""Rows, byte for byte."""

UNUSABLE_ENTRIES = [
    (b"17", "not an object"),
    (b'"text"', "not an object"),
    (b"null", "not an object"),
    (b"[]", "not an object"),
    (b'[{"time":1}]', "not an object"),
    (b"true", "not an object"),
    (b"{}", "no time in the entry"),
    (b'{"time":null}', "no usable time"),
    (b'{"timestamp":"0001-01-01T00:00:00+00:01"}', "no usable time"),
    (b'{"timestamp":"9999-12-31T23:59:59.999999-00:01"}', "no usable time"),
    (b'{"timestamp":253402300800000000000}', "no usable time"),
    (b'{"time":1e400}', "no usable time"),
    (b'{"time":1,"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested"),
    (b'{"time":1,"req":' + b'{"req":' * 10_000 + b"1" + b"}" * 10_000 + b"}", "nested"),
    (b'{"time":1,"x":01}', ""),
    (b'{"time":1,"x":nul}', ""),
    (b'{"time":1,}', ""),
]
"""Rejected, each with a part of the reason."""


def odd_entries() -> Iterator[bytes]:
    """All of them, every field with every value and with every odd character."""
    for characters in ODD_CHARACTERS.values():
        for template in TEXT_FIELDS.values():
            yield b'{"time":1,' + template % (b'"' + characters + b'"') + b"}"
        for template in JSON_FIELDS.values():
            yield b'{"time":1,' + template % (b'{"a":"' + characters + b'"}') + b"}"
        yield b'{"time":1,"' + characters + b'":0,"other":["' + characters + b'"]}'
    for field in FIELDS:
        for value in WRONG_VALUES:
            yield b'{"time":1,' + field.replace(b"%b", value) + b"}"
    yield from UNUSUAL_ENTRIES
    yield from (entry for entry, _ in UNUSABLE_ENTRIES)
