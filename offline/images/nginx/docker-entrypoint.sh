#!/bin/sh
# Runs the scripts of /docker-entrypoint.d in order before nginx starts (*.envsh are sourced, executable *.sh run).
set -eu

if [ "${1:-}" = nginx ] || [ "${1:-}" = nginx-debug ]; then
    for script in /docker-entrypoint.d/*; do
        [ -x "$script" ] || continue
        case "$script" in
            *.envsh)
                # shellcheck disable=SC1090  # which scripts there are is only known when it runs
                . "$script"
                ;;
            *.sh) "$script" ;;
        esac
    done
fi
exec "$@"
