"""AWS' logs that are JSON under names of their own: WAF, Route 53 Resolver and GuardDuty."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import assert_cuts_and_resuming_change_nothing, rows_of, sample

from ingestor.formats.json import guardduty, route53, waf
from ingestor.formats.known import KnownFormat

NOON, HALF_PAST = "2026-11-23T12:00:00+00:00", "2026-11-23T12:00:00.500000+00:00"
ACL = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/1EXAMPLE"
SAMPLES = {
    "waf": sample("waf.json"),
    "route53": sample("route53.json"),
    "guardduty": sample("guardduty.jsonl"),
}
KNOWN = {known.name: known for known in (waf.KNOWN, route53.KNOWN, guardduty.KNOWN)}

EXPECTED: list[tuple[KnownFormat, int, dict[str, Any]]] = [
    (
        waf.KNOWN,
        0,
        {
            "timestamp": HALF_PAST, "level": "warn", "severity": 13, "method": "GET", "url": "/foo?q=10%20AND%201",
            "message": "BLOCK GET /foo?q=10%20AND%201 (SQLi_XSS)", "query": {"q": "10 AND 1"}, "status_code": 403,
            "headers": {"host": "shop.example.com", "user-agent": "curl/8.5.0", "x-a": "1, 2"}, "request_id": "rid-1",
            "remote_address": "192.0.2.7", "hostname": "shop.example.com", "context": ACL,
        },
    ),
    (
        waf.KNOWN,
        1,
        {
            "timestamp": HALF_PAST, "level": "info", "severity": 9, "method": "POST", "url": "/", "context": ACL,
            "message": "ALLOW POST / (Default_Action)", "remote_address": "2001:db8::7",
        },
    ),
    (
        route53.KNOWN,
        0,
        {
            "timestamp": NOON, "level": "info", "severity": 9, "message": "IN A shop.example.com. NOERROR",
            "remote_address": "192.0.2.102", "remote_port": 56067, "hostname": "i-0d15cd0d3example",
            "context": "vpc-7example",
        },
    ),
    (
        route53.KNOWN,
        1,
        {
            "timestamp": NOON, "level": "warn", "severity": 13, "message": "IN PTR bad.example. NXDOMAIN",
            "remote_address": "192.0.2.102", "context": "vpc-7example",
        },
    ),
    (
        route53.KNOWN,
        2,
        {
            "timestamp": NOON, "level": "error", "severity": 17, "message": "IN AAAA slow.example. SERVFAIL",
            "remote_address": "192.0.2.102", "remote_port": 53, "context": "vpc-7example",
        },
    ),
    (
        guardduty.KNOWN,
        0,
        {
            "timestamp": HALF_PAST, "last_updated": HALF_PAST, "level": "error", "severity": 17,
            "message": "198.51.100.7 is performing SSH brute force attacks against i-99999999.",
            "context": "UnauthorizedAccess:EC2/SSHBruteForce", "request_id": "16afba5c5c43e07c9e3e5e2e544e95df",
            "remote_address": "198.51.100.7", "remote_port": 32794, "hostname": "i-99999999",
        },
    ),
    (
        guardduty.KNOWN,
        1,
        {
            "timestamp": HALF_PAST, "last_updated": HALF_PAST, "level": "info", "severity": 9, "request_id": "2",
            "message": "Recon:IAMUser/MaliciousIPCaller", "context": "Recon:IAMUser/MaliciousIPCaller",
            "remote_address": "2001:db8::9",
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("known", "index", "expected"), EXPECTED)
def test_every_entry_fills_the_columns_that_it_has_facts_for(
    known: KnownFormat, index: int, expected: dict[str, Any]
) -> None:
    row = rows_of(known, SAMPLES[known.name])[index]
    internal = {"id", "file_id", "ordinal", "raw_data"}
    assert {name: value for name, value in row.items() if name not in internal} == expected


@pytest.mark.parametrize("name", SAMPLES)
def test_each_recognises_its_own_and_no_other(name: str) -> None:
    heads = {name: SAMPLES[name], "indented": b"\xef\xbb\xbf [\n" + SAMPLES[name].replace(b":", b" : ")}
    for head in heads.values():
        assert [known.name for known in KNOWN.values() if known.recognises(head)] == [name]
    assert not any(
        known.recognises(head) for known in KNOWN.values() for head in (b"", b"{", b'{"timestamp":1}', b"x")
    )


@pytest.mark.parametrize(
    ("severity", "level"),
    [(0, "info"), (3.9, "info"), (4, "warn"), (6.9, "warn"), (7, "error"), (8.9, "error"), (9, "fatal")],
)
def test_guardduty_counts_from_0_to_10(severity: float, level: str) -> None:
    [row] = rows_of(guardduty.KNOWN, b'{"updatedAt":"2026-11-23","severity":%f}' % severity)
    assert row["level"] == level


PARTS = st.sampled_from([line + b"\n" for text in SAMPLES.values() for line in text.splitlines()]) | st.sampled_from([
    b'{"timestamp":1,"action":2,"httpRequest":{"headers":[1,{"name":2},{"name":"a","value":3}],"uri":4,"args":5}}\n',
    b'{"query_timestamp":"2026-11-23T12:00:00Z","srcport":"999999999","srcids":[],"rcode":1}\n',
    b'{"updatedAt":1,"severity":"high","resource":[],"service":{"action":{"networkConnectionAction":7}}}\n',
    b"{}\n", b"x\n", b"[1]\n",
])  # fmt: skip


@pytest.mark.parametrize("known", KNOWN.values(), ids=list(KNOWN))
@given(parts=st.lists(PARTS, max_size=5), cuts=st.lists(st.integers(0, 3000), max_size=5))
def test_cuts_and_resuming_change_nothing(known: KnownFormat, parts: list[bytes], cuts: list[int]) -> None:
    assert_cuts_and_resuming_change_nothing(known, b"{}\n" + b"".join(parts), cuts)
