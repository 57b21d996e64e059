"""What the template promises, read from the very file that is deployed."""

import importlib
import json
import os
import subprocess
from typing import Any

import pytest
from tests.support.template import ROOT, default, environment, functions, properties, template

from ingestor.deadline import RESERVE_SECONDS
from ingestor.settings import Settings

SAM = ROOT / ".tools" / "sam" / "bin" / "sam"
NOT_OURS = {"POWERTOOLS_LOG_LEVEL", "POWERTOOLS_SERVICE_NAME"}


def test_sam_finds_nothing_wrong_with_it() -> None:
    done = subprocess.run(
        [SAM, "validate", "--lint", "--template", ROOT / "template.yaml", "--region", "us-east-1"],
        env=os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_EC2_METADATA_DISABLED": "true"},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_file_may_be_handed_on_more_than_sixteen_times() -> None:
    assert properties("HandlerFunction")["RecursiveLoop"] == "Allow"


def test_one_message_fails_alone_and_the_database_is_not_overrun() -> None:
    source = properties("QueueToHandler")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"]["MaximumConcurrency"] == {
        "Fn::FindInMap": ["Concurrency", {"Ref": "MaximumConcurrency"}, "Handlers"]
    }
    bounds = template()["Mappings"]["Concurrency"]
    assert set(template()["Parameters"]["MaximumConcurrency"]["AllowedValues"]) == set(bounds)
    assert all(bound == {"Handlers": int(value)} for value, bound in bounds.items())


@pytest.mark.parametrize("name", sorted(functions()))
def test_each_handler_is_there(name: str) -> None:
    module, _, function = functions()[name]["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("name", sorted(functions()))
def test_each_variable_is_a_setting(name: str) -> None:
    named = set(environment(name)) - NOT_OURS
    assert named <= {field.upper() for field in Settings.model_fields}


@pytest.mark.parametrize("name", sorted(functions()))
def test_each_function_has_six_times_what_it_keeps_for_its_end(name: str) -> None:
    timeout = functions()[name]["Timeout"]
    shortest = timeout if isinstance(timeout, int) else min(map(int, allowed(timeout["Ref"])))
    assert shortest >= 6 * RESERVE_SECONDS


@pytest.mark.parametrize("name", ["HandlerFunction", "SweepFunction", "OperateFunction"])
def test_a_function_knows_whose_objects_it_may_read(name: str) -> None:
    assert "BUCKETS" in environment(name)


def allowed(parameter: str) -> list[str]:
    values: list[str] = template()["Parameters"][parameter]["AllowedValues"]
    return values


def test_the_handlers_defaults_are_good_settings() -> None:
    resolved = {name: _resolved(value) for name, value in environment("HandlerFunction").items()}
    settings = Settings.from_environment(resolved)
    assert settings.lease_seconds == Settings.model_fields["lease_seconds"].default


def test_defaults_agree_with_the_settings_own() -> None:
    for variable, value in environment("HandlerFunction").items():
        parameter = value.get("Ref") if isinstance(value, dict) else None
        if not isinstance(parameter, str) or parameter not in template()["Parameters"]:
            continue
        if default(parameter) in {"", None}:
            continue
        if variable in {"DB_SSLMODE", "DB_SSLROOTCERT"} | NOT_OURS:
            continue  # stricter in the cloud
        field = Settings.model_fields[variable.lower()]
        given = Settings.from_environment({variable: str(default(parameter))})
        assert getattr(given, variable.lower()) == field.default, variable


@pytest.mark.parametrize("timeout", template()["Parameters"]["FunctionTimeout"]["AllowedValues"])
def test_a_message_stays_hidden_for_six_time_outs_and_longer_than_any_lease(timeout: int) -> None:
    assert properties("HandlerFunction")["Timeout"] == {"Ref": "FunctionTimeout"}
    assert properties("IngestQueue")["VisibilityTimeout"] == {
        "Fn::FindInMap": ["VisibilityTimeout", {"Ref": "FunctionTimeout"}, "Seconds"]
    }
    visibility = template()["Mappings"]["VisibilityTimeout"][str(timeout)]["Seconds"]
    assert visibility >= 6 * int(timeout)
    assert visibility > template()["Parameters"]["LeaseSeconds"]["MaxValue"]
    assert visibility > Settings.model_fields["lease_seconds"].default


def test_what_fails_for_good_is_kept_longer_than_what_still_waits() -> None:
    queue, letters = properties("IngestQueue"), properties("DeadLetterQueue")
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": "DeadLetterQueue.Arn"}
    assert letters["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]


@pytest.mark.parametrize("name", sorted(functions()))
def test_no_functions_own_logs_are_kept_for_ever(name: str) -> None:
    group = functions()[name]["LoggingConfig"]["LogGroup"]["Ref"]
    assert properties(group)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_log_files_outlive_the_stack() -> None:
    bucket = template()["Resources"]["LogBucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"


def test_no_parameter_shows_a_password() -> None:
    for name, parameter in template()["Parameters"].items():
        if "password" in name.lower():
            assert parameter["NoEcho"] is True
            assert parameter["Default"] == ""


@pytest.mark.parametrize("name", sorted(functions()))
def test_a_secret_keeps_the_password_out_of_the_environment(name: str) -> None:
    """With DbSecretArn given and DbPassword left empty, the function has the secret's name and may read it."""
    assert environment(name)["DB_PASSWORD"] == {"Ref": "DbPassword"}
    assert environment(name)["DB_SECRET_ARN"]["Fn::If"][2] == {"Ref": "DbSecretArn"}
    assert {"Ref": "DatabaseAccess"} in functions()[name]["Policies"][0]["Fn::If"]
    statements = json.dumps(properties("DatabaseAccess")["PolicyDocument"])
    assert '"Action": "secretsmanager:GetSecretValue", "Resource": {"Ref": "DbSecretArn"}' in statements


def _resolved(value: Any) -> str:  # noqa: ANN401 - as YAML has it
    """With every parameter at its default, and something where AWS would put a name."""
    if isinstance(value, dict) and "Ref" in value:
        name = value["Ref"]
        return str(default(name)) if name in template()["Parameters"] else "something"
    return "" if isinstance(value, dict) else str(value)
