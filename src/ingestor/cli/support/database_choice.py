"""Which database a command works with: the one that DB_* names, or an embedded one in the current folder."""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from ingestor import bootstrap, ledger
from ingestor.cli.support.context import command_context
from ingestor.cli.support.group import raise_stopped
from ingestor.cli.support.terminal import say
from ingestor.database import Database, migrate
from ingestor.database.embedded import EmbeddedPostgres
from ingestor.database.embedded_failures import unusable
from ingestor.database.file_lock import open_lock
from ingestor.errors import ConfigurationError
from ingestor.settings import Settings

FOLDER = ".ingestor"


@contextmanager
def existing_database(settings: Settings) -> Iterator[Database]:
    """For commands that only have something to do where files were loaded: they create no embedded database.

    Raises ConfigurationError where there is none.
    """
    if not settings.names_a_database and not has_embedded_database():
        raise ConfigurationError(
            f"there is no database here: no DB_* variable is set, and {embedded_folder()} holds none. Change to the "
            "folder where `ingestor local` loaded files, or set DB_HOST, DB_USERNAME and DB_PASSWORD"
        )
    with chosen_database(settings) as database:
        yield database


@contextmanager
def chosen_database(settings: Settings, *, loads: bool = False, is_quiet: bool = False) -> Iterator[Database]:
    """The database that DB_* names, else the embedded one: created if it is missing, and migrated.

    The embedded server is stopped when no other command uses it.

    `loads`: this command claims files. Claims of those who died doing so end here, instead of being waited for.
    `is_quiet`: a database that is created isn't said.
    """
    if settings.names_a_database:
        with named_database(settings) as database:
            yield database
        return
    with (
        _embedded_server(Path(FOLDER), is_quiet=is_quiet) as server,
        _lock_file(server, "loaders") as loaders,
        _lock_file(server, "arrival") as arrival,
    ):
        fcntl.flock(arrival, fcntl.LOCK_EX)
        parameters = server.start()
        with server.explained(), closing(Database(lambda: parameters, settings.db_schema)) as database:
            migrate(database)
            _end_claims_of_the_dead(database, loaders)
            if loads:
                fcntl.flock(loaders, fcntl.LOCK_SH)
            fcntl.flock(arrival, fcntl.LOCK_UN)
            yield database


def _end_claims_of_the_dead(database: Database, loaders: BinaryIO) -> None:
    """Ends the claims of dead commands. A command that loads holds the lock; the kernel releases a dead one's."""
    try:
        fcntl.flock(loaders, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    with database.transaction() as connection:
        ledger.end_leases(connection)
    fcntl.flock(loaders, fcntl.LOCK_UN)


@contextmanager
def unchanged_embedded_database(settings: Settings) -> Iterator[Database]:
    """The embedded one as it is: it is started, and not migrated."""
    with _embedded_server(Path(FOLDER), is_quiet=True) as server, _lock_file(server, "arrival") as arrival:
        fcntl.flock(arrival, fcntl.LOCK_EX)
        parameters = server.start()
        fcntl.flock(arrival, fcntl.LOCK_UN)
        with server.explained(), closing(Database(lambda: parameters, settings.db_schema)) as database:
            yield database


def has_embedded_database() -> bool:
    """Raises DatabaseUnavailableError for an unreadable folder."""
    folder = Path(FOLDER)
    try:
        return folder.is_dir() and (EmbeddedPostgres(folder).data_folder / "PG_VERSION").exists()
    except OSError as error:
        raise unusable(folder, error) from error


def embedded_folder() -> Path:
    """Raises DatabaseUnavailableError in a working directory that is gone."""
    try:
        return Path(FOLDER).absolute()
    except OSError as error:
        raise unusable(Path(FOLDER), error) from error


@contextmanager
def named_database(settings: Settings) -> Iterator[Database]:
    """Raises ConfigurationError naming the DB_* variables that are missing."""
    database = bootstrap.database(settings)
    database.deadline = command_context().deadline
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _embedded_server(folder: Path, *, is_quiet: bool) -> Iterator[EmbeddedPostgres]:
    try:
        server = EmbeddedPostgres(folder)
        server.make_home()
        (server.home / ".gitignore").write_text("*\n")
        users = open_lock(server.home / "users")
    except OSError as error:
        raise unusable(folder, error) from error
    with users, _orderly_end():
        fcntl.flock(users, fcntl.LOCK_SH)
        if not is_quiet:
            _introduce(server)
        try:
            yield server
        finally:
            _stop_unless_used(server, users)


def _lock_file(server: EmbeddedPostgres, name: str) -> BinaryIO:
    try:
        return open_lock(server.home / name)
    except OSError as error:
        raise unusable(server.home, error) from error


def _introduce(server: EmbeddedPostgres) -> None:
    data = server.data_folder
    if (data / "PG_VERSION").exists():
        return
    elsewhere = "" if data.parent == server.home else f", its data in {data.parent}"
    say(
        f"no DB_* variable is set: using an embedded PostgreSQL in {server.home}{elsewhere}. "
        "It runs while a command needs it; `ingestor psql` opens it."
    )


def _stop_unless_used(server: EmbeddedPostgres, users: BinaryIO) -> None:
    """The last command that uses the server stops it. A command that comes meanwhile waits, and starts it again."""
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    server.stop()


@contextmanager
def _orderly_end() -> Iterator[None]:
    """SIGTERM and a closed terminal end the command in order, so that the server is stopped then as well."""
    ends = (signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, raise_stopped) for each in ends}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def environment_settings() -> Settings:
    """Raises ConfigurationError naming every wrong variable, and every one whose name is nearly a setting's."""
    settings = Settings.from_environment(os.environ, refuse_near_misses=True)
    if settings.unknown_database_names:
        say(f"not settings of Ingestor, and ignored: {', '.join(settings.unknown_database_names)}")
    return settings
