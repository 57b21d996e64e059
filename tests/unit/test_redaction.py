"""Redaction of one entry: the secret is gone wherever it stood, and the rest stays as it was."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.processors.redaction.json_entry import JsonRedaction
from ingestor.processors.redaction.names import SecretNames
from ingestor.processors.redaction.options import Redaction, read_redact
from ingestor.processors.redaction.scan import Scan

SECRET = "s3cr3t-Z9y8X7"
CREDENTIALS = JsonRedaction(SecretNames(credentials=True))
NAMES = [
    "authorization", "Authorization", "AUTHORIZATION", "cookie", "Cookie", "set-cookie", "Set-Cookie", "setCookie",
    "proxy-authorization", "Proxy-Authorization", "x-api-key", "X-Api-Key", "X_API_KEY", "xApiKey", "http_cookie",
    "cs(Cookie)", "http.request.header.authorization", "cookies",
]  # fmt: skip
PLACES = [
    '{"a": 1, "%s": "%s", "b": [1.0]}',
    '{"req":{"headers":{"host":"h","%s" : "Bearer %s"}}}',
    '{"%s":["x","%s"],"b":1}',
    '{"%s":{"sid":"%s"},"b":1}',
    '{"%s":{"a":{"b":["%s"]}},"b":1}',
    '{"headers":[{"name":"host","value":"h"},{"name":"%s","value":"%s"}]}',
    '{"headers":[{"name":"%s","value":{"stringValue":"%s"}}]}',
    '{"rawHeaders":["Host","h","%s","%s"]}',
    '{"rawHeaders":[["Host","h"],["%s","%s"]]}',
    r'{"message":"{\"headers\":{\"%s\":\"a %s b\"}}"}',
    r'{"message":"{\"log\":\"{\\\"%s\\\":\\\"%s\\\"}\"}"}',
    r'{"message":"GET / HTTP/1.1\r\n%s: Bearer %s\r\nHost: h\r\n"}',
    r'{"message":"curl -H \"%s: a b=%s\" https://h/"}',
    """{"message":"headers {'host': 'h', '%s': 'a, b; %s'}"}""",
    '{"message":"sent %s=%s"}',
    '{"message":"[%s] => %s"}',
    r'{"message":"failed for {\"%s\":\"a %s\" and more"}',
    '{"url":"/a?b=c&%s=%s&d=e"}',
    '{"args":["%s:","Bearer %s"]}',
    '{"headers":[{"headerName":"%s","headerValue":"%s"}]}',
    r'{"message":"failed for {\n  \"%s\":\n  \"a %s\"\n}"}',
    r'{"message":"failed for {\n  \"%s\": [\n  \"a\",\n  \"%s\"\n]"}',
    r'{"message":"%s: a\r\n b=%s\r\nHost: h"}',
    r'{"message":"%s: |\n  %s"}',
    '{"message":"the %s header was Bearer %s"}',
    '{" %s ":"%s"}',
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_credential_is_gone_wherever_it_stands(place: str, name: str) -> None:
    text = (place % (name, SECRET)).encode()
    redacted = CREDENTIALS.entry(text)
    assert SECRET.encode() not in redacted
    assert b"[redacted]" in redacted
    json.loads(redacted)


@pytest.mark.parametrize("place", PLACES)
def test_what_stands_under_other_names_stays_byte_for_byte(place: str) -> None:
    text = (place % ("x-request-id", SECRET)).encode()
    assert CREDENTIALS.entry(text) is text


def test_a_value_before_its_name_is_found() -> None:
    text = b'{"headers":[{"value":"%b","name":"Cookie"}]}' % SECRET.encode()
    assert SECRET.encode() not in CREDENTIALS.entry(text)
    assert SECRET.encode() not in CREDENTIALS.entry(text[:-2])


def test_only_the_value_changes_in_the_entrys_bytes() -> None:
    text = b'{ "a" : 1.10, "a":2, "cookie" :\t"%b\\"", "n": 1E400 }' % SECRET.encode()
    assert CREDENTIALS.entry(text) == b'{ "a" : 1.10, "a":2, "cookie" :\t"[redacted]", "n": 1E400 }'


@pytest.mark.parametrize(
    "number",
    ["1.10", "1E400", "-0.0", "123456789012345678901", "1e99999999999999999999", "1e-99999999999999999999"],
)
def test_numbers_stay_as_they_are_where_the_entry_is_written_anew(number: str) -> None:
    text = f'{{"a":{number},"cookie":{{"a":{{"b":"{SECRET}"}}}}}}'
    assert CREDENTIALS.entry(text.encode()) == f'{{"a":{number},"cookie":"[redacted]"}}'.encode()


def test_a_header_that_is_null_stays_null() -> None:
    text = b'{"cookie":null,"authorization": null}'
    assert CREDENTIALS.entry(text) is text


@pytest.mark.parametrize(
    "name", [r"\u0063ookie", r"co\u006Fkie", r"\u0041uthorization", r"x\u002dapi\u002dkey"]
)
def test_a_name_written_with_escapes_is_the_same_name(name: str) -> None:
    text = b'{"%b":"%b","b":1}' % (name.encode(), SECRET.encode())
    assert SECRET.encode() not in CREDENTIALS.entry(text)
    assert SECRET.encode() not in CREDENTIALS.malformed(text[:-1])


def test_prose_about_cookies_is_left_alone() -> None:
    text = b'{"message":"the cookie jar is full", "authorization_url": "x"}'
    assert CREDENTIALS.entry(text) is text


def test_entries_that_are_cut_or_malformed_lose_all_that_follows_a_name() -> None:
    for place in PLACES:
        text = (place % ("Authorization", SECRET)).encode()
        for cut in range(len(text)):
            redacted = CREDENTIALS.malformed(text[:cut])
            assert SECRET.encode() not in redacted
            assert SECRET.encode()[:6] not in redacted


def test_a_deep_entry_is_redacted_and_stays_valid() -> None:
    text = b'{"deep":' + b"[" * 500 + b'{"cookie":{"a":{"b":"%b"}}}' % SECRET.encode() + b"]" * 500 + b"}"
    redacted = CREDENTIALS.entry(text)
    assert SECRET.encode() not in redacted
    json.loads(redacted)


def redaction(*items: object) -> JsonRedaction:
    read = read_redact(list(items))
    assert isinstance(read, Redaction), read
    return read.of_json


@pytest.mark.parametrize(
    ("name", "is_meant"),
    [
        ("password", True), ("PASSWORD", True), ("db_password", True), ("dbPassword", True), ("db-password", True),
        ("user.password", True), ("passwordless", False), ("xpassword", False), ("password_hint", False),
    ],
)  # fmt: skip
def test_a_name_of_ones_own_is_a_whole_word_at_the_names_end(name: str, *, is_meant: bool) -> None:
    text = json.dumps({name: SECRET, "b": 1}).encode()
    assert (SECRET.encode() not in redaction("password").entry(text)) is is_meant


def test_a_hyphen_and_an_underscore_are_the_same() -> None:
    text = json.dumps({"session-token": SECRET, "session_token": SECRET}).encode()
    assert SECRET.encode() not in redaction("session_token").entry(text)


def test_a_pattern_is_replaced_in_every_text_and_number() -> None:
    cards = redaction({"pattern": "[0-9]{16}"})
    within = json.dumps({"d": "4111111111111111"})
    text = json.dumps(
        {"a": "card 4111111111111111!", "b": [4111111111111111], "4111111111111111": 1, "c": within}
    )
    assert b"4111" not in cards.entry(text.encode())
    assert json.loads(cards.entry(text.encode()))["a"] == "card [redacted]!"
    assert b"4111" not in cards.malformed(text[:-1].encode())
    assert b"\\u0034111" not in cards.malformed(b'{"a":"\\u0034111111111111111')


@pytest.mark.parametrize(
    "items", [[], [7], [{"patern": "x"}], [{"pattern": "("}], [{"pattern": "x*"}], ["a.b"], ["ä"], [""]]
)
def test_a_mistake_in_redact_is_said(items: list[object]) -> None:
    read = read_redact(items)
    assert isinstance(read, list)
    assert [mistake.key for mistake in read] == ["redact"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([*NAMES, "x"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from([*NAMES, "name", "value", "key"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def planted(value: Any, name: str, at: int) -> Any:  # noqa: ANN401 - whatever JSON holds
    return {"before": value, "nested": [{name: [SECRET, value][:at]}], "after": value}


@given(JSON, st.sampled_from(NAMES), st.integers(1, 2), st.booleans())
def test_no_entry_keeps_a_secret_and_each_stays_json(value: Any, name: str, at: int, twice: bool) -> None:  # noqa: ANN401, FBT001
    text = json.dumps(planted(value, name, at))
    if twice:
        text = json.dumps({"message": text})
    redacted = CREDENTIALS.entry(text.encode())
    assert SECRET.encode() not in redacted
    assert isinstance(json.loads(redacted), dict)
    assert CREDENTIALS.entry(redacted) == redacted


@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(NAMES))
def test_bytes_that_are_no_json_keep_no_secret_behind_a_name(before: bytes, after: bytes, name: str) -> None:
    text = before + b'"%b":"%b"' % (name.encode(), SECRET.encode()) + after
    assert SECRET.encode() not in CREDENTIALS.malformed(text)


@given(st.text(max_size=80))
def test_the_search_in_bytes_finds_what_the_search_in_text_finds(text: str) -> None:
    names = SecretNames(credentials=True, own=("token", "user_id"))
    assert names.anywhere is not None
    if names.anywhere.search(text):
        assert Scan(names).hits(text.encode())


PIECES = [
    "Cookie", "COOKIE", "cooKies", "api_key", "ApiKey", "authoriZation",
    "-", "\"", "k", "z", "Token", "tok", "en", "user-id",
]  # fmt: skip
WORDS = st.lists(st.sampled_from(PIECES), max_size=6)


@given(WORDS.map("".join))
def test_the_search_in_bytes_is_the_search_in_text(text: str) -> None:
    names = SecretNames(credentials=True, own=("token", "user_id"))
    assert names.anywhere is not None
    found = {match.end() for match in re.finditer(names.anywhere, text)}
    assert found <= {hit.end() for hit in Scan(names).hits(text.encode())}
