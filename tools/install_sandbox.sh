#!/usr/bin/env bash
# Leaves .tools/ministack (AWS on loopback), .tools/sam (AWS SAM CLI) and .tools/lambda (what the Lambda runtime brings
# along). All have the runtime's Python: ministack runs the functions on its own, and `sam build` wants the runtime's
# version with pip on PATH (put .tools/sam/bin first).
set -euo pipefail
cd "$(dirname "$0")/.."

tools/runtime_python.sh >/dev/null # if one has to be fetched, then once
all() {
    local failed=0 each
    tools/environment.sh .tools/ministack 'ministack==1.5.33' 'aws-sam-translator==1.115.0' &
    tools/environment.sh .tools/sam 'aws-sam-cli==1.170.0' &
    tools/environment.sh .tools/lambda 'awslambdaric==3.1.1' 'boto3==1.44.5' &
    for each in $(jobs -p); do
        wait "$each" || failed=1
    done
    return "$failed"
}
# What keeps all of them from being installed is said once.
all 2>&1 | awk '!said[$0]++ { print; fflush() }' >&2
