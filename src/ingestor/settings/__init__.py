"""The names users set, read once into one frozen model that reports every mistake together.

database   the DB_* variables
names      variables that are nearly a setting's name, and those that Kubernetes injects
values     what single settings may hold
mistakes   what a wrong setting must be, with an example
"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, PrivateAttr, ValidationError

from ingestor.errors import ConfigurationError
from ingestor.settings.database import DatabaseSettings
from ingestor.settings.mistakes import explained
from ingestor.settings.names import mistyped_names, unknown_database_names
from ingestor.settings.values import (
    AWS_AUTHORITIES,
    FROM_THE_BEGINNING,
    KIB,
    MIB,
    CommaSeparated,
    Endpoint,
    Moment,
    OnOverwrite,
    SslMode,
    moment_of,
    not_before_s3,
)

__all__ = [
    "AWS_AUTHORITIES",
    "FROM_THE_BEGINNING",
    "KIB",
    "MIB",
    "OnOverwrite",
    "SettingName",
    "Settings",
    "SslMode",
    "moment_of",
    "not_before_s3",
]


class Settings(DatabaseSettings):
    """Each field is the environment variable of the same name in capitals; an empty variable counts as unset.

    The descriptions are for people; they are the text of docs/reference/settings.md.
    """

    aws_region: str | None = Field(
        default=None,
        description="The region of S3, SQS and Secrets Manager; unset, the one that boto3 finds. Credentials are those "
        "that boto3 finds.",
    )
    aws_endpoint: Endpoint | None = Field(
        default=None, description="The URL of S3 and SQS where they are not AWS' own, as of an emulator."
    )
    aws_endpoint_url: Endpoint | None = Field(
        default=None, description="The same under boto3's name. AWS_ENDPOINT takes precedence."
    )
    buckets: CommaSeparated = Field(
        default=(),
        description="The buckets whose objects a message may name; messages about others become dead letters. The "
        "functions and `sweep` need it.",
    )
    bucket: str | None = Field(
        default=None, description="One more of BUCKETS, under the earlier service's name."
    )
    prefix: str = Field(
        default="", description="Only keys that begin with it are loaded by the handler and found by listing."
    )
    queue_url: str | None = Field(
        default=None,
        description="The SQS queue on which files are sent on and sent again. The functions and `sweep` need it.",
    )
    dlq_url: str | None = Field(
        default=None,
        description="The queue of dead letters, which the sweeper settles. Unset, they are left alone.",
    )
    start_from: Moment | None = Field(
        default=None,
        description="How old an object may be that is found by listing: `all`, a date (2026-11-23) or a time "
        "(2026-11-23T12:00:00Z). Unset: for the sweeper the time the tables were made, for `run` all.",
    )
    reconcile_hours: float = Field(
        default=24,
        ge=0.1,
        le=8_760,
        description="Hours between two full listings by the sweeper or `run`. Recent objects are looked for at "
        "each tick and in each pass.",
    )

    ingestor_config: str | None = Field(
        default=None,
        description="The path of `ingestor.toml`: its rules say how which objects are read. Unset: the file of that "
        "name beside the code, else in the working directory, else none.",
    )

    chunk_rows: int = Field(
        default=20_000,
        ge=1,
        le=1_000_000,
        description="The most entries in one chunk, which is one transaction.",
    )
    chunk_bytes: int = Field(
        default=8 * MIB, ge=64 * KIB, le=64 * MIB, description="The most uncompressed bytes in one chunk."
    )
    lease_seconds: float = Field(
        default=120,
        ge=1,
        le=43_200,
        description="Seconds that a claim holds after its last chunk. A dead worker's file is then free.",
    )
    max_attempts: int = Field(
        default=5,
        ge=1,
        le=1_000,
        description="Workers that may die at one checkpoint before the file fails for good, as worn out.",
    )
    max_entry_bytes: int = Field(
        default=4 * MIB,
        ge=KIB,
        le=64 * MIB,
        description="Bytes of the largest entry that is loaded. A larger one is rejected, and never held in memory.",
    )
    max_reject_ratio: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="The largest share of rejected entries. A file with more fails; judged from 1,000 entries on, "
        "and at the end of the file.",
    )
    on_overwrite: OnOverwrite = Field(
        default=OnOverwrite.SKIP,
        description="What a new version of a completed key means: `skip` keeps the old rows, `replace` replaces them.",
    )
    retention_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        examples=[90],
        description="Days that logs are kept; a month whose logs are all older is dropped. Unset: for ever. The ledger "
        "stays, so nothing is loaded again. Where the sweeper's user doesn't own the tables, give it to "
        "`ingestor migrate` as well.",
    )

    _unknown_database_names: tuple[str, ...] = PrivateAttr(default=())

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
            raise ConfigurationError("\n".join([*mistakes, explained(error, cls.model_fields)])) from None
        if mistakes:
            raise ConfigurationError("\n".join(mistakes))
        settings._unknown_database_names = unknown_database_names(environ, names)  # noqa: SLF001 - our own class
        return settings

    def with_database(self, **given: object) -> Self:
        """The same with other DB_* settings. Raises ConfigurationError naming those that are wrong, never a value."""
        try:
            return self.model_validate(self.model_dump(exclude_unset=True) | given)
        except ValidationError as error:
            raise ConfigurationError(explained(error, type(self).model_fields)) from None

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
