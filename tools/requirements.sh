#!/usr/bin/env bash
# Pins what the functions and their layer need, from each requirements.in to the requirements.txt beside it, with the
# hashes of every wheel.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$PWD/.venv/bin/uv
for folder in src layers/console; do
    (cd "$folder" && "$uv" pip compile --quiet --no-emit-index-url --generate-hashes --universal --python-version 3.13 \
        --custom-compile-command 'make requirements' --output-file requirements.txt "$@" requirements.in)
done
