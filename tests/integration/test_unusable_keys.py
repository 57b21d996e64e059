"""An object whose key PostgreSQL can't hold is told by whoever lists it; its neighbours are loaded all the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.conftest import CommandLine
from tests.support.ledger_steps import states
from tests.support.operating import at
from tests.support.running import a_pass
from tests.support.sweeping import Place

from ingestor import process_files
from ingestor.backfill import BackfillScope, backfill
from ingestor.deadline import UNLIMITED
from ingestor.errors import ErrorKind
from ingestor.ingest import Failed, Loaded
from ingestor.sweep import discovery
from ingestor.sweep.discovery import discover_objects

NEIGHBOURS = {"a": "COMPLETED", "c": "COMPLETED", "z": "COMPLETED"}


@pytest.fixture
def odd(place: Place) -> Place:
    """Every second key holds NUL, the last one too."""
    for key in ("a", "b\x00", "c", "d\x00e", "z", "z\x00"):
        place.upload(key)
    return place


def uris(place: Place) -> list[str]:
    return [f"s3://{place.bucket}/{key}" for key in ("b%00", "d%00e", "z%00")]


def test_run_loads_the_neighbours_and_reports_each_such_object_once(odd: Place) -> None:
    done = a_pass(odd.tools)
    assert states(odd.tools.database) == NEIGHBOURS
    assert sorted(done.failures) == uris(odd)
    assert "holds NUL" in done.failures[uris(odd)[0]].error
    assert done.failures[uris(odd)[0]].kind == ErrorKind.PERMANENT.value
    assert a_pass(odd.tools).loaded == 0


def test_on_the_command_line_they_are_failures(odd: Place, ingestor: CommandLine) -> None:
    answer = at(odd, ingestor)("run", "--bucket", odd.bucket, "--workers", "2")
    assert answer.status == 1
    assert states(odd.tools.database) == NEIGHBOURS
    for uri in uris(odd):
        assert answer.stderr.count(f"permanent: {uri}: the key holds NUL, which PostgreSQL refuses") == 1
    assert "Traceback" not in answer.stderr
    backfilled = at(odd, ingestor)("backfill", "--bucket", odd.bucket)
    assert backfilled.status == 1
    assert backfilled.stderr.count("the key holds NUL") == 3
    swept = at(odd, ingestor)("sweep")
    assert swept.status == 0
    assert f"{uris(odd)[0]}: the key holds NUL" in swept.stderr


def test_a_sweep_enters_the_neighbours_and_reports_the_first_of_them(
    odd: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "UNUSABLE_NAMED", 2)
    monkeypatch.setattr("ingestor.sweep.discovery.GRACE", timedelta(0))
    settings = odd.tools.settings.model_copy(update={"start_from": datetime(2020, 1, 1, tzinfo=UTC)})
    done = discover_objects(replace(odd.tools, settings=settings), UNLIMITED)
    assert sorted(odd.sent_keys()) == ["a", "c", "z"]
    assert done.unusable == 3 + 3  # by each of the two listings
    assert [each.uri for each in done.unusable_objects] == uris(odd)[:2]


def test_a_backfill_enters_the_neighbours_and_reports_them(odd: Place) -> None:
    done = backfill(odd.tools, BackfillScope(odd.bucket, ""), on_page=lambda _: None)
    assert (done.new_objects, [each.uri for each in done.unusable]) == (3, uris(odd))
    assert sorted(odd.sent_keys()) == ["a", "c", "z"]


def test_in_python_they_are_failed_files(odd: Place) -> None:
    tools = odd.tools
    results = process_files(odd.bucket, settings=tools.settings, database=tools.database)
    assert states(tools.database) == NEIGHBOURS
    assert [type(each.outcome) for each in results] == [Loaded] * 3 + [Failed] * 3
    [failed, *_] = [each.outcome for each in results if isinstance(each.outcome, Failed)]
    assert (failed.kind, "holds NUL" in failed.error) == (ErrorKind.PERMANENT, True)
