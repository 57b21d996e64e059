"""How long an invocation has, and whether anything can be done in that."""

from typing import TYPE_CHECKING

from ingestor.deadline import RESERVE_SECONDS, Deadline
from ingestor.errors import ConfigurationError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def invocation_deadline(context: "LambdaContext") -> Deadline:
    """Asked first of all, when what remains is the function's time-out.

    Raises ConfigurationError for a time-out that the reserve eats up: each file would be sent on untouched, for ever,
    and no attempt counted.
    """
    deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000)
    remaining = deadline.remaining_seconds()
    if remaining <= RESERVE_SECONDS:
        raise ConfigurationError(
            f"the function's time-out is too short: {remaining:.0f} s were left when this invocation began, and "
            f"{RESERVE_SECONDS:.0f} s are kept to end it in order; give it 60 s or more"
        )
    return deadline
