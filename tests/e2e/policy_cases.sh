#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Policies held against cases, without a home and without a node: what passes, what is told of a case that
# fails, and what is no case.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
unset FREEHOLD_HOME
mkdir "$work/nobody" "$data/cases" # no node, so no log: common.sh looks for one
: >"$work/nobody/node.log"

# tests ARGUMENT...: `freehold policy test`; its exit code is in `status`, what it prints in out and err.
tests()
{
    status=0
    bounded "$bin/freehold" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}
# says FILE TEXT...: each of the texts is in it.
says()
{
    local file=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$file" || fail "nothing says '$text': $(cat "$work/out" "$work/err")"
    done
}

make_contract orders 1.0.0 >"$data/orders.odcs.yaml"
cat >"$data/private.policy.yaml" <<'YAML'
name: private
version: 1.0.0
purposes: [billing, audit]
mask:
  - columns: [item]
    method: partial
    first: 1
    except: [{roles: [auditor], purposes: [audit]}]
filter:
  - {table: orders, where: id > 5}
export:
  - formats: [csv]
notice:
  - days: 30
YAML
cat >"$data/agreed.policy.yaml" <<'YAML'
name: agreed
version: 2.0.0
domains: [shop]
mask: [{columns: [item], method: hash}]
require: [{fields: [owner]}]
YAML
cat >"$data/cases/orders.cases.yaml" <<'YAML'
given:
  contract: ../orders.odcs.yaml
  owner: shop
  policies: [../private.policy.yaml]
  domain: museum
  purpose: billing
  grants: [{}]
cases:
  - case: a clerk sees the first letter
    when: {read: orders}
    then: {columns: {item: partial}, others: as it is, rows: id > 5}
  - case: an auditor sees it whole
    given: {roles: [auditor], purpose: audit}
    when: {read: orders}
    then: {columns: {item: as it is}}
  - case: but not where the mesh agreed
    given: {roles: [auditor], purpose: audit, mesh_policies: [../agreed.policy.yaml]}
    when: {read: orders, export: csv}
    then: {columns: {item: hash}, policies: [agreed, private]}
  - case: nobody sells it
    given: {purpose: sales}
    when: {read: orders}
    then: {refused: policy.purpose}
  - case: a version without an owner is not published
    given: {mesh_policies: [../agreed.policy.yaml]}
    when: {publish: true}
    then: {refused: policy.require.owner}
YAML

say "- cases that pass, from wherever they are run, and the rules that none of them has to do with"
tests policy test "$data/cases/orders.cases.yaml"
((status == 0)) || fail "exit $status: $(cat "$work/out" "$work/err")"
says "$work/err" '5 cases: 5 passed, 0 failed' "private.policy.yaml:14: note: no case has to do with notice[0]"
(cd "$data/cases" && tests policy test orders.cases.yaml && exit "$status") || fail "from its folder"

say "- a case that fails: file, line, case, what was expected, what happened and why"
sed -e 's/item: hash/item: partial/' -e 's/policy.purpose/policy.export/' "$data/cases/orders.cases.yaml" \
    >"$data/cases/wrong.cases.yaml"
tests -o csv policy test "$data/cases/wrong.cases.yaml" "$data/cases/orders.cases.yaml"
((status == 1)) || fail "exit $status"
says "$work/out" \
    'wrong.cases.yaml,19,but not where the mesh agreed,failed,orders.item,partial,hash,"mesh policy agreed 2.0.0, line 4"' \
    'wrong.cases.yaml,23,nobody sells it,failed,outcome,refused: policy.export,refused: policy.purpose,' \
    'orders.cases.yaml,24,a version without an owner is not published,passed,'
says "$work/err" '10 cases: 8 passed, 2 failed' 'rule: case.failed'
tests -o json policy test "$data/cases/wrong.cases.yaml"
python3 -c 'import json, sys
found = json.load(open(sys.argv[1]))
assert [f["outcome"] for f in found].count("failed") == 2 and len(found) == 5, found' "$work/out"

say "- what is no case, and what decides nothing"
sed 's/    then: {refused/    than: {refused/' "$data/cases/orders.cases.yaml" >"$data/cases/wrong.cases.yaml"
refused 1 'wrong.cases.yaml:23:5: error: cases[3]: a case has no key "than"; did you mean "then"?' \
    'none was run' -- "$bin/freehold" policy test "$data/cases/wrong.cases.yaml"
sed 's/item: partial}, others/itme: partial}, others/' "$data/cases/orders.cases.yaml" >"$data/cases/wrong.cases.yaml"
tests -o csv policy test "$data/cases/wrong.cases.yaml"
((status == 1)) || fail "exit $status"
says "$work/out" ',failed,case,"",line 11: no table that is read has a column itme,case.column'
sed 's/method: partial/method: generalise/; s/first: 1/to: year/' "$data/private.policy.yaml" >"$data/unfit.policy.yaml"
sed 's/private.policy/unfit.policy/' "$data/cases/orders.cases.yaml" >"$data/cases/wrong.cases.yaml"
refused 1 'unfit.policy.yaml:5:5: error: mask[0]: orders.item: generalise to year does not fit' \
    'rule: policy.mask.type' -- "$bin/freehold" policy test "$data/cases/wrong.cases.yaml"
sed 's/private.policy/agreed.policy/' "$data/cases/orders.cases.yaml" >"$data/cases/wrong.cases.yaml"
refused 1 'rule: policy.domains' -- "$bin/freehold" policy test "$data/cases/wrong.cases.yaml"
refused 1 'no such file' -- "$bin/freehold" policy test "$data/cases/nothing.cases.yaml"
refused 2 -- "$bin/freehold" policy test
say "all of it"
