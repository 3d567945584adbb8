#!/bin/sh
# Options and names of scripts go to node; a command that exists is run as it is (as in the official image).
set -eu

case "${1:-}" in
    -*) set -- node "$@" ;;
    *) command -v "${1:-}" > /dev/null 2>&1 || set -- node "$@" ;;
esac
exec "$@"
