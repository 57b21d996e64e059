#!/usr/bin/env bash
# What a new user does first: the demo, and a log file of their own with an ingestor installed from a wheel.
set -euo pipefail
cd "$(dirname "$0")/.."

make demo

echo "ingestor from a wheel"
uv=$PWD/.venv/bin/uv log=$PWD/tests/data/pino-http-1.json.gz
work=$PWD/.demo/first-run
mkdir -p "$work"
"$uv" build --quiet --wheel --out-dir "$work" .
"$uv" venv --quiet --clear --python .venv/bin/python "$work/environment"
"$uv" pip install --quiet --python "$work/environment/bin/python" "$(ls "$work"/ingestor-*.whl)[local]"
cd "$work"
cp "$log" my.json.gz
# As in a service or a container: no home, and none that could be made.
HOME=/nonexistent environment/bin/ingestor local my.json.gz
rows=$(env -u HOME environment/bin/ingestor psql -At -c 'SELECT count(*) FROM logs')
# Root's may lie outside this clone.
environment/bin/python -c '
import shutil
from pathlib import Path
from ingestor.database.embedded import EmbeddedPostgres
shutil.rmtree(EmbeddedPostgres(Path(".ingestor")).data_folder.parent)'
[ "$rows" -gt 0 ]
