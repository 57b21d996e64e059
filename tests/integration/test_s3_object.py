"""Objects as S3 answers for them: versions, deletions, odd keys, listings, archives."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from ingestor.errors import (
    ObjectSupersededError,
    SourceMissingError,
    SourceUnavailableError,
    UnreadableError,
)
from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.sources.s3 import S3Objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "logs/app.json.gz"
ODD_KEYS = [
    "a b+c%2B&d=e.json",
    "größe/日志 🎉.json",
    "a//b",
    "~tilde'(quote)*!.json",
    "q?v=1#x.json",
    "tab\there",
]


@pytest.fixture
def bucket(s3: "S3Client", unique_name: Callable[[str], str]) -> str:
    name = unique_name("objects")
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def versioned(s3: "S3Client", bucket: str) -> str:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


@pytest.fixture
def source(s3: "S3Client") -> S3Objects:
    return S3Objects(s3)


def put(s3: "S3Client", bucket: str, content: bytes, key: str = KEY) -> SourceFile:
    """What the notification of the upload names."""
    answer = s3.put_object(Bucket=bucket, Key=key, Body=content)
    return SourceFile(bucket, key, answer["ETag"].strip('"'), answer.get("VersionId"), len(content))


def everything(stream: ByteStream) -> bytes:
    try:
        return b"".join(iter(lambda: stream.read(256 * 1024), b""))
    finally:
        stream.close()


def test_an_object_is_read_from_its_first_to_its_last_byte(
    s3: "S3Client", bucket: str, source: S3Objects
) -> None:
    content = bytes(range(256)) * 2_000
    assert everything(source.open(put(s3, bucket, content))) == content


def test_stored_bytes_are_delivered_whatever_content_encoding_says(
    s3: "S3Client", bucket: str, source: S3Objects
) -> None:
    content = gzip.compress(b'{"level":30}\n' * 1_000)
    s3.put_object(
        Bucket=bucket, Key=KEY, Body=content, ContentEncoding="gzip", ContentType="application/json"
    )
    assert everything(source.open(SourceFile(bucket, KEY))) == content


def test_an_object_uploaded_in_parts_is_read_by_its_etag(
    s3: "S3Client", bucket: str, source: S3Objects
) -> None:
    parts = [b"a" * 5 * 1024 * 1024, b"the end"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key=KEY)["UploadId"]
    etags = [
        s3.upload_part(Bucket=bucket, Key=KEY, UploadId=upload, PartNumber=number, Body=part)["ETag"]
        for number, part in enumerate(parts, 1)
    ]
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key=KEY,
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": etag, "PartNumber": n} for n, etag in enumerate(etags, 1)]},
    )
    file = source.current(SourceFile(bucket, KEY))
    assert file is not None
    assert file.etag is not None
    assert file.etag.endswith("-2")
    assert everything(source.open(file)) == b"".join(parts)


def test_an_empty_object_is_at_its_end_at_once(s3: "S3Client", bucket: str, source: S3Objects) -> None:
    assert everything(source.open(put(s3, bucket, b""))) == b""


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_are_asked_for_as_they_are(s3: "S3Client", bucket: str, source: S3Objects, key: str) -> None:
    file = put(s3, bucket, b"found", key)
    assert everything(source.open(file)) == b"found"
    current = source.current(file)
    assert current is not None
    assert (current.key, current.etag) == (key, file.etag)
    assert [listed.key for listed in source.listing(bucket)] == [key]


def test_a_missing_key_is_missing(bucket: str, source: S3Objects) -> None:
    with pytest.raises(SourceMissingError, match=f"s3://{bucket}/{KEY}: no such key"):
        source.open(SourceFile(bucket, KEY, etag="e"))
    assert source.current(SourceFile(bucket, KEY)) is None


def test_a_missing_bucket_is_missing(source: S3Objects) -> None:
    file = SourceFile("no-such-bucket", KEY)
    with pytest.raises(SourceMissingError, match=r"s3://no-such-bucket/logs/app\.json\.gz: no such bucket"):
        source.open(file)
    with pytest.raises(SourceMissingError, match="s3://no-such-bucket/: no such bucket"):
        list(source.listing("no-such-bucket"))
    assert source.current(file) is None


def test_a_name_that_is_no_bucket_is_missing(source: S3Objects) -> None:
    with pytest.raises(SourceMissingError, match="s3://no bucket!/"):
        list(source.listing("no bucket!"))


def test_an_overwritten_object_is_superseded_when_it_is_opened(
    s3: "S3Client", bucket: str, source: S3Objects
) -> None:
    older = put(s3, bucket, b"old")
    newer = put(s3, bucket, b"new")
    with pytest.raises(ObjectSupersededError, match=f"s3://{bucket}/{KEY}: the version {older.etag}"):
        source.open(older)
    current = source.current(older)
    assert current is not None
    assert (current.etag, current.size_bytes) == (newer.etag, 3)


def test_an_older_version_is_still_read_while_the_newer_one_is_the_current(
    s3: "S3Client", versioned: str, source: S3Objects
) -> None:
    older = put(s3, versioned, b"old")
    newer = put(s3, versioned, b"new")
    assert everything(source.open(older)) == b"old"
    current = source.current(older)
    assert current is not None
    assert (current.etag, current.version_id) == (newer.etag, newer.version_id)


def test_a_removed_version_is_superseded(s3: "S3Client", versioned: str, source: S3Objects) -> None:
    file = put(s3, versioned, b"old")
    assert file.version_id
    s3.delete_object(Bucket=versioned, Key=KEY, VersionId=file.version_id)
    with pytest.raises(ObjectSupersededError):
        source.open(file)
    assert source.current(file) is None


def test_a_version_under_a_delete_marker_can_be_read_and_is_not_the_current(
    s3: "S3Client", versioned: str, source: S3Objects
) -> None:
    file = put(s3, versioned, b"old")
    marker = s3.delete_object(Bucket=versioned, Key=KEY)["VersionId"]
    assert everything(source.open(file)) == b"old"
    assert source.current(file) is None
    with pytest.raises(ObjectSupersededError):
        source.open(SourceFile(versioned, KEY, version_id=marker))


def test_the_current_version_tells_etag_size_and_time_and_no_null_version(
    s3: "S3Client", bucket: str, source: S3Objects
) -> None:
    file = put(s3, bucket, b"12345")
    current = source.current(SourceFile(bucket, KEY))
    assert current is not None
    assert (current.etag, current.version_id, current.size_bytes) == (file.etag, None, 5)
    assert current.uploaded_at is not None
    assert abs(current.uploaded_at - datetime.now(UTC)) < timedelta(hours=1)


def test_an_object_called_the_null_version_is_read(s3: "S3Client", bucket: str, source: S3Objects) -> None:
    file = put(s3, bucket, b"old")
    assert everything(source.open(SourceFile(bucket, KEY, etag=file.etag, version_id="null"))) == b"old"


def test_an_archived_object_says_how_to_restore_it(s3: "S3Client", bucket: str, source: S3Objects) -> None:
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"x", StorageClass="GLACIER")
    with pytest.raises(UnreadableError, match=f"s3://{bucket}/{KEY} is stored in GLACIER .* restore-object"):
        source.open(SourceFile(bucket, KEY))


def test_a_listing_goes_over_all_pages_and_leaves_out_what_holds_nothing(
    s3: "S3Client", bucket: str, source: S3Objects
) -> None:
    for key in [f"logs/{number:04}" for number in range(1_003)]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    for key in ("logs/", "logs/archive/", "logs/empty"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    s3.put_object(Bucket=bucket, Key="other", Body=b"x")
    listed = list(source.listing(bucket, "logs/"))
    assert [file.key for file in listed] == [f"logs/{number:04}" for number in range(1_003)]
    assert {(file.bucket, file.etag, file.version_id, file.size_bytes) for file in listed} == {
        (bucket, "9dd4e461268c8034f5c8564e155c67a6", None, 1)
    }
    assert all(file.uploaded_at is not None and file.uploaded_at.tzinfo is not None for file in listed)


def test_a_listed_object_is_what_its_notification_names(
    s3: "S3Client", bucket: str, source: S3Objects
) -> None:
    file = put(s3, bucket, b"content")
    (listed,) = source.listing(bucket)
    assert (listed.etag, listed.size_bytes) == (file.etag, file.size_bytes)


def test_an_endpoint_nobody_answers_at_is_unavailable() -> None:
    config = Config(signature_version=UNSIGNED, retries={"mode": "standard", "total_max_attempts": 1})
    client: S3Client = boto3.client(
        "s3", endpoint_url="http://127.0.0.1:1", region_name="us-east-1", config=config
    )
    source = S3Objects(client)
    file = SourceFile("bucket", KEY)
    for ask in (source.open, source.current, lambda _: list(source.listing("bucket"))):
        with pytest.raises(SourceUnavailableError, match="s3://bucket/"):
            ask(file)


def test_missing_credentials_are_unavailable(s3_server: str) -> None:
    client: S3Client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    client._request_signer._credentials = None  # type: ignore[attr-defined]  # as where none is found
    with pytest.raises(SourceUnavailableError, match=r"s3://bucket/.*credentials"):
        S3Objects(client).open(SourceFile("bucket", KEY))
