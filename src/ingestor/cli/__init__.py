"""The command line, `ingestor`: `main` is the click group that holds every command."""

from ingestor.cli.main import main

__all__ = ["main"]
