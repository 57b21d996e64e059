"""What a listing tells of keys that nothing can name: their neighbours are listed, and they are told apart."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from ingestor.errors import SourceUnavailableError
from ingestor.sources import UnusableObject
from ingestor.sources.listing import pages
from ingestor.sources.s3 import S3Objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NUL = "the key holds NUL, which PostgreSQL refuses"


@pytest.fixture
def stub() -> Iterator[Stubber]:
    client: S3Client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    with Stubber(client) as stubber:
        yield stubber


def answer(*keys: str, encoded: bool = True, token: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "IsTruncated": token is not None,
        "Contents": [{"Key": key, "Size": 5, "ETag": '"e"'} for key in keys],
    }
    if encoded:
        body["EncodingType"] = "url"
    if token:
        body["NextContinuationToken"] = token
    return body


def objects(stub: Stubber) -> S3Objects:
    client: Any = stub.client
    return S3Objects(client)


def test_encoded_keys_are_decoded(stub: Stubber) -> None:
    stub.add_response("list_objects_v2", answer("a+b%2Bc/%C3%BC", "p%252Bq", "%EF%BF%BD"))
    page = objects(stub).page("logs")
    assert [file.key for file in page.files] == ["a b+c/ü", "p%2Bq", "\ufffd"]
    assert (page.last_key, page.unusable) == ("\ufffd", ())


def test_keys_that_nothing_can_name_are_told_beside_their_neighbours(stub: Stubber) -> None:
    stub.add_response("list_objects_v2", answer("a", "b%00c", "d", "e%FFf", "g%ED%A0%80"))
    page = objects(stub).page("logs")
    assert [file.key for file in page.files] == ["a", "d"]
    assert page.last_key == "d"
    assert page.unusable == (
        UnusableObject("logs", "b%00c", NUL),
        UnusableObject("logs", "e%FFf", "the key is not UTF-8"),
        UnusableObject("logs", "g%ED%A0%80", "the key is not UTF-8"),
    )


def test_an_endpoint_that_does_not_encode_is_taken_at_its_word(stub: Stubber) -> None:
    stub.add_response("list_objects_v2", answer("a+b", "c%20d", "e\x00", encoded=False))
    page = objects(stub).page("logs")
    assert [file.key for file in page.files] == ["a+b", "c%20d"]
    assert page.unusable == (UnusableObject("logs", "e%00", NUL),)


def test_pages_full_of_such_keys_are_passed(stub: Stubber) -> None:
    """Where the next page begins can't be said by a key then; the endpoint says it."""
    expected = {"Bucket": "logs", "Prefix": "", "EncodingType": "url"}
    stub.add_response("list_objects_v2", answer("a", token="1"), expected)
    stub.add_response("list_objects_v2", answer("b%00", token="2"), expected | {"ContinuationToken": "1"})
    stub.add_response("list_objects_v2", answer("c%FF", token="3"), expected | {"ContinuationToken": "2"})
    stub.add_response("list_objects_v2", answer("d"), expected | {"ContinuationToken": "3"})
    listed = list(pages(objects(stub), "logs", ""))
    assert [page.last_key for page in listed] == ["a", None, None, "d"]
    assert sum(len(page.unusable) for page in listed) == 2


def test_an_endpoint_that_says_neither_where_to_go_on_nor_a_key_is_told(stub: Stubber) -> None:
    stub.add_response("list_objects_v2", answer("a%00") | {"IsTruncated": True})
    with pytest.raises(SourceUnavailableError, match="says that more keys follow"):
        objects(stub).page("logs")


def test_folders_that_nothing_can_name_are_no_dates(stub: Stubber) -> None:
    level = {
        "IsTruncated": False,
        "EncodingType": "url",
        "CommonPrefixes": [{"Prefix": "2026%00/"}, {"Prefix": "%FF/"}],
    }
    stub.add_response("list_objects_v2", level)
    assert objects(stub).level("logs").entries == ("2026\x00/", "\ufffd/")
