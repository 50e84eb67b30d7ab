#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pages about clients, as they stand there but for the address: every block is run and prints what the page
# says. Then each client does whatever the table of clients says that it can: it must give what the command gives,
# and the table say neither more nor less. A client whose program is not here is left out with a message.
#     clients.sh SOURCE_FOLDER PROGRAM_FOLDER FIRST_PORT
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
# shellcheck source=tests/e2e/client_table.sh
source "$source_folder/tests/e2e/client_table.sh"
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
cat >"$data/people.csv" <<'CSV'
id,name,country
1,Ada,DE
2,Zoë,FR
3,Cleo,DE
CSV
make_contract people 1.0.0 | sed -e 's/name: item, logicalType: string/name: name, logicalType: string, classification: restricted/' \
    -e 's/name: price, logicalType: number/name: country, logicalType: string/' >"$data/people.odcs.yaml"
make_product old 3
make_product items 3
make_mesh shop museum
policy 1.0.0 'mask: [{classification: [restricted], method: partial, first: 1}]'
succeeds fh shop policy publish "$data/personal.policy.yaml"
succeeds fh shop product publish "$data/people.odcs.yaml" "$data/old.odcs.yaml"
succeeds fh shop product deprecate shop/old@1 --sunset 2099-01-01
succeeds fh museum product publish "$data/items.odcs.yaml"
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
until_true 20 "four products at museum" finds museum 4
served=127.0.0.1:$((port + 3))
open_door museum "http_listen: $served"
until_true 20 "four products at museum" finds museum 4
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

# installed PROGRAM...: whether what a page needs is here; NODE_PATH is no place for modules of the newer kind.
installed()
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
        installed "$need" || {
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

say "- what each client does"
FREEHOLD_URL=http://$served
FREEHOLD_TOKEN=$(fh museum -o csv token create --until 8h | sed -n '2s/,.*//p')
MASKED='SELECT * FROM shop.people ORDER BY id'
JOINED='SELECT p.id, p.name, i.item FROM shop.people p JOIN museum.items i ON i.id = p.id ORDER BY p.id'
# shellcheck disable=SC2016 # a parameter of the query
ONE='SELECT id, country FROM shop.people WHERE id = $id'
LONG='SELECT count(*) FROM shop.people a, shop.people b, range(100000) c(i), range(100000) d(i) WHERE a.id + b.id + c.i + d.i = 7'
export FREEHOLD_URL FREEHOLD_TOKEN MASKED JOINED ONE LONG
fh museum -o csv query "$MASKED" >"$work/masked" 2>/dev/null
fh museum -o csv query "$JOINED" >"$work/join" 2>/dev/null
fh museum -o csv query "$ONE" --param id=1 >"$work/parameters" 2>/dev/null
! grep -q 'Ada\|Zo\|Cleo' "$work/masked" "$work/join" || fail "not masked: $(cat "$work/masked" "$work/join")"
[[ $(wc -l <"$work/masked") == 4 && $(wc -l <"$work/join") == 4 && $(wc -l <"$work/parameters") == 2 ]] ||
    fail "the command: $(cat "$work/masked" "$work/join" "$work/parameters")"
cp "$work/masked" "$work/csv"
cp "$work/masked" "$work/json"
cp "$work/masked" "$work/arrow"
cp "$work/masked" "$work/parquet"
echo 401 >"$work/sign-in"
echo 'Thu, 01 Jan 2099 23:59:59 GMT' >"$work/deprecation"

cancelled() { curl -s "$FREEHOLD_URL/metrics" | sed -n 's/^freehold_queries_hung_up_total //p'; }
hung_up() { (($(cancelled) > before)); }
# sections FEATURE...: what the client printed below "== FEATURE" is what is wanted; `cancel` is what the door saw.
sections()
{
    local feature
    cp "$out" "$work/all"
    for feature in "$@"; do
        awk -v head="== $feature" '/^== / { on = $0 == head; next } on' "$work/all" | tr -d '\r' >"$out"
        if [[ $feature == cancel ]]; then
            [[ -s $out ]] || fail "$now: nothing was cancelled"
            until_true 20 "the end of what $now asked" hung_up
            did[$now]+=' cancel'
        else
            cmp -s "$out" "$work/$feature" || fail "$now: $feature: wanted $(cat "$work/$feature"), got $(cat "$out")"
            did[$now]+=" $feature"
        fi
    done
}
curl_asks() # SQL FORM ARGUMENT...
{
    local body
    # shellcheck disable=SC2016 # Python's text
    body=$("$PYTHON" -c 'import json, sys; print(json.dumps({"sql": sys.argv[1], "params": {"id": 1} if "$id" in sys.argv[1] else {}}))' "$1")
    curl --silent "$FREEHOLD_URL/v1/query" --header "Accept: $2" --json "$body" "${@:3}"
}
by_curl()
{
    local bearer="Authorization: Bearer $FREEHOLD_TOKEN"
    echo '== sign-in' && curl_asks "$ONE" text/csv --output /dev/null --write-out '%{http_code}\n'
    echo '== csv' && curl_asks "$MASKED" text/csv --header "$bearer"
    echo '== masked' && curl_asks "$MASKED" text/csv --header "$bearer"
    echo '== join' && curl_asks "$JOINED" text/csv --header "$bearer"
    echo '== parameters' && curl_asks "$ONE" text/csv --header "$bearer"
    echo '== json' && curl_asks "$MASKED" application/json --header "$bearer" |
        "$PYTHON" -c 'import json, sys; d = json.load(sys.stdin)
print(*[",".join(map(str, r)) for r in [[c["name"] for c in d["columns"]]] + d["rows"]], sep="\n")'
    echo '== deprecation' && curl --silent --head "$FREEHOLD_URL/v1/products/shop/old" | sed -n 's/^Sunset: //p'
    echo '== cancel' && { curl_asks "$LONG" text/csv --header "$bearer" --max-time 1 || echo "ended with $?"; }
}
by_duckdb()
{
    local feature
    cd "$work"
    for feature in MASKED JOINED; do
        curl_asks "${!feature}" application/vnd.apache.parquet --header "Authorization: Bearer $FREEHOLD_TOKEN" \
            --output "$work/$feature.parquet"
        echo "SELECT * FROM '$feature.parquet'" | "$work/bin/duckdb" >"$work/$feature.out"
    done
    echo '== parquet' && cat "$work/MASKED.out"
    echo '== masked' && cat "$work/MASKED.out"
    echo '== join' && cat "$work/JOINED.out"
}
# program NAME NEED FEATURE... -- COMMAND...: runs a client and looks at its sections.
program()
{
    local name=$1 need=$2 features=()
    shift 2
    while [[ $1 != -- ]]; do
        features+=("$1")
        shift
    done
    client "$name" installed "$need" || return 0
    before=$(cancelled)
    run "${@:2}"
    sections "${features[@]}"
}
export -f curl_asks by_curl by_duckdb
export work
here=$source_folder/tests/e2e/http_clients
program curl curl sign-in json csv parameters masked join cancel deprecation -- bash -uo pipefail -c by_curl
program DuckDB npm parquet masked join -- bash -euo pipefail -c by_duckdb
program JavaScript npm sign-in json csv arrow parameters masked join cancel deprecation -- node "$here/fetch.mjs"
program Python pandas sign-in json csv parameters masked join cancel deprecation -- "$PYTHON" "$here/pandas_urllib.py"
program R Rscript sign-in csv parameters masked join -- Rscript "$here/curl.R"
compare_table 'Of HTTP'
