"""How long an invocation has, and whether anything can be done in that."""

from typing import TYPE_CHECKING

from ingestor.deadline import RESERVE_SECONDS, Deadline
from ingestor.errors import ConfigurationError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def invocation_deadline(context: "LambdaContext") -> Deadline:
    """The deadline of an invocation. It is read first, while the time that remains is still the function's time-out.

    Raises ConfigurationError when the time-out is no longer than the reserve. Each file would be continued without a
    row loaded, for ever, and no attempt would be counted.
    """
    deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000)
    remaining = deadline.remaining_seconds()
    if remaining <= RESERVE_SECONDS:
        raise ConfigurationError(
            f"the function's time-out is too short: {remaining:.0f} s were left when this invocation began, and "
            f"{RESERVE_SECONDS:.0f} s are kept to end it in order; give it 60 s or more"
        )
    return deadline
