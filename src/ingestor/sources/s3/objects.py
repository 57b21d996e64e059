"""The objects of a bucket, and which object version each key holds."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError
from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.parsers import ResponseParserError

from ingestor.aws.errors import error_code
from ingestor.aws.timely import TimelyClient
from ingestor.deadline import Deadline
from ingestor.errors import SourceUnavailableError
from ingestor.model.source_file import SourceFile, why_unstorable
from ingestor.sources import ListedLevel, ListedPage, UnusableObject
from ingestor.sources.listing import pages
from ingestor.sources.s3.body import S3Body
from ingestor.sources.s3.failures import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectTypeDef

_SERVERS_FAULT = 500
_NO_SUCH_OBJECT = {"404", "405", "NoSuchKey", "MethodNotAllowed"}


class S3Objects:
    """An `ObjectStore`. `sleep` paces the resumptions of a broken body.

    Every request raises OutOfTimeError, too, when the client has no time to wait for its answer.
    """

    def __init__(
        self, client: "S3Client | TimelyClient[S3Client]", *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client if isinstance(client, TimelyClient) else TimelyClient(client)
        self._sleep = sleep

    def end_with(self, deadline: Deadline, /) -> None:
        """From now on no answer is waited for beyond it."""
        self._client.deadline = deadline

    def open(self, file: SourceFile, /) -> S3Body:
        """Asks for the object at once, so that a missing or overwritten one is known before the first read."""
        return S3Body(self._client, file, self._sleep)

    def current(self, file: SourceFile, /) -> SourceFile | None:
        """None for a delete marker and for a missing bucket, too. Raises SourceUnavailableError."""
        try:
            head = self._client.now().head_object(Bucket=file.bucket, Key=file.key)
        except ClientError as error:
            if error_code(error) in _NO_SUCH_OBJECT:
                return None
            raise translated(file, error) from error
        except ParamValidationError:
            return None  # no name that S3 could know
        except BotoCoreError as error:
            raise translated(file, error) from error
        return SourceFile(
            bucket=file.bucket,
            key=file.key,
            etag=_unquoted(head.get("ETag")),
            version_id=_version_id(head.get("VersionId")),
            size_bytes=head["ContentLength"],
            uploaded_at=head["LastModified"],
        )

    def answers(self, bucket: str, /) -> bool:
        """Whether S3 is there and well, whatever it says of `bucket`."""
        try:
            self._client.now().list_objects_v2(Bucket=bucket, MaxKeys=1)
        except ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"]) < _SERVERS_FAULT
        except (NotConnectedError, HTTPClientError, ResponseParserError):
            return False
        except BotoCoreError:
            return True  # it was not asked: no credentials, no such name
        return True

    def listing(self, bucket: str, prefix: str = "", *, start_after: str = "") -> Iterator[SourceFile]:
        """Every object with at least a byte, in key order, after `start_after`; a page of 1,000 is held at a time.

        A listing doesn't tell version ids: the ETag identifies the bytes.
        Raises SourceMissingError for a missing bucket, SourceUnavailableError; so do `page` and `level`.
        """
        for page in pages(self, bucket, prefix, start_after=start_after):
            yield from page.files

    def page(
        self, bucket: str, prefix: str = "", *, start_after: str = "", token: str | None = None
    ) -> ListedPage:
        answer = self._list(bucket, prefix, start_after, token)
        keys = _Keys(answer.get("EncodingType") == "url")
        items = answer.get("Contents", [])
        files: list[SourceFile] = []
        unusable: list[UnusableObject] = []
        last_key: str | None = None
        for item in items:
            key = keys.decoded(item["Key"])
            last_key = last_key if key.why_unusable else key.text
            if key.why_unusable and item.get("Size"):
                unusable.append(UnusableObject(bucket, keys.encoded(item["Key"]), key.why_unusable))
            elif item.get("Size"):
                files.append(_listed_file(bucket, key.text, item))
        is_last, next_token = not answer.get("IsTruncated"), answer.get("NextContinuationToken")
        if not is_last and last_key is None and next_token is None:
            raise _endless(bucket, prefix, "keys that can't be written down, and gives no token")
        return ListedPage(tuple(files), last_key, is_last, unusable=tuple(unusable), token=next_token)

    def level(self, bucket: str, prefix: str = "", *, start_after: str = "") -> ListedLevel:
        """Keys and folders that nobody can name are there in some likeness: they only have to be no dates."""
        answer = self._list(bucket, prefix, start_after, Delimiter="/")
        keys = _Keys(answer.get("EncodingType") == "url")
        names = [item["Key"] for item in answer.get("Contents", [])]
        names += [each["Prefix"] for each in answer.get("CommonPrefixes", [])]
        return ListedLevel(
            tuple(sorted(keys.decoded(name).text for name in names)), is_last=not answer.get("IsTruncated")
        )

    def _list(
        self,
        bucket: str,
        prefix: str,
        start_after: str,
        token: str | None = None,
        **more: Any,  # noqa: ANN401 - boto3's own parameters
    ) -> "ListObjectsV2OutputTypeDef":
        if token:
            more["ContinuationToken"] = token
        elif start_after:
            more["StartAfter"] = start_after
        try:
            # boto3 asks for encoded keys by itself, and then decodes what is not UTF-8 to another key.
            answer = self._client.now().list_objects_v2(
                Bucket=bucket, Prefix=prefix, EncodingType="url", **more
            )
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            raise translated(SourceFile(bucket, prefix), error) from error
        if answer.get("IsTruncated") and not (answer.get("Contents") or answer.get("CommonPrefixes")):
            raise _endless(bucket, prefix, f"{start_after!r} and lists none")
        return answer


@dataclass(frozen=True, slots=True)
class _Key:
    """`text` of one that can't be used is only like it."""

    text: str
    why_unusable: str | None


@dataclass(frozen=True, slots=True)
class _Keys:
    """Keys as a listing tells them: percent-encoded, if the endpoint does as it is asked."""

    are_encoded: bool

    def decoded(self, given: str) -> _Key:
        if not self.are_encoded:
            return _Key(given, why_unstorable(given))
        raw = unquote_to_bytes(given.replace("+", " "))
        try:
            key = raw.decode()
        except UnicodeDecodeError:
            return _Key(raw.decode(errors="replace"), "the key is not UTF-8")
        return _Key(key, why_unstorable(key))

    def encoded(self, given: str) -> str:
        return given if self.are_encoded else quote(given, errors="surrogatepass")


def _endless(bucket: str, prefix: str, what: str) -> SourceUnavailableError:
    return SourceUnavailableError(f"s3://{bucket}/{prefix}: the endpoint says that more keys follow {what}")


def _listed_file(bucket: str, key: str, item: "ObjectTypeDef") -> SourceFile:
    return SourceFile(
        bucket=bucket,
        key=key,
        etag=_unquoted(item.get("ETag")),
        size_bytes=item.get("Size"),
        uploaded_at=item.get("LastModified"),
    )


def _unquoted(etag: str | None) -> str | None:
    return etag.strip('"') if etag else None


def _version_id(version_id: str | None) -> str | None:
    """An unversioned object's version is called "null"."""
    return None if version_id == "null" else version_id
