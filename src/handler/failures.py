"""An exception that leaves a function is made harmless: Lambda's runtime logs its text and answers with it."""

from collections.abc import Callable
from functools import wraps

from ingestor.errors import IngestorError


class UnexpectedError(IngestorError):
    """An unexpected failure, ours or a library's. Its text is harmless, as that of every error of the package is."""


def with_harmless_failures[**Arguments, Answer](
    handler: Callable[Arguments, Answer],
) -> Callable[Arguments, Answer]:
    """An exception of `handler` that is none of the package's errors becomes an UnexpectedError with its traceback."""

    @wraps(handler)
    def harmless(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        try:
            return handler(*args, **kwargs)
        except IngestorError:
            raise
        except Exception as error:  # whatever it is, Lambda would log its text
            raised = UnexpectedError(f"{type(error).__name__}: {error}".strip())
            raise raised.with_traceback(error.__traceback__) from error

    return harmless
