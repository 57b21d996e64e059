"""From Python: load files of this machine, and say what became of each. `python examples/python_program.py FILE…`

The claims are those of the Lambda functions: any number of such programs may run side by side, and loading a file again
changes nothing. DB_* names the database; `ingestor migrate` made its tables.
"""

import sys

import ingestor
from ingestor.errors import IngestorError
from ingestor.ingest import AlreadyLoaded, Failed, Loaded


def main(paths: list[str]) -> int:
    failed = 0
    for path in paths:
        match ingestor.process_local_file(path).outcome:
            case Loaded() as loaded:
                print(f"{path}: {loaded.rows_loaded} rows, {loaded.rows_rejected} rejected")
            case AlreadyLoaded():
                print(f"{path}: loaded before")
            case Failed(error=error):
                print(f"{path}: {error}")
                failed += 1
            case other:
                print(f"{path}: {other}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except IngestorError as error:
        sys.exit(str(error))
