#!/usr/bin/env bash
# Leaves .tools/ministack (AWS on loopback), .tools/sam (AWS SAM CLI) and .tools/lambda (what the Lambda runtime brings
# along). All have the project's interpreter: ministack runs the functions on its own, and `sam build` wants the runtime's
# version with pip on PATH (put .tools/sam/bin first).
set -euo pipefail
cd "$(dirname "$0")/.."

tools/environment.sh .tools/ministack 'ministack==1.5.33' 'aws-sam-translator==1.115.0' &
ministack=$!
tools/environment.sh .tools/sam 'aws-sam-cli==1.170.0' &
sam=$!
tools/environment.sh .tools/lambda 'awslambdaric==3.1.1' 'boto3==1.44.5' &
runtime=$!
failed=0
wait "$ministack" || failed=1
wait "$sam" || failed=1
wait "$runtime" || failed=1
exit "$failed"
