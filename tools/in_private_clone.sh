#!/usr/bin/env bash
# in_private_clone.sh COMMAND…: runs it in a new clone of what is committed here, as a new user might have it: below a
# folder that only they may enter, with a umask that hides all they make, and a path that is no plain word.
set -euo pipefail
cd "$(dirname "$0")/.."

private=$(mktemp -d)
trap 'chmod -R u+w "$private"; rm -rf "$private"' EXIT
umask 077
clone="$private/größer und länger/it's here"
git clone --quiet . "$clone"
(cd "$clone" && "$@")
[ "$(ls -ld "$private" | cut -c 1-10)" = drwx------ ] || { echo "$private was opened to others" >&2 && exit 1; }
