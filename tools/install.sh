#!/usr/bin/env bash
# Leaves .venv with the project and everything its development needs. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/.installed
# The stamp holds the path: in a folder that was moved, the scripts still name the old one.
if [ "$stamp" -nt pyproject.toml ] && [ "$(cat "$stamp")" = "$PWD" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

echo "installing into .venv" >&2
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null ||
    { [ -f "$stamp" ] && [ "$(cat "$stamp")" != "$PWD" ]; }; then
    python=$(tools/find_python.sh)
    "$python" -m venv --clear .venv
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore 'uv>=0.9'
.venv/bin/uv pip install --quiet --python .venv/bin/python --editable '.[dev]'
printf '%s' "$PWD" >"$stamp"
