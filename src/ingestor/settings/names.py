"""Variables that are not settings: near misses of a setting's name, other `DB_*`, and what Kubernetes injects."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DATABASE_PREFIX = "DB_"
_AWS_PREFIX = "AWS_"

_DATABASE_LIKENESS = 0.7
"""All of these names begin alike and are ours to judge: DB_USER is 0.78 like DB_USERNAME, DB_SSL 0.75 like
DB_SSLMODE."""

_LIKENESS = 0.85
"""Other programs have variables too: S3_BUCKET is 0.8 like BUCKET, and somebody else's."""

_OTHER_PROGRAMS_WORDS = {
    "DB_NAME": ("DB_DATABASE",),
    "DB_HOST": ("DB_HOSTNAME", "DB_SERVER"),
    "DB_PASSWORD": ("DB_PWD",),
}
"""What other services call the same thing, in letters that are not alike."""

_SERVICE_PORT_VALUE = re.compile(r"(tcp|udp|sctp)://", re.IGNORECASE)
_SERVICE_VARIABLE = re.compile(
    r"DB_(.+_)?(SERVICE_(HOST|PORT(_.+)?)|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
"""For a Service whose name begins with `db`: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables"""

_ENDPOINTS_OF_BOTO3 = re.compile(r"AWS_ENDPOINT_URL_.+")
"""AWS_ENDPOINT_URL_S3 and the like: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html"""


@dataclass(frozen=True, slots=True)
class Mistyped:
    """A variable that is set, and the setting that was probably meant."""

    name: str
    meant: str

    def __str__(self) -> str:
        return f"{self.name} is not a setting; did you mean {self.meant}?"


def mistyped_names(environ: Mapping[str, str], settings: Iterable[str]) -> tuple[Mistyped, ...]:
    """Near misses, in alphabetical order. Where the setting itself is set too, the variable is another program's."""
    known = frozenset(settings)
    given = {name.upper() for name, value in environ.items() if value}
    found = ((name, _meant(name, known)) for name in sorted(_candidates(environ, known)))
    return tuple(Mistyped(name, meant) for name, meant in found if meant and meant not in given)


def unknown_database_names(environ: Mapping[str, str], settings: Iterable[str]) -> tuple[str, ...]:
    """Every DB_* variable that is set and no setting: some database is meant, and we don't know which."""
    known = frozenset(settings)
    return tuple(
        sorted(name for name in _candidates(environ, known) if name.upper().startswith(DATABASE_PREFIX))
    )


def is_service_port(value: object) -> bool:
    """Whether Kubernetes injected this as the port of a Service: `tcp://10.0.0.1:5432`."""
    return isinstance(value, str) and _SERVICE_PORT_VALUE.match(value) is not None


def _candidates(environ: Mapping[str, str], known: frozenset[str]) -> Iterable[str]:
    return (
        name
        for name, value in environ.items()
        if value and name.upper() not in known and not _is_injected(name.upper(), value)
    )


def _is_injected(name: str, value: str) -> bool:
    if _SERVICE_VARIABLE.fullmatch(name) or _ENDPOINTS_OF_BOTO3.fullmatch(name):
        return True
    return name.endswith("_PORT") and is_service_port(value)


def _family(name: str) -> str:
    """AWS_MAX_ATTEMPTS is boto3's own, and no misspelt MAX_ATTEMPTS."""
    return next((prefix for prefix in (DATABASE_PREFIX, _AWS_PREFIX) if name.startswith(prefix)), "")


def _meant(name: str, known: frozenset[str]) -> str | None:
    upper = name.upper()
    is_database = upper.startswith(DATABASE_PREFIX)
    for ours, others in _OTHER_PROGRAMS_WORDS.items():
        if upper in others:
            return ours
    candidates = sorted(each for each in known if _family(each) == _family(upper))
    anagrams = [each for each in candidates if sorted(each) == sorted(upper)]
    likeness = _DATABASE_LIKENESS if is_database else _LIKENESS
    near = anagrams or difflib.get_close_matches(upper, candidates, n=1, cutoff=likeness)
    return near[0] if near else None
