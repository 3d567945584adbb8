#!/usr/bin/env bash
# Initialises PGDATA without starting the server for good, as the official image's script of this name does.
# docker-ensure-initdb.sh does nothing when there is a database already; as docker-enforce-initdb.sh it fails then.
# usage: docker-ensure-initdb.sh [postgres [SERVER ARGUMENT...]]
set -Eeo pipefail
# shellcheck source-path=SCRIPTDIR source=docker-entrypoint.sh
. /usr/local/bin/docker-entrypoint.sh

if [ "${1:-}" = postgres ]; then shift; fi
read_settings
prepare_directories
if [ "$(id -u)" = 0 ]; then exec gosu postgres "$0" "$@"; fi

if ! database_exists; then
    initialise "$@"
elif [ "$(basename "$0")" = docker-enforce-initdb.sh ]; then
    echo >&2 "error: $PGDATA has a database already"
    exit 1
else
    echo "$PGDATA has a database already: nothing to initialise."
fi
