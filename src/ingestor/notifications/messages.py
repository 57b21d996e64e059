"""The messages as their senders shape them: only the fields we read, so that new ones do no harm.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from ingestor.model.source_file import Store

MAX_BIGINT = 2**63 - 1


def _event_version_2(value: str) -> str:
    # S3 raises the first number when a change breaks readers, the second when it adds fields.
    if value.partition(".")[0] != "2":
        raise ValueError(f"only 2.x is understood, not {value[:20]!r}")
    return value


def _iso_8601(value: object) -> object:
    # pydantic would take numbers, and strings of digits, as seconds since 1970.
    if not isinstance(value, str) or value[4:5] != "-":
        raise ValueError("not a time in ISO 8601, such as 2026-01-31T12:00:00.000Z")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC, not within the years 1 to 9999") from None


def _no_local_file(value: Store) -> Store:
    if value is Store.FILE:
        raise ValueError("a message can't name local files")
    if value is not Store.S3:
        raise ValueError(f"no source reads the store {value.value}")
    return value


type BucketName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,255}$")]
"""Today's rules are narrower: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
type Tag = Annotated[str, Field(pattern=r'^"?[!#-~]{0,1024}"?$')]
"""Goes into a header: printable ASCII, quoted or not."""
type Size = Annotated[int, Field(ge=0, le=MAX_BIGINT)]
type UtcInstant = Annotated[AwareDatetime, BeforeValidator(_iso_8601), AfterValidator(_in_utc)]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Bucket(Model):
    name: BucketName


class S3Object(Model):
    key: str = Field(min_length=1)
    size: Size | None = None
    etag: Tag | None = Field(default=None, alias="eTag")
    version_id: Tag | None = Field(default=None, alias="versionId")


class S3Entity(Model):
    bucket: Bucket
    object: S3Object


class S3Record(Model):
    event_version: Annotated[str, AfterValidator(_event_version_2)] = Field(alias="eventVersion")
    event_name: str = Field(alias="eventName", min_length=1)
    uploaded_at: UtcInstant = Field(alias="eventTime")
    s3: S3Entity

    @property
    def creates(self) -> bool:
        # "s3:" is in front in bucket configurations and some S3-compatible stores' messages, not in S3's own.
        return self.event_name.removeprefix("s3:").startswith("ObjectCreated:")


class S3Notification(Model):
    """Each record is judged by itself, so that a bad one doesn't fail its neighbours."""

    records: list[Any] = Field(alias="Records", min_length=1)


class EventBridgeObject(Model):
    key: str = Field(min_length=1)
    size: Size | None = None
    etag: Tag | None = None
    version_id: Tag | None = Field(default=None, alias="version-id")


class EventBridgeDetail(Model):
    bucket: Bucket
    object: EventBridgeObject


class EventBridgeEvent(Model):
    time: UtcInstant
    detail: EventBridgeDetail


class Continuation(Model):
    """`store` is absent in the messages of earlier versions, which knew only S3. No message names a local file.

    Waiting messages say `event_time` of when the object version was uploaded, so it keeps that name in them.
    """

    ingestor: Literal["load"]
    store: Annotated[Store, AfterValidator(_no_local_file)] = Store.S3
    bucket: BucketName
    key: str = Field(min_length=1)
    etag: Tag | None = None
    version_id: Tag | None = None
    size_bytes: Size | None = None
    uploaded_at: UtcInstant | None = Field(default=None, alias="event_time")
