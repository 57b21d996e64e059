"""A mapping is compiled to one function; what it says is what a loop over its places would."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.formats.mapping import POSITIONS, ColumnName, FieldMapping, Fields, Place
from ingestor.formats.mapping.conversions import CONVERTERS, usual_time
from ingestor.formats.mapping.levels import level_of
from ingestor.model.columns import COLUMNS

NAMES = ["a", "b", "c"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-100, 100),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["\0x", "info", "ERROR", "12", "-5", "1_0", "2026-11-24T12:00:00Z", "٣", 30, 20.0]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.text(max_size=3), SCALARS))
PLACES = st.sampled_from([*NAMES, len, lambda fields: fields.get("a")])


def one_by_one(places: dict[ColumnName, tuple[Place, ...]], fields: Fields) -> dict[str, Any]:
    row: dict[str, Any] = {str(column.name): None for column in COLUMNS}
    for column, where in places.items():
        convert = CONVERTERS[COLUMNS[POSITIONS[column]].postgres_type]
        for place in where:
            found = fields.get(place) if isinstance(place, str) else place(fields)
            if column == "level" and isinstance(found, str | int | float) and not isinstance(found, bool):
                level = level_of(found)
                row["level"] = level.text and level.text.replace("\0", "\N{REPLACEMENT CHARACTER}")
                row["severity"] = level.severity
                break
            if column != "level" and found is not None and row[column] is None:
                row[column] = convert(found)
    return row


@given(
    st.dictionaries(
        st.sampled_from(ColumnName.__value__.__args__), st.lists(PLACES, max_size=3).map(tuple), max_size=9
    ),
    st.dictionaries(st.sampled_from(NAMES), VALUES),
)
def test_each_column_has_the_first_of_its_places_that_fits(
    places: dict[ColumnName, tuple[Place, ...]], fields: Fields
) -> None:
    row = dict(zip(POSITIONS, FieldMapping(places).values(fields), strict=True))

    assert repr(row) == repr(one_by_one(places, fields))


@pytest.mark.parametrize("name", ["'", '"', "\\", "\n", "c0", "get", "fields", "a') or exit('", "\0whole"])
def test_a_fields_name_is_never_code(name: str) -> None:
    values = FieldMapping({"message": (name, "a"), "hostname": ("a", name)}).values({name: "found"})

    assert values[POSITIONS["message"]] == values[POSITIONS["hostname"]] == "found"


def test_a_time_is_read_as_the_mapping_says() -> None:
    mapping = FieldMapping({"timestamp": ("a", "b"), "last_updated": ("b",)}, read_time=lambda _: 5)

    values = mapping.values({"b": "2026-11-24T12:00:00Z"})

    assert values[POSITIONS["timestamp"]] == 5
    assert values[POSITIONS["last_updated"]] == usual_time("2026-11-24T12:00:00Z")
