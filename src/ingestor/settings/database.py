"""The settings of the database: where it is, who we are there, and how its server is trusted."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingestor.settings.values import (
    AWS_AUTHORITIES,
    DatabaseHost,
    DatabaseName,
    DatabasePassword,
    DatabasePort,
    SchemaName,
    SslMode,
)


class DatabaseSettings(BaseModel):
    """The DB_* variables; a part of `Settings`."""

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
    db_schema: SchemaName = Field(
        default="public",
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
