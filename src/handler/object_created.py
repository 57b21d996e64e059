"""The Lambda function behind the queue: each message names objects, each object is loaded, or its failure is reported.

A message is acknowledged when the ledger owns every file it names; one bad message never fails its neighbours.
"""

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from handler.failures import with_harmless_failures
from handler.invocation import invocation_deadline
from handler.message import MessageLoader
from handler.runtime import runtime

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


@with_harmless_failures
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """The partial batch response: the ids of the messages to be delivered again.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html Raises ConfigurationError.
    """
    deadline = invocation_deadline(context)
    service = runtime()
    telemetry = service.telemetry
    telemetry.logger.append_keys(request_id=context.aws_request_id)
    service.end_with(deadline)
    loader = MessageLoader(service, deadline)
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    try:
        with telemetry.segment("batch"):
            return process_partial_response(
                event=event, record_handler=loader.load_message, processor=processor, context=context
            )
    finally:
        telemetry.flush_metrics()
