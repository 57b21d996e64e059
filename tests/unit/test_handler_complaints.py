"""What the handler says of a message that is not done with."""

from handler.message import SHOWN_FAILURES, _complaint
from ingestor.errors import ErrorKind
from ingestor.ingest import Failed


def test_a_message_of_very_many_failed_files_is_told_in_a_bounded_sentence() -> None:
    failures = [Failed(ErrorKind.TRANSIENT, f"file {number} failed") for number in range(1_000)]
    said = _complaint(failures)
    assert said.startswith("file 0 failed; file 1 failed; ")
    assert said.endswith(f"; and {1_000 - SHOWN_FAILURES} more")
    assert _complaint(failures[:1]) == "file 0 failed"
