"""What single settings may hold; each refusal says what is wrong, and never the value."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from ingestor.settings.names import is_service_port

KIB = 1024
MIB = 1024 * KIB


AWS_AUTHORITIES = "aws"
"""DB_SSLROOTCERT: the bundle that comes with the package."""


class OnOverwrite(StrEnum):
    """What a new object version of an already completed key means."""

    SKIP = "skip"
    REPLACE = "replace"


class SslMode(StrEnum):
    """libpq's `sslmode`: https://www.postgresql.org/docs/current/libpq-ssl.html"""

    DISABLE = "disable"
    ALLOW = "allow"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


def _split_on_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_split_on_commas)]

FROM_THE_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""START_FROM=all; no object is older than S3."""


def not_before_s3(moment: datetime) -> datetime:
    """Before the year 1 there is nothing, and a margin must not lead there."""
    return max(moment, FROM_THE_BEGINNING)


def moment_of(text: str) -> datetime:
    """A date or a time in ISO 8601; without a zone, UTC; none is before S3. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return not_before_s3(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value == "all":
        return FROM_THE_BEGINNING
    try:
        return moment_of(value)
    except ValueError:
        raise ValueError('must be "all", a date (2026-11-23) or a time (2026-11-23T12:00:00Z)') from None


Moment = Annotated[datetime, BeforeValidator(_moment)]


def _without_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("holds a NUL, which PostgreSQL takes nowhere")
    return value


def _name(value: str) -> str:
    # libpq would say the whole of it in its error, password and all.
    if "://" in value:
        raise ValueError("must be a name alone, not a URL")
    return _without_nul(value)


def _host(value: str) -> str:
    if any(each.isspace() or each in "=@" for each in value):
        raise ValueError("must be a host name or an address alone, not connection settings")
    return _name(value)


def _schema(value: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", value):
        raise ValueError(
            "must be at most 63 lower-case letters, digits and _, with no digit first, such as DB_SCHEMA=logs"
        )
    return value


def _password(value: SecretStr) -> SecretStr:
    _without_nul(value.get_secret_value())
    return value


def _endpoint(value: str) -> str:
    if not re.match(r"https?://[^/\s]", value):
        raise ValueError("must be a URL such as http://127.0.0.1:4566")
    return value


def _port(value: object) -> object:
    if is_service_port(value):
        raise ValueError(
            "is a URL, which Kubernetes injects for a Service named `db`: set DB_PORT in the pod itself, or "
            "`enableServiceLinks: false`"
        )
    return value


DatabaseName = Annotated[str, AfterValidator(_name)]
DatabaseHost = Annotated[str, AfterValidator(_host)]
SchemaName = Annotated[str, AfterValidator(_schema)]
DatabasePort = Annotated[int, BeforeValidator(_port), Field(ge=1, le=65535)]
DatabasePassword = Annotated[SecretStr, AfterValidator(_password)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
