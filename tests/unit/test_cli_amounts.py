"""Options that take an amount say what they must be, with an example."""

import click
import pytest

from ingestor.cli.support.amounts import Interval, NumberFrom, WholeNumber

WORKERS = WholeNumber(1, 64, example=4)
RATE = NumberFrom(1, example=5_000)


@pytest.mark.parametrize("given", ["0", "65", "x", "1.5", "", "-1"])
def test_a_wrong_whole_number_is_answered_with_its_range(given: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        WORKERS.convert(given, None, None)
    assert caught.value.message == f"{given!r} is not a whole number from 1 to 64, such as 4"


@pytest.mark.parametrize("given", ["0.5", "x", "nan", "inf", "-1", ""])
def test_a_wrong_number_is_answered_with_the_least(given: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        RATE.convert(given, None, None)
    assert caught.value.message == f"{given!r} is not a number of at least 1, such as 5000"


@pytest.mark.parametrize("given", ["5", "0s", "1.5m", "m"])
def test_a_wrong_interval_is_answered_with_examples(given: str) -> None:
    with pytest.raises(click.BadParameter, match="is not an interval such as 30s, 5m or 1h"):
        Interval().convert(given, None, None)


def test_right_ones_are_taken() -> None:
    assert (WORKERS.convert("64", None, None), WORKERS.convert(1, None, None)) == (64, 1)
    assert (RATE.convert("1", None, None), RATE.convert("2.5", None, None)) == (1, 2.5)
    assert (Interval().convert("5m", None, None), Interval(may_be_zero=True).convert("0s", None, None)) == (
        300,
        0,
    )
