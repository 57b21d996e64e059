"""What boto3 complains of is said once: the setting that is wrong, and the next step."""

from pathlib import Path

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
    SSLError,
    UnauthorizedSSOTokenError,
)

from ingestor.aws.clients import s3_client, sqs_client
from ingestor.aws.errors import service_error
from ingestor.errors import (
    ConfigurationError,
    ServiceUnavailableError,
    SourceUnavailableError,
    TransientError,
)
from ingestor.queues.sqs import SqsQueue
from ingestor.settings import Settings

URL = "http://127.0.0.1:9/"


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)


def test_no_region() -> None:
    with pytest.raises(ConfigurationError, match="no AWS region is known: set AWS_REGION"):
        sqs_client(Settings())


def test_an_unknown_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    with pytest.raises(ConfigurationError, match="AWS_PROFILE: there is no profile mine"):
        sqs_client(Settings(aws_region="us-east-1"))


def test_a_key_id_without_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    with pytest.raises(ConfigurationError, match="AWS_SECRET_ACCESS_KEY is missing: set both"):
        sqs_client(Settings(aws_region="us-east-1"))


def test_an_endpoint_without_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "localhost:4566")
    with pytest.raises(ConfigurationError, match="must be a URL such as http://"):
        s3_client(Settings(aws_region="us-east-1"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            EndpointConnectionError(endpoint_url=URL),
            f"no connection to {URL}: are AWS_REGION and AWS_ENDPOINT right",
        ),
        (ConnectTimeoutError(endpoint_url=URL), f"no connection to {URL}"),
        (ReadTimeoutError(endpoint_url=URL), "did not answer in time"),
        (SSLError(endpoint_url=URL, error=OSError("self-signed")), "AWS_CA_BUNDLE"),
        (NoCredentialsError(), "there are no AWS credentials: run `aws sso login`"),
        (NoRegionError(), "set AWS_REGION"),
        (UnauthorizedSSOTokenError(), "run `aws sso login`"),
    ],
)
def test_no_answer_names_the_setting_and_the_next_step(error: BotoCoreError, said: str) -> None:
    made = service_error("function f", error)
    assert type(made) is ServiceUnavailableError
    assert said in str(made)
    assert "Could not connect to the endpoint URL" not in str(made)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", "access denied: no; the role needs s3:This"),
        ("InvalidClientTokenId", "the AWS credentials are refused"),
        ("ExpiredToken", "the AWS credentials have expired"),
        ("SlowDown", "GetThis: SlowDown: no"),
    ],
)
def test_a_refusal_names_what_it_takes(code: str, said: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, "GetThis")
    made = service_error("s3://b", error, kind=SourceUnavailableError, needs="s3:This")
    assert isinstance(made, SourceUnavailableError)
    assert said in str(made)


def test_an_unreachable_queue_is_a_transient_failure_that_names_its_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = sqs_client(Settings(aws_region="us-east-1", aws_endpoint="http://127.0.0.1:9"))
    with pytest.raises(TransientError, match=r"could not be asked: no connection to .* AWS_ENDPOINT"):
        SqsQueue(client, "http://127.0.0.1:9/1/q").depth()


def test_a_queue_that_does_not_exist_names_its_settings(
    s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = sqs_client(Settings(aws_region="us-east-1", aws_endpoint=s3_server))
    with pytest.raises(ServiceUnavailableError, match=r"no such queue; are QUEUE_URL and DLQ_URL right"):
        SqsQueue(client, f"{s3_server}/123456789012/none").depth()
