#!/usr/bin/env bash
# Pins what the functions need, from src/requirements.in to src/requirements.txt, with the hashes of every wheel.
set -euo pipefail
cd "$(dirname "$0")/../src"

exec ../.venv/bin/uv pip compile --quiet --no-emit-index-url --generate-hashes --universal --python-version 3.13 \
    --custom-compile-command 'make requirements' --output-file requirements.txt "$@" requirements.in
