#!/usr/bin/env bash
# What a new user does first: the demo, and a log file of their own with an ingestor installed from a wheel.
set -euo pipefail
cd "$(dirname "$0")/.."

make demo

echo "ingestor from a wheel"
rows=$(tools/from_wheel.sh "$PWD/.demo/first-run" | tail -1)
[ "$rows" -gt 0 ]
