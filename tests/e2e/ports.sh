# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Ports for the end-to-end tests, so that several builds can be tested on one machine at once.

# Ports that one test may use, and how far the ports of one build are from those of the next. The
# highest is below those that the kernel gives to whoever asks for any.
ports_each=10 ports_apart=1000 ports_builds=20

# taken PORT: whether somebody listens there.
taken()
{
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# choose_ports FIRST FOLDER: the first of ten ports that nobody listens at, beginning with those of
# the programs in that folder; FIRST is the test's own, or 0 for a test without any.
choose_ports()
{
    local first=$1 turn place i
    if ((first == 0)); then
        echo 0
        return
    fi
    turn=$(cksum <<<"$2" | cut -d ' ' -f 1)
    for ((place = 0; place < ports_builds; place++)); do
        first=$(($1 + ports_apart * ((turn + place) % ports_builds)))
        for ((i = 0; i < ports_each; i++)); do
            taken $((first + i)) && continue 2
        done
        echo "$first"
        return
    done
    echo "$0: every port like $1 is in use" >&2
    return 1
}
