"""`ingestor --debug`: what boto3 and psycopg log, on standard error. `group` prints the tracebacks."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ingestor.cli.support.terminal import print_foreign

_LIBRARIES = ("boto3", "botocore", "urllib3", "psycopg")
_UNSHOWN = ("botocore.auth", "botocore.endpoint", "botocore.hooks", "botocore.parsers", "botocore.utils")
"""They log signatures, whole requests and whole answers, which hold tokens, passwords and files. Not the hooks, whose
log is only long. urllib3 says where each request goes and how it is answered.
"""


@contextmanager
def library_logs() -> Iterator[None]:
    handler = _StandardError()
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.removeHandler(handler)
            each.setLevel(level)


class _StandardError(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self.addFilter(lambda record: not record.name.startswith(_UNSHOWN))

    def emit(self, record: logging.LogRecord) -> None:
        print_foreign(self.format(record))
