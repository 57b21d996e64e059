"""`python -m ingestor.cli`, where the package isn't installed."""

from ingestor.cli import main

main(prog_name="ingestor")
