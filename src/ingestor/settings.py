"""The names users set, read once into one frozen model that reports every mistake together."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from ingestor.errors import ConfigurationError
from ingestor.model.source_file import LOCAL_BUCKET
from ingestor.setting_names import mistyped_names, unknown_database_names
from ingestor.setting_values import DatabaseHost, DatabaseName, DatabasePassword, DatabasePort, Endpoint

KIB = 1024
MIB = 1024 * KIB


AWS_AUTHORITIES = "aws"
"""DB_SSLROOTCERT: the bundle that comes with the package."""


class OnOverwrite(StrEnum):
    """What a new version of an already completed key means."""

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


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value == "all":
        return FROM_THE_BEGINNING
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError('must be "all", a date (2026-11-23) or a time (2026-11-23T12:00:00Z)') from None
    return not_before_s3(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


Moment = Annotated[datetime, BeforeValidator(_moment)]


class Settings(BaseModel):
    """Each field is the environment variable of the same name in capitals; an empty variable counts as unset."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    db_host: DatabaseHost | None = None
    db_port: DatabasePort = 5432
    db_name: DatabaseName = "ingestor"
    db_username: DatabaseName | None = None
    db_password: DatabasePassword | None = None
    db_schema: str = Field(default="public", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    db_sslmode: SslMode = SslMode.PREFER
    db_sslrootcert: str | None = None
    db_secret_arn: str | None = None
    db_iam_auth: bool = False
    db_connect_timeout: int = Field(default=10, ge=2, le=300)

    aws_region: str | None = None
    aws_endpoint: Endpoint | None = None
    aws_endpoint_url: Endpoint | None = None
    buckets: CommaSeparated = ()
    bucket: str | None = None
    prefix: str = ""
    queue_url: str | None = None
    dlq_url: str | None = None
    start_from: Moment | None = None
    reconcile_hours: float = Field(default=24, ge=0.1, le=8_760)

    chunk_rows: int = Field(default=20_000, ge=1, le=1_000_000)
    chunk_bytes: int = Field(default=8 * MIB, ge=64 * KIB, le=64 * MIB)
    lease_seconds: float = Field(default=120, ge=1, le=43_200)
    max_attempts: int = Field(default=5, ge=1, le=1_000)
    max_entry_bytes: int = Field(default=4 * MIB, ge=KIB, le=64 * MIB)
    max_reject_ratio: float = Field(default=0.5, ge=0, le=1)
    on_overwrite: OnOverwrite = OnOverwrite.SKIP
    retention_days: int | None = Field(default=None, ge=1, le=36_500)

    _unknown_database_names: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _tokens_go_over_tls(self) -> Self:
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
        if self.db_iam_auth and self.db_sslmode in {SslMode.DISABLE, SslMode.ALLOW, SslMode.PREFER}:
            raise ValueError(
                "DB_IAM_AUTH=true needs DB_SSLMODE=require or stricter: RDS takes tokens over TLS only"
            )
        return self

    @model_validator(mode="after")
    def _tls_verification_has_its_roots(self) -> Self:
        if self.db_sslmode in {SslMode.VERIFY_CA, SslMode.VERIFY_FULL} and not self.db_sslrootcert:
            message = (
                f"DB_SSLMODE={self.db_sslmode} needs DB_SSLROOTCERT: the PEM file of the authority to trust, or "
                f'"{AWS_AUTHORITIES}" for those of RDS, Aurora and RDS Proxy'
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _buckets_are_not_this_machine(self) -> Self:
        if LOCAL_BUCKET in self.watched_buckets:
            raise ValueError(f'BUCKETS: "{LOCAL_BUCKET}" is what the ledger calls local files; no bucket may')
        return self

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, refuse_near_misses: bool = False) -> Self:
        """Raises ConfigurationError naming every wrong variable at once, never its value: it may be a secret.

        `refuse_near_misses`: a variable whose name is nearly a setting's is wrong too. Not for a program that shares
        its environment with us.
        """
        given = {name.lower(): value for name, value in environ.items() if value != ""}
        names = tuple(name.upper() for name in cls.model_fields)
        mistakes = [str(each) for each in mistyped_names(environ, names)] if refuse_near_misses else []
        try:
            settings = cls.model_validate({name: given[name] for name in cls.model_fields if name in given})
        except ValidationError as error:
            raise ConfigurationError("\n".join([*mistakes, _explain(error)])) from None
        if mistakes:
            raise ConfigurationError("\n".join(mistakes))
        settings._unknown_database_names = unknown_database_names(environ, names)  # noqa: SLF001 - our own class
        return settings

    def with_database(self, **given: object) -> Self:
        """The same with other DB_* settings. Raises ConfigurationError naming those that are wrong, never a value."""
        try:
            return self.model_validate(self.model_dump(exclude_unset=True) | given)
        except ValidationError as error:
            raise ConfigurationError(_explain(error)) from None

    @property
    def endpoint_url(self) -> str | None:
        return self.aws_endpoint or self.aws_endpoint_url

    @property
    def watched_buckets(self) -> frozenset[str]:
        """Whose objects a message may name; what handles messages requires some."""
        return frozenset(self.buckets) | ({self.bucket} if self.bucket else frozenset())

    @property
    def names_a_database(self) -> bool:
        """Any DB_* variable says that a database of the user's is meant; what it still lacks is then said."""
        return bool(self._unknown_database_names) or any(
            name.startswith("db_") for name in self.model_fields_set
        )

    @property
    def unknown_database_names(self) -> tuple[str, ...]:
        """DB_* variables of the environment that are no settings."""
        return self._unknown_database_names

    def require(self, *names: "SettingName") -> None:
        """Raises ConfigurationError naming every one of these that is unset."""
        missing = [name.upper() for name in names if not self._has(name)]
        if missing:
            raise ConfigurationError("not set: " + ", ".join(missing))

    def _has(self, name: "SettingName") -> bool:
        return bool(self.watched_buckets) if name == "buckets" else getattr(self, name) is not None

    def require_database(self) -> None:
        """Raises ConfigurationError unless the settings say where the database is and who we are there."""
        if self.db_secret_arn is None:
            self.require("db_host", "db_username", *(() if self.db_iam_auth else ("db_password",)))


type SettingName = Literal["db_host", "db_username", "db_password", "queue_url", "dlq_url", "buckets"]


def _explain(error: ValidationError) -> str:
    lines = [
        f"  {'.'.join(str(part) for part in problem['loc'][:1]).upper() or 'settings'}: "
        f"{problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "these settings are wrong:\n" + "\n".join(lines)
