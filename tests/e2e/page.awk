# SPDX-License-Identifier: Apache-2.0
# The blocks of a page about a client as one script: each is run by what its language says, and a block of
# text behind it is what it must print. Output of the last block is in the file `printed`.
function run(command)
{
    printf "{ %s <<'END_OF_BLOCK'\n", command
    close_with = "END_OF_BLOCK\n} >printed\n"
}
/^```sh$/ { print "{"; close_with = "} >printed\n"; on = 1; blocks++; next }
/^```python$/ { run("\"$PYTHON\" -"); on = 1; blocks++; next }
/^```r$/ { run("Rscript -"); on = 1; blocks++; next }
/^```sql$/ { run("duckdb"); on = 1; blocks++; next }
/^```js$/ { run("node --input-type=module -"); on = 1; blocks++; next }
/^```text$/ { print "diff printed - >&2 <<'END_OF_BLOCK'"; close_with = "END_OF_BLOCK\n"; on = 1; next }
/^```$/ { printf "%s", close_with; on = 0; next }
/^```/ { print FILENAME ":" FNR ": a block of an unknown language" >"/dev/stderr"; exit 1 }
on { print }
END { if (blocks < 2 || on) { print FILENAME ": its blocks were not found" >"/dev/stderr"; exit 1 } }
