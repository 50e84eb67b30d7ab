#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# System tables beside a real PostgreSQL: what clients ask has the same columns, by name and type, in both. The
# statements are those of the unit test, in the shape of what psql, JDBC, ODBC, Npgsql, DBeaver, SQLAlchemy and
# postgres_fdw send; the tables are the same few in both.
#     pgcat_shapes.sh SOURCE_FOLDER PROGRAM_FOLDER
set -euo pipefail
source_folder=$1
bin=$2
here=$source_folder/tests/unit/pgcat
programs=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | tail -n 1 || true)
programs=${programs%/initdb}
[[ -n $programs ]] || {
    echo "PostgreSQL's server is not installed (tools/setup installs it): not compared"
    exit 77
}
work=$(mktemp -d "${TMPDIR:-/tmp}/freehold-e2e.XXXXXX")
finish()
{
    local status=$? pid
    if pid=$(head -n 1 "$work/db/postmaster.pid" 2>/dev/null); then
        kill -QUIT "$pid" || true
        while [[ -e $work/db/postmaster.pid ]]; do
            sleep 0.05
        done
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
as_server=()
if ((EUID == 0)); then
    chown 65534:65534 "$work" # its programs refuse to run as root
    as_server=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
(
    cd "$work"
    "${as_server[@]}" env HOME="$work" "$programs/initdb" -D "$work/db" -U boss -E UTF8 --locale=C.UTF-8 \
        -A trust -N >/dev/null
    "${as_server[@]}" env HOME="$work" "$programs/pg_ctl" -D "$work/db" -s -w -l "$work/log" \
        -o "-k $work -c listen_addresses= -c fsync=off" start >/dev/null
)
real() { env -u PGSERVICE psql -X -q -At -v ON_ERROR_STOP=1 -h "$work" -p 5432 "$@"; }
real -U boss -d postgres -c 'CREATE DATABASE mesh'
real -U boss -d mesh -f "$here/aviation.sql"

# Each statement described, none run; types of the standard's domains without their modifiers.
awk 'BEGIN { print "\\echo # 1"; n = 1 } $0 == ";;" { print "\\gdesc"; print "\\echo #", ++n; next } { print }
    END { print "\\gdesc" }' "$here/statements.sql" >"$work/described.sql"
PGOPTIONS='-c search_path=aviation,public' real -U ada -d mesh -f "$work/described.sql" |
    sed '/|/s/([0-9,]*)//' >"$work/theirs"
"$bin/fh-pgcat-ask" "$here/statements.sql" >"$work/ours"
diff "$work/theirs" "$work/ours" || {
    echo "pgcat_shapes.sh: not the same columns as PostgreSQL's (above: <)" >&2
    exit 1
}
echo "$(grep -c '^#' "$work/ours") statements, $(grep -c '|' "$work/ours") columns: all as in $("$programs/postgres" --version)"
