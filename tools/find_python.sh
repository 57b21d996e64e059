#!/usr/bin/env bash
# Prints the path of a Python 3.13 that runs: the template's runtime, and the interpreter that ministack lends to the
# functions. A pyenv shim may be on PATH and yet refuse to run, so each candidate is tried.
set -euo pipefail

runs() {
    [ -n "$1" ] && "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1
}

candidates() {
    command -v python3.13 || true
    command -v python3 || true
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python 2>/dev/null || true
    ls -d /opt/homebrew/bin/python3.13 /usr/local/bin/python3.13 2>/dev/null || true
    if command -v uv >/dev/null; then uv python find --no-project 3.13 2>/dev/null || true; fi
}

while IFS= read -r python; do
    if runs "$python"; then
        # The real one behind a shim or a virtual environment.
        "$python" -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))'
        exit 0
    fi
done < <(candidates)

cat >&2 <<'MESSAGE'
No Python 3.13 with venv was found: not on PATH, not in pyenv's versions, not among uv's.
Install it in one of these ways, then run make again:
    uv python install 3.13
    pyenv install 3.13
    apt install python3.13 python3.13-venv     (where the distribution has it)
    brew install python@3.13
MESSAGE
exit 1
