"""Root's PostgreSQL, installed in a folder that only root may enter: it starts, and all stays private."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.private_folders import OURS, as_root, copies, kept_from_others, mode_of, umask

from ingestor.database import ConnectionParameters, Database, server_folder
from ingestor.database.embedded import EmbeddedPostgres
from ingestor.database.server_folder import make_ours
from ingestor.errors import ConfigurationError

pytestmark = [as_root, pytest.mark.usefixtures("system_folder")]


@pytest.fixture
def server(tmp_path: Path, private_binaries: Path) -> Iterator[EmbeddedPostgres]:
    embedded = EmbeddedPostgres(
        tmp_path / "größer" / "postgres", options=("fsync=off",), binaries=private_binaries
    )
    yield embedded
    embedded.stop()


def ask(parameters: ConnectionParameters, query: str) -> object:
    with closing(Database(lambda: parameters, "public")) as database, database.transaction() as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def test_it_starts_and_has_all_it_needs(
    server: EmbeddedPostgres, system_folder: Path, private_binaries: Path
) -> None:
    with umask(0o077):
        parameters = server.start()
    # Its libraries, its dictionaries and its time zones.
    assert ask(parameters, "SELECT to_tsvector('english', 'running')::text") == "'run':1"
    assert (
        ask(parameters, "SELECT extract(hour FROM '2026-01-01 12:00+00' AT TIME ZONE 'Europe/Berlin')::int")
        == 13
    )
    assert system_folder in server.data_folder.parents
    assert mode_of(server.data_folder.parent / "password") == 0o600
    [copy] = copies(system_folder)
    assert kept_from_others(copy)
    assert mode_of(private_binaries) == mode_of(server.home.parent) & 0o700 == 0o700


def _made_by_another(folder: Path) -> None:
    folder.mkdir()
    os.chown(folder, 65534, 65534)


def _open_to_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def _a_link(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to(folder.parent / "elsewhere")


def _a_link_to_nowhere(folder: Path) -> None:
    folder.symlink_to(folder.parent / "nowhere")


def _a_file(folder: Path) -> None:
    folder.touch()


@pytest.mark.parametrize("plant", [_made_by_another, _open_to_others, _a_link, _a_link_to_nowhere, _a_file])
def test_what_somebody_else_may_have_put_there_is_refused_and_left_alone(
    server: EmbeddedPostgres, system_folder: Path, plant: Callable[[Path], None]
) -> None:
    plant(system_folder / OURS)
    with pytest.raises(ConfigurationError, match=f"{OURS} belongs to another user or may be changed by one"):
        server.start()
    assert [path for path in system_folder.rglob("*") if path.name not in {OURS, "elsewhere"}] == []


@pytest.mark.parametrize("with_data", [False, True])
def test_a_planted_folder_for_the_data_is_refused_too(server: EmbeddedPostgres, *, with_data: bool) -> None:
    place = server.data_folder.parent
    make_ours(place.parent)
    _made_by_another(place)
    if with_data:
        (place / "data").mkdir()
        (place / "data" / "PG_VERSION").write_text("18\n")
        (place / "password").write_text("known to another")
    with pytest.raises(ConfigurationError, match=f"{place} belongs to another user"):
        server.start()


def test_a_way_there_that_another_user_may_change_is_not_taken(
    system_folder: Path, monkeypatch: pytest.MonkeyPatch, reachable_folder: Path
) -> None:
    theirs, open_to_all, private = (system_folder / name for name in ("theirs", "open", "private"))
    for folder, mode in ((theirs, 0o755), (open_to_all, 0o777), (private, 0o700)):
        folder.mkdir()
        folder.chmod(mode)
    os.chown(theirs, 65534, 65534)
    unsuitable = tuple(each / "below" for each in (theirs, open_to_all, private))
    for each in unsuitable:
        each.mkdir()
        each.chmod(0o755)
    monkeypatch.setattr(
        server_folder, "SYSTEM_FOLDERS", (system_folder / "missing", *unsuitable, reachable_folder)
    )
    assert server_folder.server_folder(for_programs=True) == reachable_folder / OURS
    monkeypatch.setattr(server_folder, "SYSTEM_FOLDERS", unsuitable)
    monkeypatch.setattr("tempfile.tempdir", str(private))
    with pytest.raises(ConfigurationError, match="run this as an ordinary user, or set DB_HOST"):
        server_folder.server_folder(for_programs=True)


def test_data_stay_where_they_were_made_whatever_becomes_of_the_folder(
    tmp_path: Path, reachable_folder: Path, unique_name: Callable[[str], str]
) -> None:
    opened, private = reachable_folder / unique_name("home"), tmp_path / "home"
    for folder, mode in ((opened, 0o755), (private, 0o700)):
        folder.mkdir()
        folder.chmod(mode)
    servers = [EmbeddedPostgres(folder / "postgres") for folder in (opened, private)]
    made = [server.data_folder for server in servers]
    assert made[0] == opened / "postgres" / "data"
    for folder in made:
        folder.mkdir(parents=True)
    opened.chmod(0o700)
    tmp_path.chmod(0o755)
    private.chmod(0o755)
    assert [server.data_folder for server in servers] == made


def test_without_the_account_for_it_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ingestor.database.server_account.UNPRIVILEGED_USER", "no-such-user")
    with pytest.raises(
        ConfigurationError, match="refuses to run as root, and there is no user `no-such-user`"
    ):
        EmbeddedPostgres(tmp_path)
