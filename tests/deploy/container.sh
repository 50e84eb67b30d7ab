#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the image, runs what deploy/README.md says about containers, and brings up the demo's mesh
# of deploy/compose.yaml: queries at one peer through another, health, kill, restart, clean stop.
# Nothing of it stays.
#     container.sh SOURCE_FOLDER PROGRAM_FOLDER
# Ends with 77 where containers cannot run. FH_TEST_CONTAINERS=1 lets it install what is missing.
set -euo pipefail
source_folder=$1
bin=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/deploy/page.sh
source "$here/page.sh"
# shellcheck source=tests/deploy/podman.sh
source "$here/podman.sh"

unset FREEHOLD_DEMO_FOLDER WAIT_SECONDS
podman_needs
real_home=$HOME
cache=${FREEHOLD_CACHE:-$HOME/.cache/freehold}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/freehold-container.XXXXXX")
began=$SECONDS
exec 3>&1
say() # also where a command's output goes elsewhere
{
    echo "[$((SECONDS - began)) s] $*" >&3
}
clean_up()
{
    local status=$?
    trap '' INT TERM
    set +e
    if ((status != 0 && status != 77)); then
        tail -n 30 "$work"/*.txt >&2
        for name in $(inside podman ps -a --format '{{.Names}}'); do
            echo "== $name" >&2
            inside podman logs --tail 15 "$name" >&2
        done
    fi
    podman_close >/dev/null 2>&1
    rm -rf "$work"
    podman_left_nothing || status=1
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

podman_open
base_image
say "the base image is there"

# ---- looking ------------------------------------------------------------------------------------

expect() # expect WHAT COMMAND...
{
    local what=$1
    shift
    "$@" || {
        echo "container: $what: not so" >&2
        exit 1
    }
}

silently()
{
    "$@" >>"$work/quiet.txt" 2>&1
}

# in_service SERVICE COMMAND...
in_service()
{
    local service=$1
    shift
    inside podman exec -i "mesh_${service}_1" "$@"
}

all_alive() # all_alive SERVICE COUNT: in the view of that service's node
{
    (($(in_service "$1" freehold -o csv peers | grep -c ',alive,') == $2))
}

finds() # finds SERVICE COUNT: so many products
{
    (($(in_service "$1" freehold -o csv product list | tail -n +2 | wc -l) == $2))
}

healthy()
{
    inside podman healthcheck run "$1"
}

state()
{
    inside podman inspect --format "{{.State.$2}}" "$1"
}

is_shown_as() # is_shown_as SERVICE DOMAIN STATE
{
    in_service "$1" freehold -o csv peers | grep -q "^$2,$3,"
}

# ---- the commands of the page -------------------------------------------------------------------

# In a copy of the tree: the demo's data are placed in it.
mkdir "$work/source"
sources()
{
    git ls-files -z --cached --others --exclude-standard 2>/dev/null ||
        find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0
}
cd "$source_folder"
sources | while IFS= read -r -d '' file; do
    [[ ! -f $file ]] || printf '%s\0' "$file" # git also lists what was deleted just now
done | xargs -0 cp --parents -t "$work/source"

# Only the build needs the networks of this machine; a DuckDB that was fetched before is lent to it.
build_flags="--pull=never"
for folder in "$cache"/duckdb-*; do
    [[ ! -d $folder ]] || build_flags+=" --volume $cache:/var/cache/freehold:ro"
    break
done
for kind in container compose compose-end; do
    # shellcheck disable=SC2016 # the variables are for the script that is written
    page_blocks "$source_folder/deploy/README.md" "sh $kind" |
        sed -E -e "s#^podman build #quietly podman build $build_flags #" \
            -e 's#^podman-compose .* (up|down) .*#quietly inside &#' \
            -e 's#^podman (network|volume|run|exec|healthcheck|cp|stop|rm)#inside &#' \
            -e 's#^deploy/demo/fetch#HOME=$real_home FREEHOLD_CACHE=$cache &#' \
            -e '/--name ships/,/[^\\]$/{/[^\\]$/a is_up ships
}' -e '/ up -d$/a mesh_is_up' >"$work/$kind.sh"
done
(($(cat "$work/container.sh" "$work/compose.sh" "$work/compose-end.sh" | wc -l) > 28)) || {
    echo "deploy/README.md: the commands were not found" >&2
    exit 1
}

quietly()
{
    "$@" >>"$work/quiet.txt" 2>&1 || {
        echo "container: failed: $*" >&2
        return 1
    }
}

is_up()
{
    until_true 30 "$1 is healthy" healthy "$1"
}

mesh_is_up()
{
    for service in aviation wildlife geology analytics; do
        until_true 60 "four members in the view of $service" all_alive "$service" 4
    done
    for service in aviation wildlife geology analytics; do
        until_true 60 "six products at $service" finds "$service" 6
    done
    say "the mesh of deploy/compose.yaml is up: four members, six products at each"
}

check_image()
{
    local root size
    size=$(podman image inspect --format '{{.Size}}' localhost/freehold)
    say "the image is built: $((size / 1000000)) MB"
    expect "the image is small (below 120 MB)" test "$size" -lt 120000000
    expect "its user is not root" test "$(podman image inspect --format '{{.User}}' localhost/freehold)" = 10001:10001
    root=$(podman image mount localhost/freehold)
    expect "no file of it gives privileges" test -z "$(find "$root" -xdev -type f -perm /6000)"
    expect "it says what it is made of" test -s "$root/var/lib/dpkg/status.d/libsodium23"
    expect "it has the licences" test -s "$root/usr/share/doc/libuv1/copyright" -a -s "$root/usr/share/doc/freehold/LICENSE"
    podman image umount localhost/freehold >/dev/null
}

domain_of_ships()
{
    inside podman exec ships freehold -o csv domain show
}

after()
{
    case "$2 $1" in
    "Containers 1") check_image ;;
    "Containers 2") domain_of_ships >"$work/domain.txt" ;;
    "Containers 3") expect "the recovery key is offline" test -s ships.recovery ;;
    "Containers 4")
        expect "the new container is the same domain" cmp "$work/domain.txt" <(domain_of_ships)
        expect "the backup has the home" tar -tf ships.tar ./node/keys/node.key ./node/node.db
        expect "the recovery key is not in the backup" test -z "$(tar -tf ships.tar | grep recovery)"
        inside podman rm -f -t 20 ships >/dev/null
        : >"$work/containers-done"
        ;;
    *) ;;
    esac
}

cd "$work/source"
# shellcheck source=/dev/null
source "$work/container.sh" >"$work/out.txt" 2>>"$work/quiet.txt"
expect "all commands of the section Containers ran" test -e "$work/containers-done"
say "a container by hand: founded, taken offline, backed up, replaced"
# shellcheck source=/dev/null
source "$work/compose.sh" >"$work/out.txt" 2>>"$work/quiet.txt"
expect "the search finds flights" grep -q 'aviation/flights' "$work/out.txt"
expect "three million flights" grep -q '^ *3000000' "$work/out.txt"
expect "ten thousand strikes" grep -q '^ *10000' "$work/out.txt"

# ---- what a container may -----------------------------------------------------------------------

status=$(in_service aviation cat /proc/1/status)
expect "the node is user 10001" grep -qP '^Uid:\t10001\t10001' <<<"$status"
expect "it has no capabilities" grep -qP '^Cap(Eff|Bnd):\t0+$' <<<"$status"
expect "it cannot gain privileges" grep -qP '^NoNewPrivs:\t1' <<<"$status"
if in_service aviation sh -c ': >/usr/bin/planted' 2>/dev/null; then
    echo "container: the root can be written" >&2
    exit 1
fi

# ---- answers: owned by several, at several peers, equal to DuckDB's over the files -----------------

for name in 05_strikes_and_flights_by_day 09_all_domains; do
    query=deploy/demo/queries/$name.sql
    "$bin/fh-direct" deploy/demo/direct/views.sql deploy/demo "$query" >"$work/direct.csv"
    for peer in analytics geology; do
        in_service analytics freehold -o csv query -f - --peer "$peer:7400" <"$query" >"$work/answer.csv"
        expect "$name at $peer is what DuckDB says over the files" cmp "$work/direct.csv" "$work/answer.csv"
    done
done
say "answers over several domains are equal to DuckDB's"

# ---- health, kill, stop, restart ----------------------------------------------------------------

for service in aviation wildlife geology analytics; do
    expect "$service is healthy" silently healthy "mesh_${service}_1"
done
inside podman kill -s STOP mesh_wildlife_1 >/dev/null
if healthy mesh_wildlife_1 >/dev/null 2>&1; then
    echo "container: a node that does not answer is called healthy" >&2
    exit 1
fi
inside podman kill -s CONT mesh_wildlife_1 >/dev/null
until_true 30 "wildlife is healthy again" healthy mesh_wildlife_1
say "health: a node that hangs is seen"

flights()
{
    in_service analytics freehold -o csv query 'SELECT count(*) FROM aviation.flights' | grep -qx 3000000
}
was=$(state mesh_aviation_1 StartedAt)
kill -KILL "$(state mesh_aviation_1 Pid)"
restarted()
{
    [[ $(state mesh_aviation_1 StartedAt) != "$was" && $(state mesh_aviation_1 Running) == true ]]
}
until_true 30 "the killed node is started again" restarted
until_true 60 "the killed node serves again" flights
say "kill -9: started again, serves again"

expect "the node stops within its time" silently inside podman stop -t 20 mesh_aviation_1
expect "it stops in order" test "$(state mesh_aviation_1 ExitCode)" = 0
until_true 20 "geology has heard its good-bye" is_shown_as geology aviation left
expect "others go on" silently \
    in_service geology freehold query 'SELECT count(*) FROM wildlife.birdstrikes'
silently inside podman start mesh_aviation_1
until_true 60 "the stopped node serves again" flights
until_true 60 "analytics sees all again" all_alive analytics 4
inside podman start -a mesh_publish-aviation_1 >"$work/again.txt" 2>&1
expect "publishing twice leaves alone what is there" grep -q 'is left alone' "$work/again.txt"
say "SIGTERM: ends with 0, says good-bye, comes back"

# shellcheck source=/dev/null
source "$work/compose-end.sh" >"$work/out.txt" 2>>"$work/quiet.txt"
expect "no container is left" test -z "$(inside podman ps -aq)"
expect "no volume of the mesh is left" test -z "$(inside podman volume ls -q | grep '^mesh_')"
say "the image and the mesh in containers do what deploy/README.md says"
