"""The command line, `ingestor`: `main` is the click group that holds every command."""

import sys

try:
    from ingestor.cli.main import main
except KeyboardInterrupt:
    # Ctrl-C while modules are imported: nothing is begun yet. 130, as for every command that is interrupted.
    sys.stderr.write("ingestor: interrupted\n")
    raise SystemExit(130) from None

__all__ = ["main"]
