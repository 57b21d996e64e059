"""A secret put in every place of every kind of entry is in no table, no line that is logged, and no output."""

import json
from pathlib import Path

from psycopg import sql
from tests.integration.conftest import CommandLine
from tests.support.connections import Connect

SECRET = "s3cr3t-Z9y8X7w6"
TIME = 1795432855268
RULES = """
[defaults]
redact = ["credentials"]

[[rule]]
key = "*.csv"
format = "csv"

[[rule]]
key = "*.logfmt"
format = "logfmt"

[[rule]]
key = "*quoting*"
format = "json"
processors = ["quoting_processor:quote"]
"""
QUOTING = """
def quote(entry, context):
    if entry.get("msg") == "moved":
        entry["elsewhere"] = {"cookie": entry["req"]["headers"].pop("cookie")}
        return entry
    raise ValueError(f"no user for {entry}")
"""

GOOD = {"time": TIME, "req": {"headers": {"Authorization": f"Bearer {SECRET}", "cookie": SECRET}}}
HEADERS = [{"name": "X-Api-Key", "value": SECRET}]
ATTRIBUTE = {"key": "http.request.header.authorization", "value": {"stringValue": SECRET}}
KINDS = {
    "good": json.dumps(GOOD),
    "deeper": json.dumps({"time": TIME, "a": [{"headers": {"set-cookie": [SECRET, SECRET]}}]}),
    "in a list": json.dumps({"time": TIME, "headers": HEADERS}),
    "in JSON within": json.dumps({"time": TIME, "msg": json.dumps(GOOD)}),
    "in JSON within twice": json.dumps({"time": TIME, "msg": json.dumps({"log": json.dumps(GOOD)})}),
    "in text": json.dumps({"time": TIME, "msg": f"GET / HTTP/1.1\r\nCookie: a={SECRET}\r\n"}),
    "repaired": json.dumps({**GOOD, "msg": "\0 and \ud800"}),
    "without a time": json.dumps({"cookie": SECRET}),
    "with a strange time": json.dumps({"time": f"cookie={SECRET}"}),
    "refused by PostgreSQL": json.dumps({**GOOD, "time": "x", "timestamp": {"cookie": SECRET}}),
    "with a number beyond jsonb": json.dumps(
        {"time": TIME, "req": {"query": "beyond", "cookie": SECRET}}
    ).replace('"beyond"', "1e999999999"),
    "no object": json.dumps([{"cookie": SECRET}]),
    "malformed": f'{{"time":1,"cookie":"a="b"; {SECRET}", }}',
    "too large": json.dumps({**GOOD, "filling": "x" * 3_000}),
    "cut": json.dumps(GOOD)[:-12],
}
CLOUDFRONT = (
    "#Version: 1.0\n"
    "#Fields: date time x-edge-location c-ip cs-method cs-uri-stem sc-status cs(Cookie) cs(User-Agent)\n"
    + "\n".join(
        (
            f"2026-11-24\t12:00:00\tFRA2\t192.0.2.7\tGET\t/a\t200\tsid={SECRET};%20b=c\tcurl",
            f"no date\tat all\tFRA2\t192.0.2.7\tGET\t/a\t200\tsid={SECRET}\tcurl",
            f"2026-11-24\tsid={SECRET}",
        )
    )
)
FILES = {
    "app.json": "\n".join(KINDS.values()),
    "array.json": f"[{KINDS['good']},{KINDS['malformed']},{json.dumps(GOOD)[:-3]}",
    "quoting.json": "\n".join([json.dumps({**GOOD, "msg": "moved"}), KINDS["good"], KINDS["in a list"]]),
    "cloudfront.log": CLOUDFRONT,
    "app.logfmt": f'time=2026-11-24T12:00:00Z msg=hello authorization="Bearer {SECRET}"\nmsg=x cookie={SECRET}\n',
    "app.csv": f'time,msg,cookie\n2026-11-24T12:00:00Z,hello,"a=""b""; {SECRET}"\nx,y,{SECRET}\n"{SECRET}\n',
    "cri.log": (
        f"2026-11-24T12:00:00.000000000Z stdout F {KINDS['good']}\n"
        f"2026-11-24T12:00:00Z stdout F Cookie: {SECRET}\n"
    ),
    "cloudwatch.json": json.dumps(
        {
            "messageType": "DATA_MESSAGE",
            "owner": "123456789012",
            "logGroup": "g",
            "logStream": "s",
            "subscriptionFilters": ["f"],
            "logEvents": [
                {"id": str(at), "timestamp": TIME, "message": text} for at, text in enumerate(KINDS.values())
            ],
        }
    ),
    "otlp.json": json.dumps(
        {
            "resourceLogs": [
                {
                    "resource": {"attributes": [ATTRIBUTE]},
                    "scopeLogs": [
                        {
                            "scope": {"name": "s", "attributes": [ATTRIBUTE]},
                            "logRecords": [{"timeUnixNano": f"{TIME}000000", "attributes": [ATTRIBUTE]}],
                        }
                    ],
                }
            ]
        }
    ),
    "waf.json": json.dumps(
        {
            "timestamp": TIME,
            "formatVersion": 1,
            "webaclId": "w",
            "action": "ALLOW",
            "httpRequest": {"headers": HEADERS},
        }
    ),
}


def whole_database(connect: Connect) -> str:
    """Every value of every table; bytes both as they are and in hexadecimal digits."""
    with connect() as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        query = sql.SQL("SELECT row_to_json(t)::text FROM {} AS t")
        rows = [
            text
            for (table,) in tables
            for (text,) in connection.execute(query.format(sql.Identifier("public", table))).fetchall()
        ]
    return "\n".join(rows)


def holds_secret(text: str) -> list[str]:
    traces = (SECRET, SECRET.encode().hex(), SECRET[4:])
    return [line[:300] for line in text.splitlines() if any(trace in line for trace in traces)]


def test_the_secret_is_nowhere(ingestor: CommandLine, connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "ingestor.toml").write_text(RULES)
    (tmp_path / "quoting_processor.py").write_text(QUOTING)
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    command = ingestor.using({"MAX_ENTRY_BYTES": "2048", "MAX_REJECT_RATIO": "0.5"})
    loaded = command("local", "--json", *FILES)
    said = [loaded, command("local", *FILES), command("status"), command("status", "--json")]
    said += [command("status", name, "--json") for name in FILES] + [command("try", *FILES)]
    assert loaded.status == 1, loaded.stderr
    assert [Path(each["file"]).name for each in loaded.json_lines] == list(FILES)
    database = whole_database(connect)
    assert database.count("[redacted]") > len(FILES)
    assert holds_secret(database) == []
    assert holds_secret("\n".join(each.stdout + each.stderr for each in said)) == []


def test_what_was_searched_holds_the_secret_where_nothing_is_redacted(
    ingestor: CommandLine, connect: Connect, tmp_path: Path
) -> None:
    (tmp_path / "app.json").write_text(FILES["app.json"])
    ingestor("local", "app.json", MAX_ENTRY_BYTES="2048", MAX_REJECT_RATIO="1")
    assert len(holds_secret(whole_database(connect))) >= len(KINDS)
