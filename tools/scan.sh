#!/usr/bin/env bash
# cfn-lint and checkov over every template. What is suppressed says why, in the template beside what it is about.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/environment.sh .tools/checkov 'checkov==3.3.30'
SAM_CLI_TELEMETRY=0 .tools/sam/bin/sam validate --lint --region us-east-1 >/dev/null
.tools/sam/bin/cfn-lint --regions us-east-1 -- templates/*.yaml
.tools/checkov/bin/checkov --file template.yaml templates/*.yaml --framework cloudformation --compact --quiet --skip-download
