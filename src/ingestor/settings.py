"""The names users set, read once into one frozen model that reports every mistake together."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from ingestor.errors import ConfigurationError
from ingestor.setting_names import mistyped_names, unknown_database_names
from ingestor.setting_values import (
    AWS_AUTHORITIES,
    FROM_THE_BEGINNING,
    KIB,
    MIB,
    CommaSeparated,
    DatabaseHost,
    DatabaseName,
    DatabasePassword,
    DatabasePort,
    Endpoint,
    Moment,
    OnOverwrite,
    SslMode,
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
    "not_before_s3",
]


class Settings(BaseModel):
    """Each field is the environment variable of the same name in capitals; an empty variable counts as unset.

    The descriptions are for people; they are the text of docs/reference/settings.md.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    db_host: DatabaseHost | None = Field(
        default=None,
        description="The database's host. Needed, unless DB_SECRET_ARN names a secret that has it.",
    )
    db_port: DatabasePort = Field(default=5432, description="The database's TCP port.")
    db_name: DatabaseName = Field(default="ingestor", description="The database's name.")
    db_username: DatabaseName | None = Field(
        default=None, description="The user to log in as. Needed, unless the secret has it."
    )
    db_password: DatabasePassword | None = Field(
        default=None,
        description="That user's password. Needed, unless the secret has it or DB_IAM_AUTH is true. Never printed.",
    )
    db_schema: str = Field(
        default="public",
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        description="The schema of the tables, so that a database with other tables can host them.",
    )
    db_sslmode: SslMode = Field(
        default=SslMode.PREFER,
        description="Whether TLS is used and the server verified, as libpq's `sslmode`. template.yaml: verify-full.",
    )
    db_sslrootcert: str | None = Field(
        default=None,
        description="The PEM file of the authority to trust, or `aws` for those of RDS, Aurora and RDS Proxy, which "
        "come with the package. verify-ca and verify-full need it.",
    )
    db_secret_arn: str | None = Field(
        default=None,
        description="A secret in Secrets Manager, in the shape that RDS writes; read anew for each connection. Other "
        "DB_* variables take precedence over its fields, but for the password.",
    )
    db_iam_auth: bool = Field(
        default=False,
        description="Log in with a token of RDS' IAM authentication instead of a password. Needs DB_SSLMODE=require or "
        "stricter.",
    )
    db_connect_timeout: int = Field(
        default=10,
        ge=2,
        le=300,
        description="Seconds to wait for a connection, and for the first answer on it. An Aurora that has paused needs "
        "more; template.yaml sets 60 for it.",
    )

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
        description="Days that logs are kept; a month whose logs are all older is dropped. Unset: for ever. The ledger "
        "stays, so nothing is loaded again. Where the sweeper's user doesn't own the tables, give it to "
        "`ingestor migrate` as well.",
    )

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
