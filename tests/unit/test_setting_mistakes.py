"""A wrong setting is answered with its variable's name, what it must be, and an example; never with the value."""

from enum import Enum

import pytest

from ingestor.errors import ConfigurationError
from ingestor.settings import Settings

SECRET = "correct-horse-battery"
NO_SCHEMA = "must be at most 63 lower-case letters, digits and _, with no digit first, such as DB_SCHEMA=logs"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CHUNK_ROWS", "many", "must be a whole number from 1 to 1,000,000, such as CHUNK_ROWS=20000"),
        ("CHUNK_ROWS", "0", "must be a whole number from 1 to 1,000,000, such as CHUNK_ROWS=20000"),
        ("CHUNK_ROWS", "1.5", "must be a whole number from 1 to 1,000,000, such as CHUNK_ROWS=20000"),
        ("DB_PORT", "port", "must be a whole number from 1 to 65,535, such as DB_PORT=5432"),
        ("RETENTION_DAYS", "90d", "must be a whole number from 1 to 36,500, such as RETENTION_DAYS=90"),
        ("LEASE_SECONDS", "2 min", "must be a number from 1 to 43,200, such as LEASE_SECONDS=120"),
        ("MAX_REJECT_RATIO", "50%", "must be a number from 0 to 1, such as MAX_REJECT_RATIO=0.5"),
        ("MAX_REJECT_RATIO", "nan", "must be a number from 0 to 1, such as MAX_REJECT_RATIO=0.5"),
        ("ON_OVERWRITE", "keep", "must be one of skip, replace"),
        ("DB_IAM_AUTH", "perhaps", "must be true or false"),
        ("DB_SCHEMA", "Logs", NO_SCHEMA),
        ("DB_SCHEMA", "logs\n", NO_SCHEMA),
    ],
)  # fmt: skip
def test_what_must_be_is_said_with_an_example(variable: str, value: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({variable: value})
    assert str(caught.value) == f"these settings are wrong:\n  {variable}: {said}"


KINDS = {name: field.annotation for name, field in Settings.model_fields.items()}
NUMBERS = [name for name, kind in KINDS.items() if kind in {int, float}]
CHOICES = [
    name
    for name, kind in KINDS.items()
    if kind is bool or (isinstance(kind, type) and issubclass(kind, Enum))
]


@pytest.mark.parametrize("name", NUMBERS + CHOICES)
def test_every_number_and_choice_is_refused_in_our_words_and_its_example_is_right(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({name.upper(): SECRET})
    said = str(caught.value)
    assert SECRET not in said
    assert "Input should" not in said
    if name in NUMBERS:
        variable, _, example = said.rpartition("such as ")[2].partition("=")
        assert variable == name.upper()
        Settings.from_environment({variable: example})
