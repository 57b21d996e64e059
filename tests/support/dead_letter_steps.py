"""Dead letters: put into the queue for them, and counted."""

import json
from dataclasses import replace

from tests.support.ledger_steps import FILE
from tests.support.sweeping import Place

from ingestor.model.source_file import SourceFile
from ingestor.notifications import continuation_message


def file_at(place: Place, key: str = "app.json.gz", etag: str = "e1") -> SourceFile:
    return replace(FILE, bucket=place.bucket, key=key, etag=etag)


def put_dead_letters(place: Place, *bodies: str) -> None:
    for body in bodies:
        place.sqs.send_message(QueueUrl=place.dlq_url, MessageBody=body)


def put_dead_letters_of(place: Place, *files: SourceFile) -> None:
    put_dead_letters(place, *map(continuation_message, files))


def dead_letter_count(place: Place) -> int:
    """Messages that anybody can see now."""
    dead_letters = place.tools.dead_letters
    assert dead_letters is not None
    depth = dead_letters.depth()
    assert depth.in_flight == 0, "a message is still hidden"
    return depth.visible


def notification(*files: SourceFile) -> str:
    """As S3 sends them, several in one message."""
    records = [
        {
            "eventVersion": "2.1",
            "eventName": "ObjectCreated:Put",
            "eventTime": "2026-11-23T12:00:00.000Z",
            "s3": {
                "bucket": {"name": file.bucket},
                "object": {"key": file.key, "eTag": file.etag, "size": 9},
            },
        }
        for file in files
    ]
    return json.dumps({"Records": records})
