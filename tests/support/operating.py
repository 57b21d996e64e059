"""The operator's command line at a place, and the states it is needed for."""

from dataclasses import replace

from tests.integration.conftest import CommandLine
from tests.support.ledger_steps import FILE, failed
from tests.support.sweeping import Place

from ingestor import ledger
from ingestor.errors import ErrorKind
from ingestor.model.source_file import SourceFile
from ingestor.notifications import continuation_message


def at(place: Place, ingestor: CommandLine) -> CommandLine:
    """With the variables of the deployed functions."""
    return ingestor.using(
        {
            "BUCKETS": place.bucket,
            "QUEUE_URL": place.queue_url,
            "DLQ_URL": place.dlq_url,
            "AWS_ENDPOINT_URL": str(place.tools.settings.endpoint_url),
            "AWS_REGION": "us-east-1",
        }
    )


def ours(place: Place, key: str = "app.json.gz") -> SourceFile:
    return replace(FILE, bucket=place.bucket, key=key)


def failed_for_good(place: Place, *keys: str) -> list[ledger.Claim]:
    """Failed permanently, each with its dead letter."""
    claims = []
    for key in keys or ("app.json.gz",):
        claims.append(failed(place.tools.database, ours(place, key), ErrorKind.PERMANENT))
        place.sqs.send_message(QueueUrl=place.dlq_url, MessageBody=continuation_message(ours(place, key)))
    return claims


def buried(place: Place) -> int:
    """Dead letters that anybody can see now."""
    dead_letters = place.tools.dead_letters
    assert dead_letters is not None
    depth = dead_letters.depth()
    assert depth.in_flight == 0, "a message is still hidden"
    return depth.visible


def record(place: Place, key: str = "app.json.gz") -> ledger.FileRecord:
    with place.tools.database.transaction() as connection:
        found = ledger.find_file(connection, place.bucket, key)
    assert found is not None
    return found
