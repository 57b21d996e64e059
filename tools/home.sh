#!/usr/bin/env bash
# Prints the home that the tools keep their caches in: the user's, or .tools/home where there is none to write to.
set -euo pipefail
cd "$(dirname "$0")/.."

home=${HOME-$(eval echo "~$(id -un)")}
if ! [ -d "$home" ] || ! [ -w "$home" ]; then
    home=$PWD/.tools/home
    mkdir -p "$home"
fi
echo "$home"
