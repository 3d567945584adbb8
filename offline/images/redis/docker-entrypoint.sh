#!/bin/sh
# Starts Redis the way the official image does: as `redis`, with protected mode off unless it is asked for
# (Debian compiles it on, the official image off: with it, other containers are refused when there is no password).
set -eu

case "${1:-}" in
    -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1:-}" = redis-server ]; then
    if [ "$(id -u)" = 0 ]; then
        find . \! -user redis -exec chown redis '{}' +
        exec gosu redis "$0" "$@"
    fi
    # Only a server that was given neither a file nor the option: a file given by somebody decides for itself.
    case " $* " in
        *" --protected-mode "* | *.conf*) ;;
        *) set -- "$@" --protected-mode no ;;
    esac
    # Files under /data hold what clients stored: nobody else reads them.
    [ "$(umask)" != 0022 ] || umask 0077
fi
exec "$@"
