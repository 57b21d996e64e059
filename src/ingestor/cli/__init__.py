"""The command line, `ingestor`: `main` is the click group that holds every command."""

from ingestor.cli.commands import main

__all__ = ["main"]
