#!/usr/bin/env bash
# Leaves .venv with the project and everything its development needs. Quick when nothing changed.
# PYTHON chooses its interpreter, a 3.13 or 3.14.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/attempt.sh

version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

stamp=.venv/.installed
# The stamp is the last to be made. It holds the path: in a folder that was moved, the scripts still name the old one.
is_ours() {
    local has
    [ "$(cat "$stamp" 2>/dev/null)" = "$PWD" ] && has=$(version .venv/bin/python) || return 1
    if [ -n "${PYTHON:-}" ]; then
        [ "$has" = "$(version "$PYTHON")" ]
    else
        [[ $has =~ ^3\.1[34]$ ]]
    fi
}

if is_ours && [ "$stamp" -nt pyproject.toml ]; then
    exit 0
fi

echo "installing into .venv" >&2
if ! is_ours; then
    python=$(tools/find_python.sh)
    attempt "$python" -m venv --clear .venv
fi
attempt .venv/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore 'uv>=0.9'
attempt .venv/bin/uv pip install --quiet --python .venv/bin/python --editable '.[dev]'
printf '%s' "$PWD" >"$stamp"
