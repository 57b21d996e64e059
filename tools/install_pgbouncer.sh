#!/usr/bin/env bash
# Leaves .tools/pgbouncer, unpacked from Debian's packages: no root needed. Where there is an installed one, or no apt,
# nothing is done; without PgBouncer its tests are skipped and say so.
set -euo pipefail
cd "$(dirname "$0")/.."

target=.tools/pgbouncer
if [ -x "$target/usr/sbin/pgbouncer" ] || PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    echo "no apt here: install pgbouncer yourself, or its tests are skipped" >&2
    exit 0
fi

# The libraries that a machine without PgBouncer may lack; their names differ from release to release.
packages=$(apt-cache depends pgbouncer | sed -nE 's/^ *Depends: (lib(c-ares|event)[^ ]*)$/\1/p')
if [ -z "$packages" ]; then
    echo "apt knows no pgbouncer: run \`apt-get update\` as root and try again, or its tests are skipped" >&2
    exit 0
fi
echo "installing into $target" >&2
unfinished=$(mktemp -d)
trap 'rm -rf "$unfinished"' EXIT
# Debian marks downloads by root outside its own folders with a warning.
if ! (cd "$unfinished" && apt-get download -qq -o APT::Sandbox::User=root pgbouncer $packages); then
    echo "apt could not fetch pgbouncer: check the network and try again, or its tests are skipped" >&2
    exit 0
fi
for package in "$unfinished"/*.deb; do
    dpkg -x "$package" "$unfinished/root"
done
mkdir -p .tools
rm -rf "$target"
mv "$unfinished/root" "$target"
