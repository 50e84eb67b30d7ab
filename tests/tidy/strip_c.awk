# SPDX-License-Identifier: Apache-2.0
# Prints "path:line:code" of C files with comments and the text of literals left out, so that a
# rule about code does not trip over prose. Literals become "" and ' '.
FNR == 1 { comment = 0 }
{
    line = $0
    code = ""
    while (length(line) > 0) {
        if (comment) {
            at = index(line, "*/")
            if (at == 0) {
                break
            }
            comment = 0
            line = substr(line, at + 2)
            code = code " "
        } else if (match(line, /\/\*|\/\/|"|'/)) {
            code = code substr(line, 1, RSTART - 1)
            start = substr(line, RSTART, RLENGTH)
            line = substr(line, RSTART + RLENGTH)
            if (start == "/*") {
                comment = 1
            } else if (start == "//") {
                break
            } else {
                # The include of a header is no literal.
                if (code ~ /^[ \t]*#[ \t]*include[ \t]*$/) {
                    code = code start line
                    break
                }
                if (start == "\"") {
                    match(line, /^([^"\\]|\\.)*"/)
                    code = code "\"\""
                } else {
                    match(line, /^([^'\\]|\\.)*'/)
                    code = code "' '"
                }
                line = RLENGTH > 0 ? substr(line, RLENGTH + 1) : ""
            }
        } else {
            code = code line
            line = ""
        }
    }
    if (code !~ /^[ \t]*$/) {
        print FILENAME ":" FNR ":" code
    }
}
