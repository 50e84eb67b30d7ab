#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Help and completion walk the table of commands: every command has examples, every noun, verb and flag
# that help names is completed by bash, and by zsh and fish where they are installed; operands and values
# by what they are: files, folders, words, products of the catalogue, members of the home.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 10
make_mesh shop
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
export FREEHOLD_HOME=$work/shop/home PATH=$bin:$PATH
cd "$data"
mkdir folder

# The commands as the help of everything lists them.
mapfile -t commands < <(freehold --help | awk '/^Commands/ {on = 1; next} /^$/ {on = 0}
    on {name = $1; if ($2 ~ /^[a-z-]+$/ && substr($0, 3 + length($1) + 1, 1) != " ") name = name " " $2; print name}')
((${#commands[@]} > 20)) || fail "the commands were not found: ${commands[*]}"

say "- help"
for command in "${commands[@]}"; do
    # shellcheck disable=SC2086 # noun and verb
    text=$(freehold $command --help)
    grep -q '^Examples$' <<<"$text" || fail "$command: no examples"
    grep -A1 '^Examples$' <<<"$text" | grep -qE '^  \$ .*freehold' || fail "$command: examples without the command"
    while read -r flag; do
        [[ $text == *"$flag"* ]] || fail "$command: an example with $flag, which its help does not have"
    done < <(sed -n '/^Examples$/,$p' <<<"$text" | grep -oE -- ' --[a-z-]+' | sort -u)
done

# completes WORD... ==: what bash offers for the last word.
completes()
{
    (
        # shellcheck source=/dev/null
        source <(freehold completion bash)
        # shellcheck disable=SC2034 # bash's own
        COMP_WORDS=(freehold "$@") COMP_CWORD=$#
        _freehold
        ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}" | sort
    )
}
offers() # TEXT WORD...: among what is offered
{
    local wanted=$1
    shift
    completes "$@" | grep -qxF -- "$wanted" || fail "bash does not offer '$wanted' for: $*: $(completes "$@")"
}

flags_of() # COMMAND...
{
    freehold "$@" --help | sed -n '/^Flags/,/^Examples/p' | grep -oE -- '--[a-z-]+' | sort -u
}

say "- bash: every noun, verb and flag"
for command in "${commands[@]}"; do
    read -ra parts <<<"$command"
    offers "${parts[0]}" "${parts[0]:0:1}"
    if ((${#parts[@]} == 2)); then
        offers "${parts[1]}" "${parts[0]}" "${parts[1]:0:1}"
        offers "${parts[1]}" --home "$FREEHOLD_HOME" -o json "${parts[0]}" ""
    fi
    for flag in $(flags_of "${parts[@]}"); do
        offers "$flag" "${parts[@]}" "${flag:0:3}"
    done
done

say "- bash: operands and values"
offers orders.odcs.yaml product publish ord
offers orders.odcs.yaml product publish --dry-run first.yaml ord
offers orders.odcs.yaml contract lint ord
offers shop/orders product describe sho
offers publisher member revoke pub
offers shop/orders access can-i read sho
freehold grant create shop/orders --to shop --until 1d >/dev/null
offers "$(freehold -o csv grant list | sed -n '2s/,.*//p')" grant revoke fhr
offers zsh completion z
offers folder --home fold
offers csv status -o c
offers json --output js
offers orders.csv query --receipt ord
offers publisher member add key --role p
[[ -z $(completes status --peer "") ]] || fail "an address cannot be completed"
[[ -z $(completes product publish --node or) ]] || fail "an address cannot be completed"
[[ -z $(completes nonsense "") || $(completes nonsense "") == *product* ]] || fail "nonsense"

if command -v fish >/dev/null; then
    say "- fish"
    fish_offers() # TEXT LINE
    {
        fish --no-config -c "freehold completion fish | source; complete -C '$2'" 2>/dev/null |
            cut -f1 | grep -qxF -- "$1" || fail "fish does not offer '$1' for '$2'"
    }
    for command in "${commands[@]}"; do
        fish_offers "${command##* }" "freehold ${command%"${command##* }"}"
        read -ra parts <<<"$command"
        for flag in $(flags_of "${parts[@]}"); do
            fish_offers "$flag" "freehold $command ${flag:0:3}"
        done
    done
    fish_offers shop/orders 'freehold product describe sho'
    fish_offers orders.odcs.yaml 'freehold product publish ord'
    fish_offers publisher 'freehold member add key --role '
fi

if command -v zsh >/dev/null; then
    say "- zsh"
    freehold completion zsh >"$work/_freehold"
    zsh -n "$work/_freehold" || fail "the script of zsh is none"
    cat >"$work/look.zsh" <<'ZSH'
compdef() { }
source $1
shift
local kind choices flags
_freehold_look "$@"
print -r -- "$kind:$choices:$flags"
ZSH
    zsh_sees() # TEXT WORD...
    {
        local wanted=$1 seen
        shift
        seen=$(zsh -f "$work/look.zsh" "$work/_freehold" "$@")
        [[ $seen == *"$wanted"* ]] || fail "zsh does not know '$wanted' after '$*': $seen"
    }
    for command in "${commands[@]}"; do
        read -ra parts <<<"$command"
        zsh_sees " ${parts[0]}"
        ((${#parts[@]} == 1)) || zsh_sees " ${parts[1]}" "${parts[0]}"
        for flag in $(flags_of "${parts[@]}"); do
            zsh_sees " $flag" "${parts[@]}"
        done
    done
    zsh_sees product: product describe
    zsh_sees file: product publish first.yaml
    zsh_sees 'words: publisher member' member add key --role
fi
