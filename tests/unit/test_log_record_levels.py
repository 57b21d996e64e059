"""`level` and OpenTelemetry's severity."""

import pytest

from ingestor.formats.mapping.levels import Level, level_of


@pytest.mark.parametrize(
    ("number", "label", "severity"),
    [
        (10, "trace", 1),
        (20, "debug", 5),
        (30, "info", 9),
        (40, "warn", 13),
        (50, "error", 17),
        (60, "fatal", 21),
        (30.0, "info", 9),
    ],
)
def test_pinos_numbers_become_their_labels(number: float, label: str, severity: int) -> None:
    assert level_of(number) == Level(label, severity)


@pytest.mark.parametrize(
    ("number", "severity"),
    [
        (35, 9),
        (39.5, 9),
        (45, 13),
        (59, 17),
        (61, 21),
        (10**30, 21),
        (25, 5),
        (11, 1),
        (9, None),
        (0, None),
        (-1, None),
    ],
)
def test_other_numbers_stay_as_given_with_the_severity_of_the_label_below(
    number: float, severity: int | None
) -> None:
    assert level_of(number) == Level(str(number), severity)


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("trace", 1),
        ("DEBUG", 5),
        ("Info", 9),
        ("notice", 10),
        ("warn", 13),
        ("WARNING", 13),
        ("error", 17),
        ("Error", 17),
        ("fatal", 21),
        ("CRITICAL", 21),
        ("audit", None),
        ("", None),
        ("30", None),
    ],
)
def test_names_stay_as_given_and_are_understood_in_any_case(name: str, severity: int | None) -> None:
    assert level_of(name) == Level(name, severity)


def test_no_level_has_no_severity() -> None:
    assert level_of(None) == Level(None, None)
