"""A format refuses the options that it has no use for, all at once; names and order of all formats are settled."""

import pytest

from ingestor.bootstrap.formats import KNOWN_FORMATS
from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions, refuse_useless
from ingestor.formats.levels import level_of_status


def test_every_option_that_is_of_no_use_is_named() -> None:
    options = FormatOptions(columns={"url": ("path",)}, pattern="x", delimiter=";")
    with pytest.raises(ConfigurationError) as caught:
        refuse_useless("elb", options, "columns")
    assert str(caught.value).splitlines() == [
        "`pattern` is of no use to elb",
        "`delimiter` is of no use to elb",
    ]
    refuse_useless("elb", options, "columns", "pattern", "delimiter")


def test_a_name_is_one_formats() -> None:
    names = [each.name for each in KNOWN_FORMATS]
    assert len(set(names)) == len(names)


def test_a_request_without_a_level_has_that_of_its_status() -> None:
    assert [level_of_status(status) for status in (0, 204, 399, 400, 499, 500, 503)] == [
        "info",
        "info",
        "info",
        "warn",
        "warn",
        "error",
        "error",
    ]
