"""The file of the ledger that KEY names."""

import os
from typing import NoReturn

import click

from ingestor import ledger
from ingestor.cli.support.group import FAILED
from ingestor.cli.support.terminal import print_json, say
from ingestor.cli.views.advice import file_facts
from ingestor.cli.views.file_view import show_matches
from ingestor.database import Connection
from ingestor.ledger.history import SHOWN_MATCHES


def chosen_file(connection: Connection, key: str, *, as_json: bool) -> ledger.FileRecord:
    """The file that `key` names: s3://BUCKET/KEY, a key, a local file (symbolic links resolved), or a key's unique end.

    Where not exactly one file matches, the command ends with an error that lists the matches.
    """
    asked = key.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    matches = ledger.matching_files(connection, asked, path=os.path.realpath(asked))
    if len(matches) != 1:
        _refuse(asked, matches, as_json=as_json)
    return matches[0]


def _refuse(asked: str, matches: list[ledger.FileRecord], *, as_json: bool) -> NoReturn:
    if matches:
        more = "more than " if len(matches) > SHOWN_MATCHES else ""
        number = min(len(matches), SHOWN_MATCHES)
        say(f"{asked}: {more}{number} files match; give the full key of one of them")
    else:
        say(f"{asked}: not in the ledger")
    shown = matches[:SHOWN_MATCHES]
    if as_json:
        print_json({"matches": [file_facts(each) for each in shown]})
    elif shown:
        show_matches(shown)
    click.get_current_context().exit(FAILED)
