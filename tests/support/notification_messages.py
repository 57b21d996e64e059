"""Messages as their senders shape them, for the tests of notifications."""

import json

ETAG = "6940e99ded3f08f7d4c95568ec05a619"


def s3_record(
    *, bucket: str = "ingestor-logs", found: dict[str, object] | None = None, **changes: object
) -> dict[str, object]:
    """A record of S3; `found` changes what it says of the object, None leaves a field out."""
    stored: dict[str, object] = {
        "key": "logs/app.json.gz",
        "size": 112_876,
        "eTag": ETAG,
        "sequencer": "0066F2A3B4C5D6E001",
    }
    made: dict[str, object] = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2026-10-05T12:34:56.789Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": bucket},
            "object": _without_none(stored | (found or {})),
        },
    }
    return _without_none(made | changes)


def s3_message(*records: dict[str, object]) -> str:
    return json.dumps({"Records": list(records)})


def event_bridge(detail_type: str = "Object Created", /, **found: object) -> str:
    return json.dumps(
        {
            "version": "0",
            "detail-type": detail_type,
            "source": "aws.s3",
            "time": "2026-10-05T12:34:56Z",
            "detail": {"bucket": {"name": "ingestor-logs"}, "object": {"key": "logs/app.json.gz"} | found},
        }
    )


def sns_envelope(message: str) -> str:
    return json.dumps(
        {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-central-1:1:t", "Message": message}
    )


def continuation(**changes: object) -> str:
    return json.dumps({"ingestor": "load", "bucket": "ingestor-logs", "key": "k"} | changes)


def _without_none(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
