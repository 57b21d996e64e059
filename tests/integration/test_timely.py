"""S3 and SQS that take a connection and answer nothing: whoever will be stopped soon does not wait for them."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.support.breaking_s3 import Break, Cut, breaking_s3

from ingestor import bootstrap
from ingestor.aws import clients
from ingestor.aws.timely import TimelyClient, Waits
from ingestor.deadline import Deadline
from ingestor.errors import OutOfTimeError, ServiceUnavailableError
from ingestor.model.source_file import SourceFile
from ingestor.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FILE = SourceFile("bucket", "key")

type Request = Callable[[], object]


@pytest.fixture
def silent_endpoint() -> Iterator[str]:
    """The kernel takes connections, and nobody reads them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def settings(endpoint: str) -> Settings:
    return Settings(aws_region="us-east-1", aws_endpoint=endpoint, queue_url=f"{endpoint}/queue")


def in_(seconds: float) -> Deadline:
    """It is over so long from now on."""
    until = time.monotonic() + seconds
    return Deadline(lambda: until - time.monotonic())


def of_s3(endpoint: str, deadline: Deadline) -> list[Request]:
    """Each kind that an invocation may wait for."""
    objects = bootstrap.store(settings(endpoint))
    objects.end_with(deadline)
    return [lambda: objects.open(FILE), lambda: objects.current(FILE), lambda: objects.page("bucket")]


def of_sqs(endpoint: str, deadline: Deadline) -> list[Request]:
    queue = bootstrap.queue(settings(endpoint))
    queue.end_with(deadline)
    return [
        lambda: queue.send(["body"]),
        lambda: queue.defer("receipt", 1),
        lambda: queue.acknowledge("receipt"),
        queue.depth,
        lambda: queue.receive(1, 1),
    ]


@pytest.mark.parametrize(("requests", "seconds"), [(of_s3, 9), (of_sqs, 2)])
def test_an_answer_that_never_comes_is_not_waited_for_beyond_the_deadline(
    silent_endpoint: str, requests: Callable[[str, Deadline], list[Request]], seconds: float
) -> None:
    deadline = in_(seconds)

    def left_after(request: Request) -> float:
        with pytest.raises(ServiceUnavailableError):
            request()
        return deadline.remaining_seconds()

    asked = requests(silent_endpoint, deadline)
    with ThreadPoolExecutor(len(asked)) as pool:
        assert all(left > 0 for left in pool.map(left_after, asked))


@pytest.mark.parametrize(("requests", "seconds"), [(of_s3, 7), (of_sqs, 1)])
def test_nothing_is_asked_any_more_when_no_answer_could_be_waited_for(
    silent_endpoint: str, requests: Callable[[str, Deadline], list[Request]], seconds: float
) -> None:
    for request in requests(silent_endpoint, in_(seconds)):
        with pytest.raises(OutOfTimeError):
            request()


def test_a_body_that_stalls_is_given_up_before_the_deadline(
    s3_server: str, s3: "S3Client", unique_name: Callable[[str], str]
) -> None:
    bucket = unique_name("timely")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"x" * 1000)
    with breaking_s3(s3_server) as endpoint:
        endpoint.troubles.append(Cut(400, Break.STALL))
        objects = bootstrap.store(settings(endpoint.url))
        stream = objects.open(SourceFile(bucket, "key"))
        assert stream.read(1000) == b"x" * 400
        deadline = in_(5)
        objects.end_with(deadline)
        with pytest.raises(ServiceUnavailableError):
            stream.read(1000)
        assert deadline.remaining_seconds() > 0
        stream.close()


def test_each_client_waits_no_longer_than_is_said_of_it() -> None:
    """docs/reliability.md says it."""
    assert [
        each.at_most
        for each in (
            clients.USUAL_OF_S3,
            clients.USUAL_OF_SQS,
            clients.SECRETS,
            clients.HURRIED_OF_S3,
            clients.HURRIED_OF_SQS,
        )
    ] == [31, 67, 9, 5, 1.5]


def test_the_hurried_client_is_made_when_it_is_first_needed_and_kept() -> None:
    made: list[str] = []

    def make() -> str:
        made.append("made")
        return "hurried"

    client = TimelyClient("usual", make, Waits(usual=30, hurried=5, kept=3))
    assert client.now() == "usual"
    client.deadline = Deadline(lambda: 30)
    assert [client.now(), client.now()] == ["hurried", "hurried"]
    assert made == ["made"]
    client.deadline = Deadline(lambda: 34)
    assert client.now() == "usual"
