"""A person's own SQL, as it stands."""

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import set_json_loads

from ingestor.database.connection import Database
from ingestor.database.failures import advice_for
from ingestor.database.limits import PERSONS_QUERY
from ingestor.errors import QueryError

type NamedRow = dict[str, Any]


def run_query(database: Database, query: str) -> Sequence[NamedRow]:
    """The rows of the last statement, in one transaction; none where it returns none.

    json and jsonb values come as they stand, as `msgspec.Raw`: repeated keys and long numbers survive.

    Raises QueryError with PostgreSQL's own words, DatabaseUnavailableError.
    """
    with database.transaction(PERSONS_QUERY) as connection:
        try:
            cursor = connection.cursor()
            set_json_loads(msgspec.Raw, cursor)
            cursor.execute(query.encode())
            while cursor.nextset():
                pass
            if cursor.description is None:
                return []
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]
        except psycopg.Error as error:
            # A table that isn't there is a slip of a person's own query.
            advice = None if isinstance(error, psycopg.errors.UndefinedTable) else advice_for(error)
            said = f"the query failed: {str(error).strip()}"
            raise QueryError(f"{said}: {advice}" if advice else said) from error
