#!/usr/bin/env bash
# Our own code, by bandit; what we ship, by the advisories that pip-audit knows. What is suppressed says why: in
# pyproject.toml for a whole kind, beside the line for one, in tools/advisories.py for an advisory.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/environment.sh .tools/audit 'bandit==1.9.4' 'pip-audit==2.10.1'
.tools/audit/bin/bandit --quiet --configfile pyproject.toml --recursive src demo tools
.venv/bin/python tools/advisories.py src/requirements.txt layers/console/requirements.txt
