#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pages about clients, as they stand there but for the address: every block is run and prints what the page
# says. A page whose program is not here is left out with a message.
#     clients.sh SOURCE_FOLDER PROGRAM_FOLDER FIRST_PORT
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
export PATH=$bin:$PATH PYTHON=/usr/bin/python3

# The shop of README.md.
cat >"$data/orders.csv" <<'CSV'
id,day,item,price
1,2026-11-02,tea,4.50
2,2026-11-02,salt,1.20
3,2026-11-03,tea,9.00
CSV
make_contract orders 1.0.0 |
    sed 's/^      - {name: item,.*/      - {name: day, logicalType: date, required: true}\n&/' >"$data/orders.odcs.yaml"
make_mesh shop museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
until_true 10 "the product at museum" finds museum 1
served=127.0.0.1:$((port + 3))
open_door museum "http_listen: $served"
until_true 10 "the product at museum" finds museum 1
until_true 20 "all that the door needs" curl --fail --silent "http://$served/readyz"

# What the pages call by its short name: DuckDB, which prints CSV here.
mkdir "$work/bin" "$work/pages"
cat >"$work/bin/duckdb" <<SH
#!/usr/bin/env bash
: >"$work/none.sql"
cat >"$work/duckdb.sql"
exec "$bin/fh-direct" "$work/none.sql" "$work" "$work/duckdb.sql"
SH
chmod +x "$work/bin/duckdb"

# has PROGRAM...: whether what a page needs is here; NODE_PATH is no place for modules of the newer kind.
has()
{
    case "$1" in
    pandas) "$PYTHON" -c 'import pandas' 2>/dev/null ;;
    npm) node -e 'require.resolve("apache-arrow"); require("@duckdb/node-api")' 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}
run_page() # PAGE NEEDS...
{
    local page=$1 folder=$work/pages/$1 need
    shift
    for need in "$@"; do
        has "$need" || {
            say "- $page: skipped, $need is not here (tools/setup installs it)"
            return 0
        }
    done
    say "- $page"
    mkdir "$folder"
    ln -s "${NODE_PATH:-/nowhere}" "$folder/node_modules"
    awk -f "$source_folder/tests/e2e/page.awk" "$source_folder/deploy/clients/$page.md" |
        sed "s/127\.0\.0\.1:8411/$served/; s|--home museum|--home $work/museum/home|" >"$folder/script.sh"
    (cd "$folder" && PATH=$work/bin:$PATH bash -euo pipefail script.sh) >"$work/out" 2>"$work/err" || {
        cat "$work/out" "$work/err" >&2
        fail "$page.md does not do what it says"
    }
}
run_page browser curl
run_page curl curl
run_page duckdb curl npm
run_page javascript npm
run_page python pandas
run_page r Rscript curl
