"""A body that breaks is gone on with, pinned to the version that was begun: real connections, really broken."""

import hashlib
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from tests.support.breaking_s3 import (
    Break,
    BreakingS3,
    Cut,
    Garble,
    Refuse,
    Seen,
    Trickle,
    WithoutRange,
    breaking_s3,
)

from ingestor.errors import ObjectSupersededError, SourceMissingError, SourceUnavailableError
from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.sources.s3 import S3Objects, body

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "app.json.gz"
CONTENT = random.Random(7).randbytes(300_000)  # noqa: S311 - bytes that don't repeat, no secret
ETAG = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


@pytest.fixture
def broken(s3_server: str) -> Iterator[BreakingS3]:
    with breaking_s3(s3_server) as endpoint:
        yield endpoint


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def source(broken: BreakingS3, pauses: list[float]) -> Iterator[S3Objects]:
    config = Config(
        connect_timeout=2, read_timeout=0.5, retries={"mode": "standard", "total_max_attempts": 1}
    )
    client: S3Client = boto3.client("s3", endpoint_url=broken.url, region_name="us-east-1", config=config)
    yield S3Objects(client, sleep=pauses.append)
    client.close()


@pytest.fixture(params=[False, True], ids=["unversioned", "versioned"])
def file(s3: "S3Client", unique_name: Callable[[str], str], request: pytest.FixtureRequest) -> SourceFile:
    bucket = unique_name("bodies")
    s3.create_bucket(Bucket=bucket)
    if request.param:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put = s3.put_object(Bucket=bucket, Key=KEY, Body=CONTENT)
    return SourceFile(bucket, KEY, etag=put["ETag"].strip('"'), version_id=put.get("VersionId"))


def everything(stream: ByteStream, size: int = 256 * 1024) -> bytes:
    try:
        return b"".join(iter(lambda: stream.read(size), b""))
    finally:
        stream.close()


@pytest.mark.parametrize("how", Break)
@pytest.mark.parametrize("after", [0, 1, 100_000, len(CONTENT) - 1])
def test_a_body_that_breaks_is_gone_on_with_where_it_stopped(
    broken: BreakingS3, source: S3Objects, file: SourceFile, how: Break, after: int
) -> None:
    broken.troubles.append(Cut(after, how))
    stream = source.open(file)
    broken.may_reset.set()
    assert everything(stream) == CONTENT
    version = f"versionId={file.version_id}" if file.version_id else ""
    first, second = broken.seen
    assert first == Seen(None, f'"{ETAG}"', version)
    assert (second.if_match, second.query) == (f'"{ETAG}"', version)
    begun_at = int(second.range.removeprefix("bytes=").removesuffix("-")) if second.range else 0
    assert begun_at <= after
    if how is not Break.RESET:  # which also takes what had arrived and was not read yet
        assert after - begun_at < 64 * 1024


def test_a_body_that_breaks_again_and_again_is_read_to_its_end(
    broken: BreakingS3, source: S3Objects, file: SourceFile, pauses: list[float]
) -> None:
    broken.troubles.extend(Cut(20_000) for _ in range(12))
    assert everything(source.open(file), size=1_000) == CONTENT
    assert len(broken.seen) == 13
    assert pauses == [0.2] * 12  # any byte starts the count anew


def test_the_version_begun_is_pinned_even_where_the_message_did_not_say_it(
    broken: BreakingS3, source: S3Objects, file: SourceFile
) -> None:
    broken.troubles.append(Cut(100_000))
    assert everything(source.open(SourceFile(file.bucket, KEY)), size=1_000) == CONTENT
    version = f"versionId={file.version_id}" if file.version_id else ""
    assert broken.seen == [Seen(None, None, ""), Seen("bytes=100000-", f'"{ETAG}"', version)]


def test_an_object_overwritten_between_two_connections_is_superseded_unless_it_is_versioned(
    broken: BreakingS3, source: S3Objects, file: SourceFile, s3: "S3Client"
) -> None:
    broken.troubles.append(Cut(100_000))
    stream = source.open(SourceFile(file.bucket, KEY))
    start = stream.read(1_000)
    s3.put_object(Bucket=file.bucket, Key=KEY, Body=b"another")
    if file.version_id:
        assert start + everything(stream) == CONTENT
    else:
        with pytest.raises(ObjectSupersededError, match=f"s3://{file.bucket}/{KEY}"):
            everything(stream)


def test_an_object_deleted_between_two_connections_is_no_end_of_the_body(
    broken: BreakingS3, source: S3Objects, file: SourceFile, s3: "S3Client"
) -> None:
    broken.troubles.append(Cut(100_000))
    stream = source.open(file)
    if file.version_id:
        s3.delete_object(Bucket=file.bucket, Key=KEY, VersionId=file.version_id)
    else:
        s3.delete_object(Bucket=file.bucket, Key=KEY)
    with pytest.raises(ObjectSupersededError if file.version_id else SourceMissingError):
        everything(stream)


@pytest.mark.parametrize("how", [Break.RESET, Break.CLOSE])
def test_a_body_that_gives_nothing_any_more_is_given_up_for_now(
    broken: BreakingS3, source: S3Objects, file: SourceFile, pauses: list[float], how: Break
) -> None:
    broken.troubles.extend([Cut(100_000, how)] + [Cut(0, how)] * 5)
    stream = source.open(file)
    broken.may_reset.set()
    with pytest.raises(
        SourceUnavailableError, match=r"the body broke 6 times at byte \d+ of 300000: "
    ) as caught:
        everything(stream, size=1_000)
    assert f"s3://{file.bucket}/{KEY}" in str(caught.value)
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2]


@pytest.mark.parametrize(
    "refusal", [Refuse(503, "SlowDown"), Refuse(500, "InternalError"), Refuse(403, "AccessDenied")]
)
def test_a_resumption_that_is_refused_for_the_moment_is_tried_again(
    broken: BreakingS3, source: S3Objects, file: SourceFile, pauses: list[float], refusal: Refuse
) -> None:
    broken.troubles.extend([Cut(100_000), refusal, refusal])
    assert everything(source.open(file)) == CONTENT
    assert pauses == [0.2, 0.4, 0.8]


def test_a_body_that_stalls_is_given_up_when_nothing_came_for_too_long(
    broken: BreakingS3,
    source: S3Objects,
    file: SourceFile,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body, "GIVE_UP_AFTER_SECONDS", 0.7)  # one and a half times the client's read time-out
    broken.troubles.extend([Cut(100_000, Break.STALL)] + [Cut(0, Break.STALL)] * 5)
    with pytest.raises(SourceUnavailableError, match="the body broke 2 times at byte 100000 of 300000: "):
        everything(source.open(file), size=1_000)
    assert pauses == [0.2]


def test_a_body_that_trickles_is_handed_over_as_it_comes(
    broken: BreakingS3, source: S3Objects, file: SourceFile
) -> None:
    broken.troubles.append(Trickle(first=1_000))
    stream = source.open(file)
    assert stream.read(64 * 1024) == CONTENT[:1_000]  # the rest isn't sent before this
    broken.may_go_on.set()
    assert everything(stream) == CONTENT[1_000:]
    assert len(broken.seen) == 1


def test_an_endpoint_without_range_gives_no_bytes_twice(
    broken: BreakingS3, source: S3Objects, file: SourceFile
) -> None:
    broken.troubles.extend([Cut(100_000)] + [WithoutRange()] * 6)
    stream = source.open(file)
    with pytest.raises(SourceUnavailableError, match="does not honour Range"):
        everything(stream)


def test_bytes_changed_on_their_way_are_noticed_by_the_checksum_at_the_end(
    broken: BreakingS3, source: S3Objects, file: SourceFile
) -> None:
    broken.troubles.append(Garble())
    stream = source.open(file)
    with pytest.raises(SourceUnavailableError, match="damaged on its way"):
        everything(stream)


@pytest.mark.parametrize(
    "refusal", [Refuse(503, "SlowDown"), Refuse(500, "InternalError"), Refuse(400, "ExpiredToken")]
)
def test_a_refusal_for_the_moment_says_what_s3_said(
    broken: BreakingS3, source: S3Objects, file: SourceFile, refusal: Refuse
) -> None:
    broken.troubles.append(refusal)
    with pytest.raises(SourceUnavailableError, match=f"{file.uri}: GetObject: {refusal.code}: said by S3"):
        source.open(file)


def test_denied_access_names_the_permissions(broken: BreakingS3, source: S3Objects, file: SourceFile) -> None:
    broken.troubles.append(Refuse(403, "AccessDenied"))
    with pytest.raises(
        SourceUnavailableError, match=r"access denied: said by S3; the role needs s3:GetObject"
    ):
        source.open(file)
    broken.troubles.append(Refuse(403, "AccessDenied"))
    with pytest.raises(SourceUnavailableError, match=rf"s3://{file.bucket}/logs/: .* needs s3:ListBucket"):
        list(source.listing(file.bucket, "logs/"))


@pytest.mark.parametrize(
    "refusal",
    [Refuse(404, "NoSuchVersion"), Refuse(405, "MethodNotAllowed"), Refuse(412, "PreconditionFailed")],
)
def test_a_version_that_is_gone_is_superseded(
    broken: BreakingS3, source: S3Objects, file: SourceFile, refusal: Refuse
) -> None:
    broken.troubles.append(refusal)
    with pytest.raises(ObjectSupersededError, match=f"{file.uri}: the version .* was overwritten or deleted"):
        source.open(file)


def test_closing_before_the_end_asks_for_nothing_more(
    broken: BreakingS3, source: S3Objects, file: SourceFile
) -> None:
    stream = source.open(file)
    assert stream.read(10) == CONTENT[:10]
    stream.close()
    stream.close()
    assert len(broken.seen) == 1
