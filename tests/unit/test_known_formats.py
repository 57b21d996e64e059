"""A format refuses the options that it has no use for, all at once; names and order of all formats are settled."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import SAMPLES, assert_a_resumed_file_ends_where_it_ends, sample

from ingestor.bootstrap.formats import KNOWN_FORMATS
from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions, KnownFormat, refuse_useless
from ingestor.formats.mapping.levels import level_of_status


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


TEXT_SAMPLES = {
    "combined.log": "combined",
    "cri.log": "cri",
    "csv.csv": None,
    "logfmt.log": "logfmt",
    "regex.log": None,
    "syslog.log": "syslog",
}


@pytest.mark.parametrize("name", TEXT_SAMPLES)
def test_a_file_is_recognised_by_its_own_format_and_by_no_other(name: str) -> None:
    head = sample(name)
    expected = TEXT_SAMPLES[name]
    assert [each.name for each in KNOWN_FORMATS if each.recognises(head)] == ([expected] if expected else [])
    assert [each.name for each in KNOWN_FORMATS if each.recognises(head[:200])] == (
        [expected] if expected else []
    )


@pytest.mark.parametrize("known", KNOWN_FORMATS, ids=lambda known: known.name)
def test_no_format_recognises_a_file_of_another_family(known: KnownFormat) -> None:
    for path in SAMPLES.iterdir():
        if path.name in TEXT_SAMPLES or known.name not in TEXT_SAMPLES.values():
            continue
        assert not known.recognises(path.read_bytes()[:65536]), path.name


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_a_resumed_file_ends_where_one_ends_that_was_never_left(path: Path) -> None:
    data = path.read_bytes()
    for known in KNOWN_FORMATS:
        if known.recognises(data):
            assert_a_resumed_file_ends_where_it_ends(known, data)


@pytest.mark.parametrize("known", KNOWN_FORMATS, ids=lambda known: known.name)
@given(head=st.binary(max_size=300))
def test_recognising_never_raises(known: KnownFormat, head: bytes) -> None:
    assert known.recognises(head) in {True, False}
