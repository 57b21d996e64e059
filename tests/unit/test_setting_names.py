"""A variable that is nearly a setting is a mistake; one of another program's is not ours to judge."""

import pytest

from ingestor.errors import ConfigurationError
from ingestor.settings import Settings

INJECTED_FOR_A_SERVICE_NAMED_DB = {
    "DB_SERVICE_HOST": "10.96.0.7",
    "DB_SERVICE_PORT": "5432",
    "DB_SERVICE_PORT_POSTGRES": "5432",
    "DB_PORT_5432_TCP": "tcp://10.96.0.7:5432",
    "DB_PORT_5432_TCP_PROTO": "tcp",
    "DB_PORT_5432_TCP_PORT": "5432",
    "DB_PORT_5432_TCP_ADDR": "10.96.0.7",
    "DB_REPLICA_SERVICE_HOST": "10.96.0.8",
    "DB_REPLICA_PORT": "tcp://10.96.0.8:5432",
    "DB_REPLICA_PORT_5432_TCP_ADDR": "10.96.0.8",
}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DB_USER", "DB_USERNAME"),
        ("DB_SCHMEA", "DB_SCHEMA"),
        ("DB_PASS", "DB_PASSWORD"),
        ("DB_PWD", "DB_PASSWORD"),
        ("DB_HOSTNAME", "DB_HOST"),
        ("DB_DATABASE", "DB_NAME"),
        ("DB_SSL_MODE", "DB_SSLMODE"),
        ("db_user", "DB_USERNAME"),
        ("BUKETS", "BUCKETS"),
        ("QUEUE_ULR", "QUEUE_URL"),
        ("DQL_URL", "DLQ_URL"),
        ("PERFIX", "PREFIX"),
        ("AWS_REGOIN", "AWS_REGION"),
        ("RETENTION_DAY", "RETENTION_DAYS"),
        ("MAX_ATTEMPT", "MAX_ATTEMPTS"),
    ],
)
def test_a_near_miss_is_named_with_the_setting_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment({name: "secret"}, refuse_near_misses=True)
    assert str(raised.value) == f"{name} is not a setting; did you mean {meant}?"


def test_near_misses_and_wrong_values_are_all_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment(
            {"DB_USER": "me", "DB_SCHMEA": "logs", "CHUNK_ROWS": "many"}, refuse_near_misses=True
        )
    for name in ("DB_USER ", "DB_SCHMEA ", "CHUNK_ROWS:"):
        assert name in str(raised.value)


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "CONDA_PREFIX", "S3_BUCKET", "BUCKET_NAME", "SQS_QUEUE_URL", "URL", "AWS_DEFAULT_REGION", "AWS_PROFILE",
        "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS", "AWS_LAMBDA_FUNCTION_NAME", "POWERTOOLS_SERVICE_NAME",
        "DATABASE_URL", "LEASE", "BUCKET_PREFIX",
    ],
)  # fmt: skip
def test_other_programs_variables_are_not_judged(name: str) -> None:
    settings = Settings.from_environment({name: "x"}, refuse_near_misses=True)
    assert not settings.names_a_database
    assert settings.unknown_database_names == ()


def test_a_near_miss_beside_the_setting_itself_is_another_programs() -> None:
    settings = Settings.from_environment({"BUKETS": "a", "BUCKETS": "b"}, refuse_near_misses=True)
    assert settings.watched_buckets == {"b"}


def test_a_program_with_variables_of_its_own_is_not_refused() -> None:
    assert Settings.from_environment({"DB_USER": "its own"}).db_username is None


def test_any_other_db_variable_means_a_database_of_the_users() -> None:
    settings = Settings.from_environment({"DB_TYPE": "postgres"}, refuse_near_misses=True)
    assert settings.unknown_database_names == ("DB_TYPE",)
    assert settings.names_a_database


def test_an_empty_variable_is_unset() -> None:
    settings = Settings.from_environment({"DB_USER": "", "DB_TYPE": ""}, refuse_near_misses=True)
    assert not settings.names_a_database


def test_what_kubernetes_injects_for_a_service_named_db_is_ignored() -> None:
    settings = Settings.from_environment(INJECTED_FOR_A_SERVICE_NAMED_DB, refuse_near_misses=True)
    assert settings.unknown_database_names == ()
    assert not settings.names_a_database


def test_the_port_that_kubernetes_injects_has_its_own_sentence() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment({"DB_PORT": "tcp://10.96.0.7:5432"})
    assert "DB_PORT: is a URL, which Kubernetes injects for a Service named `db`" in str(raised.value)
    assert "enableServiceLinks" in str(raised.value)


def test_a_variable_of_boto3_is_no_misspelt_setting_of_another_prefix() -> None:
    assert Settings.from_environment({"AWS_MAX_ATTEMPTS": "1"}).max_attempts != 1
