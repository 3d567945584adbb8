#!/bin/sh
# Starts HAProxy in master-worker mode in the foreground, as the official image does, unless another command is given.
set -eu

case "${1:-}" in
    -*) set -- haproxy "$@" ;;
esac
if [ "${1:-}" = haproxy ]; then
    shift
    set -- haproxy -W -db "$@"
fi
exec "$@"
