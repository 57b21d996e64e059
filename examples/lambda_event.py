"""An event of Lambda, by hand: what SQS delivers when S3 announces an object.

`python examples/lambda_event.py BUCKET KEY`

It calls the function that `template.yaml` deploys. Needs `ingestor[lambda]`, `src` on PYTHONPATH, and the function's
variables: DB_*, BUCKETS, QUEUE_URL, and AWS_ENDPOINT for an emulator.
"""

import json
import os
import sys
from typing import TYPE_CHECKING, cast
from urllib.parse import quote_plus

import boto3

from handler.object_created import lambda_handler
from ingestor.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class Context:
    """What the function asks of Lambda."""

    aws_request_id = "example"
    function_name = "ingestor"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:ingestor"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


def sqs_event(bucket: str, key: str, etag: str, size: int) -> dict[str, object]:
    """One message, as S3 writes it and SQS delivers it."""
    s3 = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key), "eTag": etag, "size": size}}
    record = {"eventSource": "aws:s3", "eventVersion": "2.6", "eventName": "ObjectCreated:Put", "s3": s3}
    message = {
        "messageId": "1",
        "receiptHandle": "1",
        "body": json.dumps({"Records": [{**record, "eventTime": "2026-11-23T12:00:00.000Z"}]}),
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
    }
    return {"Records": [message]}


def main(bucket: str, key: str) -> None:
    s3 = boto3.client("s3", endpoint_url=Settings.from_environment(os.environ).endpoint_url)
    found = s3.head_object(Bucket=bucket, Key=key)
    event = sqs_event(bucket, key, found["ETag"].strip('"'), found["ContentLength"])
    print(json.dumps(lambda_handler(event, cast("LambdaContext", Context()))))


if __name__ == "__main__":
    main(*sys.argv[1:])
