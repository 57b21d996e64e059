#!/usr/bin/env bash
# environment.sh FOLDER PACKAGE…: leaves a virtual environment with these packages in FOLDER, with the project's
# interpreter. Quick when nothing changed. Each tool has its own, because each has its own botocore.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$1
shift
wanted="$PWD $*"
if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$wanted" ] && "$folder/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
echo "installing into $folder" >&2
export UV_LINK_MODE=${UV_LINK_MODE:-copy} # a hard link into another disk's cache is warned about
interpreter=$(.venv/bin/python -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))')
mkdir -p "$(dirname "$folder")"
.venv/bin/uv venv --quiet --seed --clear --python "$interpreter" "$folder"
.venv/bin/uv pip install --quiet --python "$folder/bin/python" "$@"
printf '%s' "$wanted" >"$folder/.installed"
