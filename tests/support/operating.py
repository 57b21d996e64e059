"""The operator's command line at a place, and the states it is needed for."""

from tests.integration.conftest import CommandLine
from tests.support.dead_letter_steps import file_at
from tests.support.ledger_steps import failed
from tests.support.sweeping import Place

from ingestor import ledger
from ingestor.errors import ErrorKind
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


def failed_for_good(place: Place, *keys: str) -> list[ledger.Claim]:
    """Failed permanently, each with its dead letter."""
    claims = []
    for key in keys or ("app.json.gz",):
        claims.append(failed(place.tools.database, file_at(place, key), ErrorKind.PERMANENT))
        place.sqs.send_message(QueueUrl=place.dlq_url, MessageBody=continuation_message(file_at(place, key)))
    return claims


def file_record(place: Place, key: str = "app.json.gz") -> ledger.FileRecord:
    with place.tools.database.transaction() as connection:
        found = ledger.find_file(connection, place.bucket, key)
    assert found is not None
    return found
