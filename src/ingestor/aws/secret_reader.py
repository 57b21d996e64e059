"""What a login by secret needs; apart from `login`, which imports boto3."""

from typing import Protocol


class SecretReader(Protocol):
    """Reads the text of a secret; `fresh`: not from a cache. Raises DatabaseUnavailableError."""

    def __call__(self, arn: str, *, fresh: bool) -> str: ...
