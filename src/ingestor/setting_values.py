"""What single settings may hold; each refusal says what is wrong, and never the value."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from ingestor.setting_names import is_service_port


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
DatabasePort = Annotated[int, BeforeValidator(_port), Field(ge=1, le=65535)]
DatabasePassword = Annotated[SecretStr, AfterValidator(_password)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
