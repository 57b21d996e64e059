# Sourced. attempt COMMAND…: runs it; what it says of a failure becomes one sentence on what to do, where that is known.

attempt() {
    local said
    if said=$("$@" 2>&1); then
        [ -z "$said" ] || printf '%s\n' "$said" >&2
        return 0
    fi
    if mentions 'No space left|os error 28|[Dd]isk quota|os error 122'; then
        disk_is_full
    elif mentions 'Failed to fetch|connection broken|NewConnectionError|error sending request|dns error|imed out|from versions: none'; then
        echo "The package index can't be reached: check the network and the proxy settings, then run make again ($(cause))." >&2
    elif mentions 'Read-only file system|os error 30|Permission denied|os error 13'; then
        echo "$PWD, ${TMPDIR:-/tmp} or ${HOME:-your home} can't be written to: see to that, then run make again ($(cause))." >&2
    elif is_full . || is_full "${TMPDIR:-/tmp}"; then
        disk_is_full # and the tool swallowed that
    else
        printf '%s\n' "$said" "It failed: $*" >&2
    fi
    return 1
}

mentions() {
    grep -qE "$1" <<<"$said"
}

# The innermost one that the tool names, else its last word.
cause() {
    { grep -iE 'cause|Permission denied|Read-only|os error' <<<"$said" || cat <<<"$said"; } | tail -n 1 | sed 's/^ *//'
}

disk_is_full() {
    echo "The disk is full: make room where $PWD and ${TMPDIR:-/tmp} are (1 GB is enough), then run make again." >&2
}

# Less than 16 MB are left.
is_full() {
    df -Pk "$1" 2>/dev/null | awk 'NR == 2 { exit !($4 < 16384) } END { if (NR < 2) exit 1 }'
}
