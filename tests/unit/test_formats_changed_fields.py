"""What a rule or a processor makes of a text format's fields may have any type: nothing is raised for it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import NO_OPTIONS, ORIGIN, sample

from ingestor.formats import combined, cri, elb, logfmt, s3access, syslog
from ingestor.formats.known import KnownFormat
from ingestor.model.rows import EditedEntry, Rejection, TextEntryMapper

FORMATS = {
    "combined.log": combined.KNOWN,
    "cri.log": cri.KNOWN,
    "elb.log": elb.KNOWN,
    "logfmt.log": logfmt.KNOWN,
    "s3access.log": s3access.KNOWN,
    "syslog.log": syslog.KNOWN,
}
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just([1]),
    st.just({"a": "b"}),
)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
def test_a_changed_field_of_any_type_raises_nothing(name: str, data: st.DataObject) -> None:
    known: KnownFormat = FORMATS[name]
    mapper = known.make(NO_OPTIONS).mapper(ORIGIN)
    assert isinstance(mapper, TextEntryMapper)
    line = data.draw(st.sampled_from(sample(name).splitlines()))
    fields = mapper.fields_of(line)
    if isinstance(fields, Rejection):
        return
    changed = data.draw(st.sampled_from(sorted(fields)))
    edited = {**fields, changed: data.draw(VALUES)}
    mapper.row_from(EditedEntry(edited, fields, line.decode()), 0)
