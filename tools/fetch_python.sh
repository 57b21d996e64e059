#!/usr/bin/env bash
# Has uv fetch a Python 3.13 into .tools/python, and says so. Without a uv, any Python from 3.9 on installs one into
# .tools/uv. UV_PYTHON_INSTALL_MIRROR and uv's other variables are heeded.
set -euo pipefail
cd "$(dirname "$0")/.."

# Prints the path of a uv. Debian's Python may lack venv and yet have pip.
some_uv() {
    local python uv
    command -v uv && return 0
    for uv in "$PWD"/{.venv,.tools/uv}/bin/uv; do
        if [ -x "$uv" ]; then echo "$uv" && return 0; fi
    done
    for python in python3 python3.{14,12,11,10,9} python; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || continue
        install_uv "$python" >/dev/null 2>&1 || continue
        ls "$PWD/.tools/uv/bin/uv"
        return 0
    done
}

install_uv() {
    local pip=(-m pip install --quiet --disable-pip-version-check --retries 1 'uv>=0.9')
    rm -rf .tools/uv
    if "$1" -m venv .tools/uv; then
        .tools/uv/bin/python "${pip[@]}"
    else
        "$1" "${pip[@]}" --target .tools/uv
    fi
}

mkdir -p .tools
echo "no Python 3.13 here: uv fetches one into .tools/python" >&2
uv=$(some_uv)
if [ -z "$uv" ]; then
    echo "no uv here either, and none could be installed (no network?)" >&2
    exit 1
fi
# Nothing is put outside this folder: no python3.13 into ~/.local/bin.
export UV_PYTHON_INSTALL_DIR=$PWD/.tools/python UV_PYTHON_INSTALL_BIN=0
export UV_HTTP_RETRIES=${UV_HTTP_RETRIES:-1} # offline, the answer comes in seconds
if ! said=$("$uv" python install --no-progress 3.13 2>&1); then
    echo "uv could not fetch it: $(printf '%s\n' "$said" | tail -n 1)" >&2
    exit 1
fi
