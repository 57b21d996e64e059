"""What the fixture `connect` gives to tests."""

from collections.abc import Callable

from ingestor.database import Connection

type Connect = Callable[[], Connection]
"""Opens a connection of its own to the test's database, which is closed after the test."""
