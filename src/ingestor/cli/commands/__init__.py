"""A module for each command of `ingestor`."""
