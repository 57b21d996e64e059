#!/usr/bin/env bash
# from_wheel.sh FOLDER: `uv tool install` from a wheel of this clone into FOLDER, and a log file loaded there.
# The last line that it prints is how many rows there are.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$1
mkdir -p "$folder"
uv=$PWD/.venv/bin/uv log=$PWD/tests/data/pino-http-1.json.gz
"$uv" build --quiet --wheel --out-dir "$folder/wheel" .
UV_TOOL_DIR="$folder/tools" UV_TOOL_BIN_DIR="$folder/bin" "$uv" tool install --quiet --force \
    --python "$PWD/.venv/bin/python" "$(ls "$folder"/wheel/ingestor-*.whl)[local]"
cd "$folder"
cp "$log" my.json.gz
# As in a service or a container: no home, and none that could be made.
HOME=/nonexistent bin/ingestor local my.json.gz
env -u HOME bin/ingestor psql -At -c 'SELECT count(*) FROM logs'
# Root's server may have its files elsewhere.
tools/ingestor/bin/python -c '
import shutil
from pathlib import Path
from ingestor.database.embedded import EmbeddedPostgres
shutil.rmtree(EmbeddedPostgres(Path(".ingestor")).data_folder.parent)'
