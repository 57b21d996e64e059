"""Which objects there are, and in which version."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ingestor.s3_object.body import S3Body
from ingestor.s3_object.failures import error_code, translated
from ingestor.source_file import SourceFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NO_SUCH_OBJECT = {"404", "405", "NoSuchKey", "MethodNotAllowed"}


class S3Objects:
    """A `Source`. `sleep` paces the resumptions of a broken body."""

    def __init__(self, client: "S3Client", *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def open(self, file: SourceFile, /) -> S3Body:
        """Asks for the object at once, so that a missing or overwritten one is known before the first read."""
        return S3Body(self._client, file, self._sleep)

    def current(self, file: SourceFile, /) -> SourceFile | None:
        """None for a delete marker and for a missing bucket, too. Raises SourceUnavailableError."""
        try:
            head = self._client.head_object(Bucket=file.bucket, Key=file.key)
        except ClientError as error:
            if error_code(error) in _NO_SUCH_OBJECT:
                return None
            raise translated(file, error) from error
        except BotoCoreError as error:
            raise translated(file, error) from error
        return SourceFile(
            bucket=file.bucket,
            key=file.key,
            etag=_unquoted(head.get("ETag")),
            version_id=_version_id(head.get("VersionId")),
            size_bytes=head["ContentLength"],
            event_time=head["LastModified"],
        )

    def listing(self, bucket: str, prefix: str = "") -> Iterator[SourceFile]:
        """Every object with at least a byte, in key order; a page of 1,000 is held at a time.

        A listing doesn't tell version ids: the ETag identifies the bytes.
        Raises SourceMissingError for a missing bucket, SourceUnavailableError.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            for page in pages:
                for item in page.get("Contents", []):
                    if item.get("Size"):
                        yield SourceFile(
                            bucket=bucket,
                            key=item["Key"],
                            etag=_unquoted(item.get("ETag")),
                            size_bytes=item["Size"],
                            event_time=item.get("LastModified"),
                        )
        except (ClientError, BotoCoreError) as error:
            raise translated(SourceFile(bucket, prefix), error) from error


def _unquoted(etag: str | None) -> str | None:
    return etag.strip('"') if etag else None


def _version_id(version_id: str | None) -> str | None:
    """An unversioned object's version is called "null"."""
    return None if version_id == "null" else version_id
