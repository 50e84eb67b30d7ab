# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A real PostgreSQL to compare with, sourced by the scripts of tests/e2e and tools that start one.

# postgres_programs: the folder of its server's programs; nothing when it is not installed.
postgres_programs()
{
    local initdb
    initdb=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | tail -n 1 || true)
    echo "${initdb%/initdb}"
}

# begin_postgres FOLDER [OPTION...]: a server with all its files in a new folder, on no port: reached as boss by
# `-h FOLDER -p 5432`. OPTION is a setting, "timezone=UTC".
begin_postgres()
{
    local programs folder=$1 options="-k $1 -p 5432 -c listen_addresses= -c fsync=off" as_server=() option
    programs=$(postgres_programs)
    shift
    for option in "$@"; do
        options+=" -c $option"
    done
    mkdir "$folder"
    if ((EUID == 0)); then
        chown 65534:65534 "$folder" # its programs refuse to run as root
        chmod 711 "$(dirname "$folder")"
        as_server=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    fi
    (
        cd "$folder" || exit
        # What a caller set for a client is not for the server.
        unset PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGOPTIONS PGSERVICE
        export HOME=$folder
        "${as_server[@]}" "$programs/initdb" -D "$folder/db" -U boss -E UTF8 --locale=C.UTF-8 -A trust -N >/dev/null &&
            "${as_server[@]}" "$programs/pg_ctl" -D "$folder/db" -s -w -l "$folder/log" -o "$options" start >/dev/null
    )
}

# end_postgres FOLDER: ends the server at once and waits for it; none there is fine.
end_postgres()
{
    local pid
    pid=$(head -n 1 "$1/db/postmaster.pid" 2>/dev/null) || return 0
    kill -QUIT "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null && [[ -e $1/db/postmaster.pid ]]; do
        sleep 0.05
    done
}
