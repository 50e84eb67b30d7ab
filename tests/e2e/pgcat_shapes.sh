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
# shellcheck source=tools/postgres.sh
source "$source_folder/tools/postgres.sh"
programs=$(postgres_programs)
[[ -n $programs ]] || {
    echo "PostgreSQL's server is not installed (tools/setup installs it): not compared"
    exit 77
}
work=$(mktemp -d "${TMPDIR:-/tmp}/freehold-e2e.XXXXXX")
finish()
{
    local status=$?
    end_postgres "$work/real"
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
begin_postgres "$work/real"
real() { env -u PGSERVICE psql -X -q -At -v ON_ERROR_STOP=1 -h "$work/real" -p 5432 "$@"; }
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
