#!/usr/bin/env bash
# Entry point with the interface of the official Postgres image.
#
# Environment: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS (each also as NAME_FILE),
# POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD, PGDATA; scripts in /docker-entrypoint-initdb.d.
# It can be sourced, like the official one: docker-ensure-initdb.sh uses its functions.
set -Eeo pipefail

# read_setting NAME [DEFAULT]: exports NAME from itself, from the file NAME_FILE names, or as DEFAULT.
read_setting() {
    local name=$1 file_name="${1}_FILE" value=${2:-}
    if [ -n "${!name:-}" ] && [ -n "${!file_name:-}" ]; then
        echo >&2 "error: both $name and $file_name are set; give one of them"
        exit 1
    fi
    if [ -n "${!name:-}" ]; then
        value=${!name}
    elif [ -n "${!file_name:-}" ]; then
        value=$(< "${!file_name}")
    fi
    export "$name"="$value"
    unset "$file_name"
}

read_settings() {
    read_setting POSTGRES_PASSWORD
    read_setting POSTGRES_USER postgres
    read_setting POSTGRES_DB "$POSTGRES_USER"
    read_setting POSTGRES_INITDB_ARGS
    : "${POSTGRES_HOST_AUTH_METHOD:=}"
}

database_exists() { [ -s "$PGDATA/PG_VERSION" ]; }

# Directories the server needs. Failing chmods are left to the server: it is picky, and says so itself.
prepare_directories() {
    mkdir -p "$PGDATA"
    chmod 00700 "$PGDATA" || :
    mkdir -p /var/run/postgresql || :
    chmod 03775 /var/run/postgresql || :
    if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then
        mkdir -p "$POSTGRES_INITDB_WALDIR"
        chmod 00700 "$POSTGRES_INITDB_WALDIR"
    fi
    if [ "$(id -u)" = 0 ]; then
        find "$PGDATA" /var/run/postgresql ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"} \
            \! -user postgres -exec chown postgres '{}' +
    fi
}

require_password() {
    if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
        echo >&2 "error: there is no database yet and no password for its superuser:" \
            "set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE"
        exit 1
    fi
}

# initdb wants to find its user's name: any --user is given one for the time it runs.
run_initdb() {
    local uid
    uid=$(id -u)
    if ! getent passwd "$uid" > /dev/null; then
        NSS_WRAPPER_PASSWD=$(mktemp)
        NSS_WRAPPER_GROUP=$(mktemp)
        LD_PRELOAD=$(find /usr/lib -name libnss_wrapper.so -print -quit)
        export LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
        echo "postgres:x:$uid:$(id -g):PostgreSQL:$PGDATA:/bin/false" > "$NSS_WRAPPER_PASSWD"
        echo "postgres:x:$(id -g):" > "$NSS_WRAPPER_GROUP"
    fi
    # The arguments may carry quotes of their own ("--locale-provider=icu --icu-locale='en-US'"), as upstream's may.
    eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD")' \
        '${POSTGRES_INITDB_WALDIR:+--waldir "$POSTGRES_INITDB_WALDIR"}' "$POSTGRES_INITDB_ARGS"
    if [ -n "${NSS_WRAPPER_PASSWD:-}" ]; then
        rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
        unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
    fi
}

# allow_hosts [SERVER ARGUMENT...]: clients over the network log in by the server's own password method.
allow_hosts() {
    local method=$POSTGRES_HOST_AUTH_METHOD
    [ -n "$method" ] || method=$(postgres -C password_encryption "$@")
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

# run_sql [PSQL ARGUMENT...]: SQL from a file or standard input, over the socket, stopping at the first error.
run_sql() {
    PGHOST='' PGHOSTADDR='' PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}" \
        psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" "$@"
}

# Upstream's name: sourced scripts in /docker-entrypoint-initdb.d call it.
docker_process_sql() { run_sql --dbname "$POSTGRES_DB" "$@"; }

create_database() {
    local found
    found=$(run_sql --dbname postgres --set db="$POSTGRES_DB" --tuples-only \
        <<< "SELECT 1 FROM pg_database WHERE datname = :'db';")
    [ -n "$found" ] || run_sql --dbname postgres --set db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db";'
}

run_init_files() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        [ -e "$file" ] || continue
        echo "$0: running $file"
        case "$file" in
            *.sh)
                # shellcheck disable=SC1090  # which files there are is only known when it runs
                if [ -x "$file" ]; then "$file"; else . "$file"; fi
                ;;
            *.sql) docker_process_sql -f "$file" ;;
            *.sql.gz) gunzip -c "$file" | docker_process_sql ;;
            *.sql.xz) xzcat "$file" | docker_process_sql ;;
            *.sql.zst) zstd -dc "$file" | docker_process_sql ;;
            *) echo "$0: $file is of no known kind and was not run" ;;
        esac
    done
}

# initialise [SERVER ARGUMENT...]: an empty PGDATA becomes a database cluster with its database, then is shut down.
initialise() {
    require_password
    ls /docker-entrypoint-initdb.d/ > /dev/null # unreadable? then rather fail before initdb than after it
    run_initdb
    allow_hosts "$@"
    local arguments
    arguments=$(printf '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}")
    PGUSER="${PGUSER:-$POSTGRES_USER}" PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}" \
        pg_ctl -D "$PGDATA" -o "$arguments" -w start
    create_database
    run_init_files
    PGUSER="${PGUSER:-$POSTGRES_USER}" pg_ctl -D "$PGDATA" -m fast -w stop
}

# Options that make the server print something and end.
only_prints() {
    local argument
    for argument; do
        case "$argument" in
            -'?' | --help | --describe-config | -V | --version) return 0 ;;
        esac
    done
    return 1
}

main() {
    if [ "${1:0:1}" = '-' ]; then set -- postgres "$@"; fi
    if [ "$1" = postgres ] && ! only_prints "$@"; then
        read_settings
        prepare_directories
        if [ "$(id -u)" = 0 ]; then exec gosu postgres "${BASH_SOURCE[0]}" "$@"; fi
        if database_exists; then
            echo "The data directory $PGDATA has a database: nothing to initialise."
        else
            initialise "${@:2}"
            echo "The data directory $PGDATA is initialised."
        fi
    fi
    exec "$@"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then main "$@"; fi
