"""Which objects there are, and in which version."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ingestor.errors import SourceUnavailableError
from ingestor.s3_object.body import S3Body
from ingestor.s3_object.failures import error_code, translated
from ingestor.s3_object.listing import ListedLevel, ListedPage, pages
from ingestor.source_file import SourceFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectTypeDef

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

    def listing(self, bucket: str, prefix: str = "", *, start_after: str = "") -> Iterator[SourceFile]:
        """Every object with at least a byte, in key order, after `start_after`; a page of 1,000 is held at a time.

        A listing doesn't tell version ids: the ETag identifies the bytes.
        Raises SourceMissingError for a missing bucket, SourceUnavailableError; so do `page` and `level`.
        """
        for page in pages(self, bucket, prefix, start_after=start_after):
            yield from page.files

    def page(self, bucket: str, prefix: str = "", *, start_after: str = "") -> ListedPage:
        answer = self._list(bucket, prefix, start_after)
        contents = answer.get("Contents", [])
        files = tuple(_listed_file(bucket, item) for item in contents if item.get("Size"))
        return ListedPage(files, contents[-1]["Key"] if contents else None, is_last=not answer["IsTruncated"])

    def level(self, bucket: str, prefix: str = "", *, start_after: str = "") -> ListedLevel:
        answer = self._list(bucket, prefix, start_after, Delimiter="/")
        keys = [item["Key"] for item in answer.get("Contents", [])]
        folders = [each["Prefix"] for each in answer.get("CommonPrefixes", [])]
        return ListedLevel(tuple(sorted(keys + folders)), is_last=not answer["IsTruncated"])

    def _list(
        self,
        bucket: str,
        prefix: str,
        start_after: str,
        **more: Any,  # noqa: ANN401 - boto3's own parameters
    ) -> "ListObjectsV2OutputTypeDef":
        if start_after:
            more["StartAfter"] = start_after
        try:
            answer = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, **more)
        except (ClientError, BotoCoreError) as error:
            raise translated(SourceFile(bucket, prefix), error) from error
        if answer["IsTruncated"] and not (answer.get("Contents") or answer.get("CommonPrefixes")):
            raise SourceUnavailableError(
                f"s3://{bucket}/{prefix}: the endpoint says that more keys follow {start_after!r} and lists none"
            )
        return answer


def _listed_file(bucket: str, item: "ObjectTypeDef") -> SourceFile:
    return SourceFile(
        bucket=bucket,
        key=item["Key"],
        etag=_unquoted(item.get("ETag")),
        size_bytes=item.get("Size"),
        event_time=item.get("LastModified"),
    )


def _unquoted(etag: str | None) -> str | None:
    return etag.strip('"') if etag else None


def _version_id(version_id: str | None) -> str | None:
    """An unversioned object's version is called "null"."""
    return None if version_id == "null" else version_id
