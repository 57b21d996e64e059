#!/usr/bin/env bash
# environment.sh FOLDER PACKAGE…: leaves a virtual environment with these packages in FOLDER, with a Python
# of the functions' version. Quick when nothing changed. Each tool has its own, because each has its own botocore.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/attempt.sh

folder=$1
shift
wanted="$PWD $*"
if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$wanted" ] && "$folder/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
echo "installing into $folder" >&2
export UV_LINK_MODE=${UV_LINK_MODE:-copy} # a hard link into another disk's cache is warned about
interpreter=$(tools/runtime_python.sh)
mkdir -p "$(dirname "$folder")"
attempt .venv/bin/uv venv --quiet --seed --clear --python "$interpreter" "$folder"
attempt .venv/bin/uv pip install --quiet --python "$folder/bin/python" "$@"
printf '%s' "$wanted" >"$folder/.installed"
