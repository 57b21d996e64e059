#!/usr/bin/env bash
# Prints the path of a Python of the functions' version: .venv's, or another one where PYTHON chose a newer for that.
set -euo pipefail
cd "$(dirname "$0")/.."

.venv/bin/python -c '
import sys
if sys.version_info[:2] != (3, 13):
    sys.exit(1)
print(getattr(sys, "_base_executable", sys.executable))' || PYTHON= tools/find_python.sh
