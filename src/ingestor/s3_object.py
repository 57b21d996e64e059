"""S3's objects: read pinned to one version, and gone on with where a connection broke."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from urllib3.exceptions import HTTPError

from ingestor.errors import (
    IngestorError,
    ObjectSupersededError,
    SourceMissingError,
    SourceUnavailableError,
    UnreadableError,
)
from ingestor.source_file import ByteStream, SourceFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

MAX_RESUMPTIONS = 5
"""In a row without a byte; any byte starts the count anew."""
FIRST_PAUSE_SECONDS = 0.2

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_MISSING = {"NoSuchKey", "NoSuchBucket", "404"}
_SUPERSEDED = {"PreconditionFailed", "412", "NoSuchVersion", "MethodNotAllowed", "405"}
_BROKEN_BODY = (HTTPError, HTTPClientError, IncompleteReadError, ConnectionError, TimeoutError)


class S3Objects:
    """A `Source`. `sleep` paces the resumptions of a broken body."""

    def __init__(self, client: "S3Client", *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def open(self, file: SourceFile, /) -> ByteStream:
        return S3Body(self._client, file, self._sleep)

    def current(self, file: SourceFile, /) -> SourceFile | None:
        try:
            head = self._client.head_object(Bucket=file.bucket, Key=file.key)
        except ClientError as error:
            # HEAD has no body, so no code but the status; 405 is a delete marker.
            if _code(error) in {"404", "405", "NoSuchKey"}:
                return None
            raise _translated(file, error) from error
        except BotoCoreError as error:
            raise _translated(file, error) from error
        return SourceFile(
            bucket=file.bucket,
            key=file.key,
            etag=_unquoted(head.get("ETag")),
            version_id=_version_id(head.get("VersionId")),
            size_bytes=head["ContentLength"],
            event_time=head["LastModified"],
        )

    def listing(self, bucket: str, prefix: str = "") -> Iterator[SourceFile]:
        """Every object that may hold entries, in key order. Raises SourceMissingError, SourceUnavailableError."""
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
            raise _translated(SourceFile(bucket, prefix), error) from error


class S3Body:
    """The stored bytes of one version. A body that breaks, or ends early, is asked for again from there."""

    def __init__(self, client: "S3Client", file: SourceFile, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._file = file
        self._sleep = sleep
        self._position = 0
        answer = self._get()
        self._etag = answer.get("ETag")
        self._version_id = file.version_id or answer.get("VersionId")
        self._length = answer["ContentLength"]
        self._body = answer["Body"]

    def read(self, size: int, /) -> bytes:
        """Raises ObjectSupersededError when the version went away meanwhile, SourceUnavailableError."""
        broken: Exception | None = None
        for attempt in range(MAX_RESUMPTIONS + 1):
            try:
                # The parser must see the stored bytes, whatever Content-Encoding says: botocore doesn't decode.
                data = self._body.read(size)
            except _BROKEN_BODY as error:
                broken = error
            else:
                if data or self._position >= self._length or size == 0:
                    self._position += len(data)
                    return data
                broken = ConnectionError("the body ended early")
            if attempt < MAX_RESUMPTIONS:
                self._resume(attempt)
        raise SourceUnavailableError(
            f"{self._file.uri}: the body broke {MAX_RESUMPTIONS + 1} times at byte {self._position} "
            f"of {self._length}: {broken}"
        ) from broken

    def close(self) -> None:
        self._body.close()

    def _resume(self, attempt: int) -> None:
        self._body.close()
        self._sleep(FIRST_PAUSE_SECONDS * 2**attempt)
        self._body = self._get(first_byte=self._position)["Body"]

    def _get(self, first_byte: int = 0) -> "GetObjectOutputTypeDef":
        pin: dict[str, Any] = {}
        etag = f'"{self._file.etag}"' if self._file.etag else getattr(self, "_etag", None)
        version_id = self._file.version_id or getattr(self, "_version_id", None)
        if etag:
            pin["IfMatch"] = etag
        if version_id and version_id != "null":
            pin["VersionId"] = version_id
        if first_byte:
            pin["Range"] = f"bytes={first_byte}-"
        try:
            return self._client.get_object(Bucket=self._file.bucket, Key=self._file.key, **pin)
        except (ClientError, BotoCoreError) as error:
            raise _translated(self._file, error) from error


def _translated(file: SourceFile, error: ClientError | BotoCoreError) -> IngestorError:
    if not isinstance(error, ClientError):
        return SourceUnavailableError(f"{file.uri}: {error}")
    code, said = _code(error), error.response.get("Error", {}).get("Message") or str(error)
    if code in _SUPERSEDED:
        return ObjectSupersededError(
            f"{file.uri}: version {file.version_id or file.etag} is gone or overwritten"
        )
    if code in _MISSING:
        return SourceMissingError(
            f"{file.uri}: {said}; was it deleted, or is it in another account or region?"
        )
    if code == "InvalidObjectState":
        return UnreadableError(
            f"{file.uri} is archived: restore it (S3 RestoreObject), then upload or retry it"
        )
    if code in {"AccessDenied", "403"}:
        return SourceUnavailableError(
            f"{file.uri}: access denied; grant s3:GetObject (and s3:GetObjectVersion, kms:Decrypt) to this role"
        )
    return SourceUnavailableError(f"{file.uri}: {code}: {said}")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _unquoted(etag: str | None) -> str | None:
    return etag.strip('"') if etag else None


def _version_id(version_id: str | None) -> str | None:
    """An unversioned object's version is called "null"."""
    return None if version_id == "null" else version_id
