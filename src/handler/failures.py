"""What leaves a function: Lambda's runtime logs an exception's text as it is, and answers with it."""

from collections.abc import Callable
from functools import wraps

from ingestor.errors import IngestorError


class UnexpectedError(IngestorError):
    """A mistake of ours, or of a library's. Its text is as harmless as that of every error of ours."""


def with_harmless_failures[**Arguments, Answer](
    handler: Callable[Arguments, Answer],
) -> Callable[Arguments, Answer]:
    """Raises UnexpectedError where `handler` raises what is none of our errors, with the same traceback."""

    @wraps(handler)
    def harmless(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        try:
            return handler(*args, **kwargs)
        except IngestorError:
            raise
        except Exception as error:
            raised = UnexpectedError(f"{type(error).__name__}: {error}".strip())
            raise raised.with_traceback(error.__traceback__) from error

    return harmless
