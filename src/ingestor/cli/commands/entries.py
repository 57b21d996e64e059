"""Every command: its name, where it is, and its summary in `ingestor --help`. A test compares the summaries."""

from ingestor.cli.support.lazy_group import CommandEntry

_COMMANDS = "ingestor.cli.commands"

ENTRIES = (
    CommandEntry("local", f"{_COMMANDS}.local", "local", 'Load local log files; "-" is standard input.'),
    CommandEntry(
        "try",
        f"{_COMMANDS}.try_file",
        "try_file",
        'Show what files would become, without a database; "-" is standard input.',
    ),
    CommandEntry(
        "status",
        f"{_COMMANDS}.status",
        "status",
        "Show loading status, or one file's history.",
        runs_in_stack=True,
    ),
    CommandEntry(
        "psql",
        f"{_COMMANDS}.psql",
        "psql",
        "Open psql, connected to the database that the other commands use.",
    ),
    CommandEntry(
        "migrate",
        f"{_COMMANDS}.migrate",
        "migrate_command",
        "Create or update the tables in the database that DB_* names.",
    ),
    CommandEntry(
        "run",
        f"{_COMMANDS}.run",
        "run_command",
        "Load a bucket from this machine, without a queue: once (as a CronJob) or repeatedly (--every).",
    ),
    CommandEntry(
        "backfill",
        f"{_COMMANDS}.backfill",
        "backfill",
        "Queue objects already in the bucket, for the Lambda functions to load.",
        runs_in_stack=True,
    ),
    CommandEntry(
        "sweep",
        f"{_COMMANDS}.sweep",
        "sweep_command",
        "Run one tick of the sweeper on this machine.",
        runs_in_stack=True,
    ),
    CommandEntry(
        "retry",
        f"{_COMMANDS}.retry",
        "retry",
        "Load failed files again, from where they stopped.",
        runs_in_stack=True,
    ),
    CommandEntry(
        "redrive",
        f"{_COMMANDS}.redrive",
        "redrive",
        "Process the dead letters in DLQ_URL now.",
        runs_in_stack=True,
    ),
    CommandEntry(
        "reload",
        f"{_COMMANDS}.reload",
        "reload_command",
        "Remove a file's rows and load it again.",
        runs_in_stack=True,
    ),
    CommandEntry(
        "ignore",
        f"{_COMMANDS}.ignore",
        "ignore",
        "Settle a permanent failure, so that it no longer needs attention.",
        runs_in_stack=True,
    ),
    CommandEntry(
        "check",
        f"{_COMMANDS}.check",
        "check",
        "Check the settings, the database, the buckets and the queues, and say what to mend.",
        runs_in_stack=True,
    ),
    CommandEntry(
        "pause",
        f"{_COMMANDS}.pause",
        "pause",
        "Stop the handler from taking messages, and the sweeper from running.",
    ),
    CommandEntry("resume", f"{_COMMANDS}.pause", "resume", "Undo `ingestor pause`."),
    CommandEntry(
        "connect-bucket",
        f"{_COMMANDS}.connect_bucket",
        "connect_bucket",
        "Make a bucket notify the queue of each new object; its other notifications are kept.",
    ),
)

STACK_ENTRIES = tuple(entry for entry in ENTRIES if entry.runs_in_stack)
"""The commands that the operate function runs: they need the stack's database, and nothing of the caller's machine."""
