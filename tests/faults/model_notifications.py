"""What S3 says of an upload, and what it never said."""

import json
from dataclasses import replace
from enum import Enum, auto
from urllib.parse import quote_plus

from tests.faults.model_s3 import ModelS3

from ingestor.model.source_file import SourceFile


class Forgery(Enum):
    """A message that no upload caused, or that tells less than all."""

    WITHOUT_ETAG = auto()
    WITHOUT_VERSION = auto()
    WRONG_ETAG = auto()
    WRONG_VERSION = auto()
    UNKNOWN_KEY = auto()
    FOREIGN_BUCKET = auto()
    NOT_JSON = auto()
    OLDEST_VERSION_AND_UNKNOWN_KEY = auto()


def notification_of(*files: SourceFile) -> str:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
    return json.dumps({"Records": [_record(file) for file in files]})


def forged(forgery: Forgery, key: str, s3: ModelS3) -> str:
    newest = s3.newest(key)
    file = newest.file if newest else SourceFile("logs", key, "0" * 32)
    oldest = next((version.file for version in s3.versions(key)), file)
    unknown = SourceFile("logs", f"{key}.unknown", "0" * 32)
    match forgery:
        case Forgery.WITHOUT_ETAG:
            return notification_of(replace(file, etag=None))
        case Forgery.WITHOUT_VERSION:
            return notification_of(replace(file, version_id=None))
        case Forgery.WRONG_ETAG:
            return notification_of(replace(file, etag="f" * 32))
        case Forgery.WRONG_VERSION:
            return notification_of(replace(file, version_id="nobody's"))
        case Forgery.UNKNOWN_KEY:
            return notification_of(unknown)
        case Forgery.FOREIGN_BUCKET:
            return notification_of(replace(file, bucket="somebody-elses"))
        case Forgery.NOT_JSON:
            return f"{key} was uploaded"
        case Forgery.OLDEST_VERSION_AND_UNKNOWN_KEY:
            return notification_of(oldest, unknown)


def _record(file: SourceFile) -> dict[str, object]:
    about = {
        "key": quote_plus(file.key),
        "size": file.size_bytes,
        "eTag": file.etag,
        "versionId": file.version_id,
    }
    return {
        "eventVersion": "2.1",
        "eventName": "ObjectCreated:Put",
        "eventTime": file.uploaded_at.isoformat() if file.uploaded_at else "2026-11-23T12:00:00Z",
        "s3": {
            "bucket": {"name": file.bucket},
            "object": {name: value for name, value in about.items() if value is not None},
        },
    }
