#!/usr/bin/env bash
# Leaves .tools/ministack (AWS on loopback), .tools/sam (AWS SAM CLI) and .tools/lambda (what the Lambda runtime brings
# along), each in its own virtual environment because each has its own botocore, and out of the way of ours. Both have the project's interpreter: ministack runs the
# functions on its own, and `sam build` wants the runtime's version with pip on PATH (put .tools/sam/bin first).
set -euo pipefail
cd "$(dirname "$0")/.."

uv=.venv/bin/uv
export UV_LINK_MODE=${UV_LINK_MODE:-copy} # a hard link into another disk's cache is warned about

environment() {
    local folder=$1
    shift
    local wanted="$PWD $*"
    if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$wanted" ] && "$folder/bin/python" -c '' 2>/dev/null; then
        return
    fi
    echo "installing into $folder" >&2
    "$uv" venv --quiet --seed --clear --python "$interpreter" "$folder"
    "$uv" pip install --quiet --python "$folder/bin/python" "$@"
    printf '%s' "$wanted" >"$folder/.installed"
}

interpreter=$(.venv/bin/python -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))')
mkdir -p .tools
environment .tools/ministack 'ministack==1.5.33' 'aws-sam-translator>=1.90' &
ministack=$!
environment .tools/sam 'aws-sam-cli==1.170.0' &
sam=$!
environment .tools/lambda 'awslambdaric>=3,<4' 'boto3>=1.42' &
runtime=$!
failed=0
wait "$ministack" || failed=1
wait "$sam" || failed=1
wait "$runtime" || failed=1
exit "$failed"
