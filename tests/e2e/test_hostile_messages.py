"""A message may name our buckets' objects and nothing else, by whatever form; and no key does anything to the log."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlsplit

import pytest
from tests.e2e.conftest import BUCKET, Service, sample_event
from tests.support.hostile_keys import HOSTILE_KEYS, NUL_KEYS, raw_controls
from tests.support.notification_messages import (
    continuation,
    event_bridge,
    s3_message,
    s3_record,
    sns_envelope,
)

from ingestor.database import Database

GOOD = b'{"time":1795432855268,"msg":"hello"}\n'
SECRET = b'{"time":1795432855268,"msg":"of somebody else"}\n'
OTHER = "somebody-elses"
THIS_FILE = str(Path(__file__).resolve())


def s3_event(bucket: str, key: str) -> str:
    return s3_message(s3_record(bucket=bucket, found={"key": quote_plus(key), "eTag": None}))


def event_bridge_event(bucket: str, key: str) -> str:
    event = json.loads(event_bridge(key=key))
    event["detail"]["bucket"]["name"] = bucket
    return json.dumps(event)


FORMS: dict[str, Callable[[str, str], str]] = {
    "S3": s3_event,
    "SNS": lambda bucket, key: sns_envelope(s3_event(bucket, key)),
    "EventBridge": event_bridge_event,
    "EventBridge through SNS": lambda bucket, key: sns_envelope(event_bridge_event(bucket, key)),
    "continuation": lambda bucket, key: continuation(bucket=bucket, key=key),
    "continuation through SNS": lambda bucket, key: sns_envelope(continuation(bucket=bucket, key=key)),
}

FOREIGN_BUCKETS = {
    "somebody else's": OTHER,
    "local files": "file",
    "nobody": "",
    "another alphabet": BUCKET.replace("o", "\u043e"),
    "in capitals": BUCKET.upper(),
    "blanks": f" {BUCKET} ",
    "two": f"{BUCKET},{OTHER}",
    "a path": f"{BUCKET}/../{OTHER}",
    "up": f"../{OTHER}",
    "an encoded path": f"{BUCKET}%2f..%2f{OTHER}",
    "a host": f"{BUCKET}.evil.example",
    "an address": "169.254.169.254",
    "loopback": "localhost",
    "a port": "127.0.0.1:5432",
    "a URL": "http://169.254.169.254/latest/meta-data",
    "a file URL": "file:///etc",
    "user and host": f"{BUCKET}@evil.example",
    "a query": f"{BUCKET}?versions",
    "an access point": "arn:aws:s3:us-east-1:123456789012:accesspoint/other",
    "an outpost": "arn:aws:s3-outposts:us-east-1:1:outpost/op-1/accesspoint/a",
    "a directory bucket": f"{BUCKET}--use1-az4--x-s3",
    "header": f"{BUCKET}\r\nHost: evil.example",
    "terminal": f"{BUCKET}\x1b[2J\x9b31m\u202e",
    "a lone surrogate": f"{BUCKET}\ud800",
    "NUL": f"{BUCKET}\x00",
    "a pattern": "%",
    "format": "%s{0}",
}

# An audit hook can't be taken away again.
_audited: list[list[tuple[str, tuple[Any, ...]]]] = []
sys.addaudithook(
    lambda event, arguments: (
        _audited[-1].append((event, arguments)) if _audited and event in {"socket.connect", "open"} else None
    )
)


@contextmanager
def audited() -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """What Python code connects to and opens meanwhile."""
    _audited.append([])
    try:
        yield _audited[-1]
    finally:
        _audited.pop()


def batch(*bodies: str) -> dict[str, Any]:
    (like,) = sample_event("s3_put.json")["Records"]
    return {"Records": [like | {"messageId": str(n), "body": body} for n, body in enumerate(bodies)]}


def rows(database: Database) -> dict[tuple[str, str], str]:
    with database.transaction() as connection:
        found = connection.execute("SELECT bucket, s3_key, status FROM processed_files").fetchall()
    return {(bucket, key): status for bucket, key, status in found}


def is_harmless(written: str) -> bool:
    """Lines of JSON in ASCII, but for what our libraries print."""
    return written.isascii() and raw_controls(written) == set()


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_loaded_by_each_form_whatever_it_is_called(
    service: Service, database: Database, log: io.StringIO, capfd: pytest.CaptureFixture[str], form: str
) -> None:
    service.s3.create_bucket(Bucket=BUCKET)
    uploaded = {key for key in HOSTILE_KEYS.values() if "\n" not in key}  # there, moto answers 404
    for key in uploaded:
        service.s3.put_object(Bucket=BUCKET, Key=key, Body=GOOD)
    failed = service.invoke(batch(*(FORMS[form](BUCKET, key) for key in HOSTILE_KEYS.values())))
    assert failed == [str(list(HOSTILE_KEYS).index("line feed"))]
    assert rows(database) == {
        (BUCKET, key): "COMPLETED" if key in uploaded else "FAILED" for key in HOSTILE_KEYS.values()
    }
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {line["key"] for line in lines if "key" in line} == set(HOSTILE_KEYS.values())
    said = capfd.readouterr()
    assert is_harmless(log.getvalue() + said.out + said.err)


@pytest.mark.parametrize("form", FORMS)
def test_a_key_with_nul_is_refused_and_its_neighbours_load(
    service: Service, database: Database, log: io.StringIO, form: str
) -> None:
    service.s3.create_bucket(Bucket=BUCKET)
    service.s3.put_object(Bucket=BUCKET, Key="good.json", Body=GOOD)
    bodies = [FORMS[form](BUCKET, key) for key in (*NUL_KEYS.values(), "good.json")]
    assert service.invoke(batch(*bodies)) == ["0", "1"]
    assert rows(database) == {(BUCKET, "good.json"): "COMPLETED"}
    assert is_harmless(log.getvalue())


@pytest.mark.parametrize("form", FORMS)
def test_a_message_reaches_no_other_bucket_no_file_and_no_other_address(
    service: Service, database: Database, log: io.StringIO, capfd: pytest.CaptureFixture[str], form: str
) -> None:
    for bucket in (BUCKET, OTHER):
        service.s3.create_bucket(Bucket=bucket)
    for key in ("app.json", "/etc/passwd", "etc/passwd"):
        service.s3.put_object(Bucket=OTHER, Key=key, Body=SECRET)
    assert service.invoke(batch("not JSON")) == ["0"]  # the imports of a first time are over
    bodies = [
        FORMS[form](bucket, key)
        for bucket in FOREIGN_BUCKETS.values()
        for key in ("app.json", "/etc/passwd", "http://169.254.169.254/latest/meta-data/")
    ]
    with audited() as seen:
        assert service.invoke(batch(*bodies)) == [str(n) for n in range(len(bodies))]
    assert rows(database) == {}
    _only_the_endpoint_was_asked(seen)
    said = capfd.readouterr()
    assert is_harmless(log.getvalue() + said.out + said.err)
    assert log.getvalue().count("message not understood") == len(bodies) + 1


@pytest.mark.parametrize("form", FORMS)
def test_a_key_of_ours_names_nothing_but_an_object_of_ours(
    service: Service, database: Database, form: str
) -> None:
    """A key is no path, no URL and no ARN, whatever it looks like."""
    for bucket in (BUCKET, OTHER):
        service.s3.create_bucket(Bucket=bucket)
    service.s3.put_object(Bucket=OTHER, Key="app.json", Body=SECRET)
    keys = [
        f"../{OTHER}/app.json", f"logs/../../{OTHER}/app.json", f"%2e%2e/{OTHER}/app.json", f"s3://{OTHER}/other.json",
        f"arn:aws:s3:::{OTHER}/app.json", THIS_FILE, f"file://{THIS_FILE}", "file/",
        "http://127.0.0.1:1/", f"?list-type=2&bucket={OTHER}", "#", f"app.json?versionId=../../{OTHER}/app.json",
    ]  # fmt: skip
    service.s3.put_object(Bucket=BUCKET, Key="warm.json", Body=GOOD)
    assert service.invoke(batch(FORMS[form](BUCKET, "warm.json"))) == []
    with audited() as seen:
        failed = service.invoke(batch(*(FORMS[form](BUCKET, key) for key in keys)))
    assert failed == [str(n) for n in range(len(keys))]
    assert rows(database) == {(BUCKET, key): "FAILED" for key in keys} | {(BUCKET, "warm.json"): "COMPLETED"}
    _only_the_endpoint_was_asked(seen)
    with database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM logs").fetchone() == (1,)


def _only_the_endpoint_was_asked(seen: list[tuple[str, tuple[Any, ...]]]) -> None:
    endpoint = urlsplit(os.environ["AWS_ENDPOINT"])
    assert seen, "nothing was audited"
    for event, arguments in seen:
        if event == "socket.connect":
            assert arguments[1] == (endpoint.hostname, endpoint.port)
        else:
            assert str(arguments[0]) != THIS_FILE
            assert "passwd" not in str(arguments[0])


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_no_address_that_a_message_names_is_visited(service: Service, log: io.StringIO, kind: str) -> None:
    """Of SNS: who confirms a subscription by visiting its URL visits whatever somebody wrote there."""
    message = {
        "Type": kind,
        "Token": "t",
        "TopicArn": "arn:aws:sns:us-east-1:1:t",
        "Message": "You have chosen to subscribe to the topic",
        "SubscribeURL": "http://127.0.0.1:1/confirm",
        "SigningCertURL": "http://127.0.0.1:1/certificate.pem",
    }
    with audited() as seen:
        assert service.invoke(batch(json.dumps(message))) == ["0"]
    _only_the_endpoint_was_asked(seen)
    assert "message not understood" in log.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\x1b[2J\x9b\u202e",
        '{"Records": "\x7f\u2028"}',
        '{"\u202e": 1}',
        "[" * 100_000,
        '{"a": 1, "a": 2}',
    ],
)
def test_what_is_no_message_is_logged_harmlessly(service: Service, log: io.StringIO, body: str) -> None:
    assert service.invoke(batch(body)) == ["0"]
    assert is_harmless(log.getvalue())
    assert "message not understood" in log.getvalue()
