"""`ingestor connect-bucket`: our entry beside all that was there, and nothing of that lost."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.conftest import Answer, CommandLine
from tests.support.operating import at
from tests.support.sweeping import Place

type Connect = Callable[..., Answer]


def arn(place: Place, url: str | None = None) -> str:
    answer = place.sqs.get_queue_attributes(QueueUrl=url or place.queue_url, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


def configuration(place: Place) -> dict[str, Any]:
    answer: dict[str, Any] = dict(place.s3.get_bucket_notification_configuration(Bucket=place.bucket))
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def configure(place: Place, **what: object) -> None:
    place.s3.put_bucket_notification_configuration(Bucket=place.bucket, NotificationConfiguration=what)  # type: ignore[arg-type]  # a literal's type is too wide


@pytest.fixture
def connect(place: Place, ingestor: CommandLine) -> Connect:
    command = at(place, ingestor)
    return lambda *options: command(
        "connect-bucket", "--bucket", place.bucket, "--queue-arn", arn(place), *options
    )


def test_a_connected_bucket_notifies_the_queue_of_what_is_uploaded(place: Place, connect: Connect) -> None:
    assert connect("--prefix", "app-").status == 0
    place.upload("app-one.json")
    place.upload("other-two.json")
    keys = [each["Records"][0]["s3"]["object"]["key"] for each in place.sent() if "Records" in each]
    assert keys == ["app-one.json"]


def test_all_that_was_there_stays(place: Place, connect: Connect) -> None:
    theirs = {
        "Id": "theirs", "QueueArn": arn(place, place.dlq_url), "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "images/"}]}},
    }  # fmt: skip
    configure(place, QueueConfigurations=[theirs])
    assert connect("--prefix", "app/").status == 0
    after = configuration(place)
    assert sorted(each["Id"] for each in after["QueueConfigurations"]) == ["ingestor", "theirs"]
    assert connect("--remove").status == 0
    assert [each["Id"] for each in configuration(place)["QueueConfigurations"]] == ["theirs"]


def test_twice_changes_nothing_more(connect: Connect) -> None:
    assert connect("--json").json["changed"] is True
    answer = connect("--json")
    assert (answer.status, answer.json["changed"]) == (0, False)
    assert "already connected" in connect().stdout


def test_a_dry_run_changes_nothing(place: Place, connect: Connect) -> None:
    assert "would be connected" in connect("--dry-run").stdout
    assert configuration(place) == {}


def test_an_overlap_that_s3_would_refuse_is_explained(place: Place, connect: Connect) -> None:
    theirs = {"Id": "theirs", "QueueArn": arn(place, place.dlq_url), "Events": ["s3:ObjectCreated:Put"]}
    configure(place, QueueConfigurations=[theirs])
    answer = connect("--prefix", "app/")
    assert answer.status == 1
    assert "theirs" in answer.stderr
    assert [each["Id"] for each in configuration(place)["QueueConfigurations"]] == ["theirs"]


def test_a_missing_bucket_says_so(place: Place, ingestor: CommandLine) -> None:
    answer = at(place, ingestor)(
        "connect-bucket", "--bucket", "no-such-bucket-here", "--queue-arn", arn(place)
    )
    assert (answer.status, "no such bucket" in answer.stderr) == (1, True)
