"""The stored bytes of one object version, as one stream over as many connections as it takes."""

import time
from collections.abc import Callable
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError
from urllib3.exceptions import HTTPError

from ingestor.aws.timely import TimelyClient
from ingestor.errors import OutOfTimeError, SourceUnavailableError
from ingestor.model.source_file import SourceFile
from ingestor.sources.s3.failures import translated

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

PAUSES_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2)
"""Before each resumption without a byte since the last; any byte starts the count anew."""

GIVE_UP_AFTER_SECONDS = 20
"""Without a byte for so long, no other connection is tried: the caller has a lease and a deadline to keep.

With the clients of `ingestor.aws.clients`, one `read` so returns or raises within 30 s where bodies stall, and
within 51 s where S3 does not answer at all: both less than half of the lease, both the transient failure of the file.
Near the end of an invocation it returns or raises sooner (`ingestor.aws.timely`).
"""

MAX_READ = 64 * 1024

# botocore wraps urllib3's timeouts and protocol errors, and lets the rest through.
_BROKEN = (BotoCoreError, HTTPError, HTTPException, OSError, SourceUnavailableError)


class S3Body:
    """A `ByteStream`. A body that breaks, stalls or ends early is asked for again from where it stopped.

    Opening raises SourceMissingError, ObjectSupersededError, SourceUnavailableError and, for archived objects,
    UnreadableError.
    """

    def __init__(
        self, client: "TimelyClient[S3Client]", file: SourceFile, sleep: Callable[[float], None]
    ) -> None:
        self._client = client
        self._file = file
        self._sleep = sleep
        self._position = 0
        answer = self._get(file.etag and f'"{file.etag}"', file.version_id)
        # Where the message didn't say which object version, the first answer does.
        self._etag = answer.get("ETag")
        self._version_id = file.version_id or answer.get("VersionId")
        self._length = answer["ContentLength"]
        # The parser must see the stored bytes: botocore has urllib3 not decode Content-Encoding.
        self._body: StreamingBody | None = _as_it_comes(answer["Body"])

    def read(self, size: int, /) -> bytes:
        """What has arrived, if only a byte: a slow connection returns often enough to look at the clock.

        Raises ObjectSupersededError when the version went away meanwhile, SourceUnavailableError.
        """
        asked_at = time.monotonic()
        broken: Exception | None = None
        times = 0
        for pause in (*PAUSES_SECONDS, None):
            try:
                return self._read_on(min(size, MAX_READ))
            except OutOfTimeError:
                raise
            except FlexibleChecksumError as error:
                raise SourceUnavailableError(f"{self._file.uri}: damaged on its way: {error}") from error
            except _BROKEN as error:
                broken = error
            self.close()
            times += 1
            if pause is None or time.monotonic() - asked_at >= self._patience():
                break
            self._sleep(pause)
        raise SourceUnavailableError(
            f"{self._file.uri}: the body broke {times} times at byte {self._position} of {self._length}: {broken}"
        ) from broken

    def close(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def _read_on(self, size: int) -> bytes:
        if self._body is None:
            if self._position == self._length:
                return b""
            self._body = self._resumed()
        self._limit_wait(self._body)
        data: bytes = self._body.read(size)
        if not data and size and self._position < self._length:
            raise ConnectionError("the body ended early")
        self._position += len(data)
        return data

    def _patience(self) -> float:
        return min(GIVE_UP_AFTER_SECONDS, self._client.seconds_left())

    def _limit_wait(self, body: "StreamingBody") -> None:
        """While there is time enough, the client's own time-out holds. Raises OutOfTimeError."""
        left = self._patience()
        if left == GIVE_UP_AFTER_SECONDS or self._position == self._length:
            return
        if left <= 0:
            raise OutOfTimeError(f"{self._file.uri}: no time is left to wait for its body")
        body.set_socket_timeout(min(left, self._client.waits.hurried))

    def _resumed(self) -> "StreamingBody":
        answer = self._get(self._etag, self._version_id, first_byte=self._position)
        if self._position and not answer.get("ContentRange", "").startswith(f"bytes {self._position}-"):
            answer["Body"].close()
            raise SourceUnavailableError(
                f"{self._file.uri}: the endpoint does not honour Range; asked to go on at byte {self._position}, "
                f"it sent {answer.get('ContentRange') or 'the whole object'}"
            )
        return _as_it_comes(answer["Body"])

    def _get(self, etag: str | None, version_id: str | None, first_byte: int = 0) -> "GetObjectOutputTypeDef":
        pin: dict[str, Any] = {}
        if etag:
            pin["IfMatch"] = etag
        if version_id and version_id != "null":
            pin["VersionId"] = version_id
        if first_byte:
            pin["Range"] = f"bytes={first_byte}-"
        try:
            return self._client.now().get_object(Bucket=self._file.bucket, Key=self._file.key, **pin)
        except (ClientError, BotoCoreError) as error:
            raise translated(self._file, error) from error


def _as_it_comes(body: "StreamingBody") -> "StreamingBody":
    """urllib3's `read` waits until all it was asked for is there, however slowly that trickles in; `read1` doesn't.

    botocore has no way to ask for the latter, and its checksum at the end needs its own `read` to be used.
    """
    stream = body._raw_stream  # type: ignore[attr-defined]  # noqa: SLF001 - see above; typed as if it were not there
    stream.read = stream.read1
    return body
