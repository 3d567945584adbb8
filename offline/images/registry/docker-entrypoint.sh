#!/bin/sh
# A configuration file as the only argument is served; a subcommand goes to the registry; anything else is run.
set -eu

case "${1:-}" in
    *.yaml | *.yml) set -- registry serve "$@" ;;
    serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
