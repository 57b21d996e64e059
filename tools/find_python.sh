#!/usr/bin/env bash
# Prints the path of a Python that runs: PYTHON if it is set, else a 3.13, which is the template's runtime and the
# interpreter that ministack lends to the functions. Where there is none, uv fetches one into .tools/python.
# A pyenv shim may be on PATH and yet refuse to run, so each candidate is tried.
set -euo pipefail
cd "$(dirname "$0")/.."

# Prints the real one behind a shim or a virtual environment, if it can make environments and is one of VERSIONS.
real() {
    [ -n "$1" ] && VERSIONS=$2 "$1" -c '
import ensurepip, os, sys, venv
if "%d.%d" % sys.version_info[:2] not in os.environ["VERSIONS"].split():
    sys.exit(1)
print(getattr(sys, "_base_executable", sys.executable))' 2>/dev/null
}

candidates() {
    local home own
    command -v python3.13 || true
    command -v python3 || true
    own=$(eval echo "~$(id -un)") # HOME may be unset, or another one
    for home in "${PYENV_ROOT:-}" "${HOME:-$own}/.pyenv" "$own/.pyenv"; do
        ls -d "$home"/versions/3.13*/bin/python 2>/dev/null || true
    done
    ls -d /opt/homebrew/bin/python3.13 /usr/local/bin/python3.13 2>/dev/null || true
    ls -d "$PWD"/.tools/python/cpython-3.13*/bin/python3.13 2>/dev/null || true
    if command -v uv >/dev/null; then uv python find --no-project 3.13 2>/dev/null || true; fi
}

found() {
    local python
    while IFS= read -r python; do
        real "$python" 3.13 && return 0
    done < <(candidates)
    return 1
}

if [ -n "${PYTHON:-}" ]; then
    real "$PYTHON" "3.13 3.14" && exit 0
    echo "PYTHON=$PYTHON is no Python 3.13 or 3.14 with venv: name another one, or leave PYTHON away" >&2
    exit 1
fi
found && exit 0
tools/fetch_python.sh && found && exit 0

cat >&2 <<'MESSAGE'
No Python 3.13 with venv was found: not on PATH, not in pyenv's versions, not among uv's.
Install it in one of these ways, then run make again:
    uv python install 3.13
    pyenv install 3.13
    apt install python3.13 python3.13-venv     (where the distribution has it)
    brew install python@3.13
MESSAGE
exit 1
