"""`ingestor check`: what is in place, and for each thing that isn't, the sentence that mends it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from tests.integration.conftest import Answer, CommandLine, Login, variables_of
from tests.integration.test_cli_connect_bucket import arn, configuration, configure
from tests.integration.test_schema_version import NEWER
from tests.support.connections import Connect
from tests.support.operating import at
from tests.support.sweeping import Place

from ingestor.cli.commands.check import _RECOMMENDED
from ingestor.database import code_version

WITHOUT_AWS = {"BUCKETS": "", "QUEUE_URL": "", "DLQ_URL": ""}


@pytest.fixture
def command(place: Place, ingestor: CommandLine) -> CommandLine:
    """At a place where nothing is wrong."""
    policy = json.dumps({"deadLetterTargetArn": arn(place, place.dlq_url), "maxReceiveCount": 5})
    place.sqs.set_queue_attributes(
        QueueUrl=place.queue_url, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "1800"}
    )
    announced = {"Id": "t", "QueueArn": arn(place), "Events": ["s3:ObjectCreated:*"]}
    configure(place, QueueConfigurations=[announced])
    return at(place, ingestor)


def checks(answer: Answer) -> dict[str, Any]:
    assert answer.json["is_ok"] is (answer.status == 0)
    return {each["name"]: each for each in answer.json["checks"]}


def mended(answer: Answer) -> Mapping[str, str]:
    """What isn't ok, each with its sentence."""
    return {name: each["said"] for name, each in checks(answer).items() if not each["is_ok"]}


def test_where_all_is_in_place_each_line_is_ok(place: Place, command: CommandLine) -> None:
    place.upload("app.json")
    answer = command("check")
    assert (answer.status, answer.stderr) == (0, "")
    names = [line.partition(": ")[0] for line in answer.stdout.splitlines()]
    assert names == [
        "settings", "rules", "redaction", "database", "tls", "schema", "rights", f"bucket {place.bucket}", "queue",
        "dead-letter queue", "queue settings", "redrive policy", f"notification of {place.bucket}",
    ]  # fmt: skip
    said = [line.partition(": ")[2] for line in answer.stdout.splitlines()]
    assert said[1] == "not set (ingestor.toml)"
    assert said[2].startswith('not set (redact = ["credentials"] ')
    assert all(each.startswith("ok") for each in [said[0], *said[3:]])
    assert list(checks(command("check", "--json"))) == names


def test_nothing_is_changed(place: Place, command: CommandLine, connect: Connect) -> None:
    place.upload("app.json")
    place.sent()
    place.sqs.send_message(QueueUrl=place.dlq_url, MessageBody="{}")
    before = configuration(place)
    assert "about 1 dead letter" in command("check").stdout
    assert configuration(place) == before
    assert place.sent() == []
    assert place.sent(place.dlq_url) == [{}]
    assert connect().execute("SELECT count(*) FROM processed_files").fetchall() == [(0,)]


def test_what_is_not_set_is_no_failure(ingestor: CommandLine) -> None:
    nothing = dict.fromkeys(ingestor.variables, "")
    answer = ingestor.using(nothing | WITHOUT_AWS)("check", "--json")
    assert answer.status == 0
    assert {name: each["said"] for name, each in checks(answer).items()} == {
        "settings": "ok", "rules": "not set (ingestor.toml)", "redaction": f"not set ({_RECOMMENDED})",
        "database": "not set (DB_*)",
        "buckets": "not set (BUCKETS)",
        "queue": "not set (QUEUE_URL)", "dead-letter queue": "not set (DLQ_URL)",
    }  # fmt: skip
    assert not (ingestor.folder / ".ingestor").exists()


def test_every_wrong_setting_is_named_in_one_line(ingestor: CommandLine) -> None:
    answer = ingestor("check", CHUNK_ROWS="none", LEASE_SECONDS="0")
    assert answer.status == 1
    assert answer.stdout.count("\n") == 1
    assert answer.stdout.startswith("settings: these settings are wrong: ")
    assert "CHUNK_ROWS: " in answer.stdout
    assert "; LEASE_SECONDS: " in answer.stdout


def test_a_database_that_is_half_named_or_does_not_answer_is_said(ingestor: CommandLine) -> None:
    half = ingestor.using(WITHOUT_AWS)("check", "--json", DB_PASSWORD="")
    assert mended(half) == {"database": "not set: DB_PASSWORD"}
    silent = mended(ingestor.using(WITHOUT_AWS)("check", "--json", DB_PORT="1"))
    assert list(silent) == ["database"]
    assert "refused" in silent["database"]


def test_a_missing_schema_an_older_and_a_newer_one_are_told_apart(
    ingestor: CommandLine, connect: Connect
) -> None:
    def said() -> str:
        return mended(ingestor.using(WITHOUT_AWS)("check", "--json"))["schema"]

    elsewhere = ingestor.using(WITHOUT_AWS)("check", "--json", DB_SCHEMA="elsewhere")
    assert "no tables in schema elsewhere: run `ingestor migrate`" in mended(elsewhere)["schema"]
    with connect() as connection:
        connection.execute("DELETE FROM schema_migrations WHERE version = %s", (code_version(),))
    assert f"needs {code_version():04}: run `ingestor migrate`" in said()
    with connect() as connection:
        connection.execute(NEWER)
    assert "upgrade ingestor" in said()


def test_a_user_of_the_service_has_the_rights_and_a_reader_lacks_them(
    ingestor: CommandLine, log_in: Login
) -> None:
    service = ingestor.using(variables_of(log_in("ingestor_ingest")) | WITHOUT_AWS)("check", "--json")
    assert mended(service) == {}
    user = log_in("ingestor_reader")
    lacking = mended(ingestor.using(variables_of(user) | WITHOUT_AWS)("check", "--json"))["rights"]
    assert f'`GRANT ingestor_ingest TO "{user.user}"`' in lacking
    assert "INSERT, UPDATE on processed_files" in lacking
    assert "EXECUTE on ensure_logs_partitions" in lacking


def test_a_single_missing_right_is_found(ingestor: CommandLine, log_in: Login, connect: Connect) -> None:
    user = log_in("ingestor_ingest")
    with connect() as connection:
        connection.execute("REVOKE DELETE ON raw_originals FROM ingestor_ingest")
    said = mended(ingestor.using(variables_of(user) | WITHOUT_AWS)("check", "--json"))
    assert said["rights"].endswith("(missing: DELETE on raw_originals)")


def test_a_user_without_any_role_is_told_which_one(ingestor: CommandLine, log_in: Login) -> None:
    user = log_in(None)
    said = mended(ingestor.using(variables_of(user) | WITHOUT_AWS)("check", "--json"))
    assert said == {"schema": f'user {user.user} may not look: `GRANT ingestor_ingest TO "{user.user}"`'}


def test_a_schema_that_may_not_be_used_is_no_missing_one(
    ingestor: CommandLine, log_in: Login, connect: Connect
) -> None:
    user = log_in(None)
    with connect() as connection:
        connection.execute("CREATE SCHEMA closed")
    said = mended(ingestor.using(variables_of(user) | WITHOUT_AWS)("check", "--json", DB_SCHEMA="closed"))
    assert "may not use schema closed" in said["schema"]


def test_a_database_that_takes_no_writes_is_a_failure(ingestor: CommandLine, connect: Connect) -> None:
    with connect() as connection:
        set_read_only = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on")
        connection.execute(set_read_only.format(sql.Identifier(connection.info.dbname)))
    said = mended(ingestor.using(WITHOUT_AWS)("check", "--json"))
    assert said == {
        "database": "it takes no writes, as a standby does: DB_HOST must be the primary's address"
    }


def test_a_missing_bucket_and_missing_queues_are_said(command: CommandLine) -> None:
    queue = str(command.variables["QUEUE_URL"])
    answer = command(
        "check", "--json", BUCKETS="none-such", QUEUE_URL=f"{queue}-none", DLQ_URL=f"{queue}-neither"
    )
    said = mended(answer)
    assert list(said) == ["bucket none-such", "queue", "dead-letter queue"]
    assert "no such bucket" in said["bucket none-such"]
    assert "there is no such queue" in said["queue"]


def test_an_aws_that_does_not_answer_is_said_once_for_each(command: CommandLine) -> None:
    nowhere = "http://127.0.0.1:1"
    variables = {"AWS_ENDPOINT_URL": nowhere, "QUEUE_URL": f"{nowhere}/1/q", "DLQ_URL": ""}
    said = mended(command.using(variables)("check", "--json", AWS_MAX_ATTEMPTS="1"))
    assert len(said) == 2
    assert all(f"no connection to {nowhere}" in each for each in said.values())


def test_a_bucket_that_tells_nobody_gets_the_command_that_mends_it(
    place: Place, command: CommandLine
) -> None:
    configure(place)
    said = mended(command("check", "--json", PREFIX="a b/"))
    advised = f"ingestor connect-bucket --bucket {place.bucket} --queue-arn {arn(place)} --prefix 'a b/'"
    assert said == {
        f"notification of {place.bucket}": f"new objects are not announced to the queue: run `{advised}`"
    }
    connected = command(
        "connect-bucket", "--bucket", place.bucket, "--queue-arn", arn(place), "--prefix", "a b/"
    )
    assert connected.status == 0
    assert command("check", PREFIX="a b/").status == 0


def test_a_queue_that_gives_messages_again_too_early_or_buries_none_is_said(
    place: Place, command: CommandLine
) -> None:
    place.sqs.set_queue_attributes(
        QueueUrl=place.queue_url, Attributes={"RedrivePolicy": "", "VisibilityTimeout": "30"}
    )
    said = mended(command("check", "--json"))
    assert "30 s, must be longer than LEASE_SECONDS=120" in said["queue settings"]
    assert f"set its deadLetterTargetArn to {arn(place, place.dlq_url)}" in said["redrive policy"]


def test_redaction_is_recommended_where_it_is_not_wanted_yet(command: CommandLine, tmp_path: Path) -> None:
    rules = tmp_path / "mine.toml"
    named = command.using({"INGESTOR_CONFIG": str(rules)})

    def said(text: str) -> str:
        rules.write_text(text)
        found: str = checks(named("check", "--json"))["redaction"]["said"]
        return found.removesuffix(f" ({_RECOMMENDED})")

    redact = 'redact = ["credentials"]\n'
    rule = '[[rule]]\nkey = "a/*"\n'
    assert said(rule) == "not set for line 1 of mine.toml, files that no rule matches"
    assert said(rule + redact) == "not set for files that no rule matches"
    assert said("[[rule]]\n" + redact) == "ok"
    assert said(f"[defaults]\n{redact}{rule}") == "ok"
    assert said(f"{rule}skip = true\n[[rule]]\n{redact}") == "ok"


def test_the_rules_are_checked_and_each_mistake_is_told(command: CommandLine, tmp_path: Path) -> None:
    rules = tmp_path / "mine.toml"
    rules.write_text('[[rule]]\nkey = "a/*"\nskip = true\n')
    named = command.using({"INGESTOR_CONFIG": str(rules)})
    assert checks(named("check", "--json"))["rules"]["said"] == f"ok: 1 rule in {rules}"
    rules.write_text('[[rule]]\nkye = "a/*"\nskip = 1\n')
    assert mended(named("check", "--json")) == {
        "rules": f"{rules} is wrong: line 2, [[rule]]: `kye` is not an option; did you mean `key`?; "
        "line 3, [[rule]]: `skip` must be true or false, not an integer"
    }
