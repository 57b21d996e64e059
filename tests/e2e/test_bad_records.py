"""A message that names an object nothing can load beside some that can be."""

import gzip
import json

from tests.e2e.conftest import BUCKET, Service
from tests.support.ledger_steps import states
from tests.support.notification_messages import s3_message, s3_record

from ingestor.database import Database


def test_the_others_are_loaded_and_the_message_fails_until_it_is_a_dead_letter(
    service: Service, database: Database
) -> None:
    service.s3.create_bucket(Bucket=BUCKET)
    good = []
    for key in ("a", "b"):
        body = gzip.compress(json.dumps({"time": 1795432855268, "msg": key}).encode())
        answer = service.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        good.append(s3_record(found={"key": key, "eTag": answer["ETag"].strip('"'), "size": len(body)}))
    bad = s3_record(found={"key": "c%00d"})
    message = s3_message(good[0], bad, good[1])
    service.sqs.send_message(QueueUrl=service.queue_url, MessageBody=message)
    polled = service.poll(visibility_seconds=1)
    assert states(database) == {"a": "COMPLETED", "b": "COMPLETED"}
    assert polled.failed == polled.ids
