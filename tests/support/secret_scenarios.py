"""What goes wrong with a secret at hand: each scenario gives the environment of a command or a function."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.conftest import variables_of
from tests.support.echoing_aws import EchoingAws

from ingestor.database import ConnectionParameters

SECRET = "hunter2"
"""Part of each that is to stay one."""
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db"


@dataclass(frozen=True)
class Installation:
    """What the scenarios are made of: a real database, and an AWS that refuses."""

    database: ConnectionParameters
    aws: EchoingAws

    @property
    def usual(self) -> dict[str, str]:
        return variables_of(self.database) | {
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": f"{SECRET}/key",
            "AWS_SESSION_TOKEN": f"{SECRET}/token+=",
            "AWS_MAX_ATTEMPTS": "1",
            "BUCKETS": "my-logs",
            "QUEUE_URL": f"{self.aws.endpoint}/123456789012/q",
            "DLQ_URL": f"{self.aws.endpoint}/123456789012/q-dlq",
        }

    def with_secret(self, **fields: object) -> dict[str, str]:
        whole: dict[str, object] = {
            "host": self.database.host, "port": self.database.port, "dbname": self.database.dbname,
            "username": self.database.user, "password": f"{SECRET} of the secret",
        }  # fmt: skip
        return self.with_secret_text(json.dumps(whole | fields))

    def with_secret_text(self, text: str) -> dict[str, str]:
        self.aws.secret = text
        given = {name: value for name, value in self.usual.items() if not name.startswith("DB_")}
        return given | {"DB_SECRET_ARN": ARN}

    def with_password(self, password: str) -> dict[str, str]:
        return self.usual | {"DB_PASSWORD": password}


USERINFO = f"me:{SECRET}@127.0.0.1:1"
type Scenario = Callable[[Installation], dict[str, str]]
SCENARIOS: dict[str, Scenario] = {
    "AWS refuses and repeats the headers": lambda place: place.usual,
    "wrong password": lambda place: place.with_password(f"{SECRET} is wrong"),
    "a password with quotes and line ends": lambda place: place.with_password(f"{SECRET}' \\ \n x=\t"),
    "a password that is no UTF-8": lambda place: place.with_password(f"{SECRET}\udcff"),
    "no database there": lambda place: place.with_password(SECRET) | {"DB_PORT": "1"},
    "no such host": lambda place: place.with_password(SECRET) | {"DB_HOST": "nowhere.invalid"},
    "a URL for a host": lambda place: place.usual | {"DB_HOST": f"postgresql://{USERINFO}/db"},
    "a URL for a database": lambda place: place.usual | {"DB_NAME": f"postgresql://{USERINFO}/db"},
    "connection settings for a host": lambda place: place.usual | {"DB_HOST": f"h password={SECRET}"},
    "a URL for a user": lambda place: place.usual | {"DB_USERNAME": f"postgresql://{USERINFO}/db"},
    "values where they don't belong": lambda place: (
        place.usual
        | {"DB_PORT": SECRET, "DB_SSLMODE": SECRET, "DB_SCHEMA": SECRET.upper(), "CHUNK_ROWS": SECRET}
    ),
    "a user in the endpoint": lambda place: place.usual | {"AWS_ENDPOINT": f"http://{USERINFO}"},
    "a user in an endpoint without scheme": lambda place: place.usual | {"AWS_ENDPOINT_URL": USERINFO},
    "a signature in the endpoint": lambda place: (
        place.usual
        | {"AWS_ENDPOINT": f"http://127.0.0.1:1/?X-Amz-Signature={SECRET}&X-Amz-Credential={SECRET}"}
    ),
    "a user in the queue's URL": lambda place: place.usual | {"QUEUE_URL": f"http://{USERINFO}/1/q"},
    "a user in the dead letters' URL": lambda place: place.usual | {"DLQ_URL": f"http://{USERINFO}/1/q"},
    "no AWS there": lambda place: (
        place.usual | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "QUEUE_URL": "http://127.0.0.1:1/1/q"}
    ),
    "a proxy with a password": lambda place: place.usual | {"HTTP_PROXY": f"http://{USERINFO}"},
    "a secret that is refused": lambda place: (
        place.with_secret()
        | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "QUEUE_URL": "http://127.0.0.1:1/1/q"}
    ),
    "a secret's wrong password": lambda place: place.with_secret(),
    "a secret that is no JSON": lambda place: place.with_secret_text(f"{SECRET} alone"),
    "a secret that is a list": lambda place: place.with_secret_text(f'["{SECRET}"]'),
    "a secret that is a string": lambda place: place.with_secret_text(f'"{SECRET}"'),
    "a secret without a host": lambda place: place.with_secret_text(f'{{"password":"{SECRET}"}}'),
    "a secret with a URL for a host": lambda place: place.with_secret(host=f"postgresql://{USERINFO}"),
    "a secret with NUL": lambda place: place.with_secret(password=f"a\x00{SECRET}"),
    "a secret whose password is an object": lambda place: place.with_secret(password={"a": SECRET}),
    "a secret whose host is an object": lambda place: place.with_secret(host={"a": f"password={SECRET}"}),
    "a secret whose port is none": lambda place: place.with_secret(port=f"password={SECRET}"),
}
