# SPDX-License-Identifier: Apache-2.0
# A plot as SVG from lines "panel|unit|series|x|y": one panel after the other, two in a row, both axes by powers
# of ten. A series has its colour by its first word and is dashed when it has a second one. Light and dark.
BEGIN {
    FS = "|"
    width = 430; height = 300; left = 62; right = 16; top = 62; bottom = 42
    ln10 = log(10)
    panels = 0
    colours = 0
}

function log10(v)
{
    return log(v) / ln10
}

function floor(v,   i)
{
    i = int(v)
    return i > v ? i - 1 : i
}

function ceiling(v)
{
    return -floor(-v)
}

function escaped(text)
{
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    return text
}

# 10000 -> "10 k", 0.1 -> "0.1"
function short(v)
{
    return v >= 1000000 ? v / 1000000 " M" : v >= 1000 ? v / 1000 " k" : v ""
}

NF == 5 && $4 > 0 && $5 > 0 {
    if (!($1 in panel_number)) {
        panel_number[$1] = panels
        panel_title[panels] = $1
        panel_unit[panels] = $2
        x_least[panels] = x_most[panels] = $4 + 0
        y_least[panels] = y_most[panels] = $5 + 0
        panels++
    }
    p = panel_number[$1]
    if (!((p, $3) in points)) {
        series_name[p, series[p]++] = $3
    }
    points[p, $3] = points[p, $3] " " $4 ":" $5
    if ($4 + 0 < x_least[p]) x_least[p] = $4 + 0
    if ($4 + 0 > x_most[p]) x_most[p] = $4 + 0
    if ($5 + 0 < y_least[p]) y_least[p] = $5 + 0
    if ($5 + 0 > y_most[p]) y_most[p] = $5 + 0
}

function x_of(v)
{
    return left + (log10(v) - x_from) / (x_to - x_from) * (width - left - right)
}

function y_of(v)
{
    return height - bottom - (log10(v) - y_from) / (y_to - y_from) * (height - top - bottom)
}

function colour_of(name,   words)
{
    split(name, words, " ")
    if (!(words[1] in colour)) {
        colour[words[1]] = "s" (colours++ % 3)
    }
    return colour[words[1]]
}

function axes(p,   e, v)
{
    for (e = x_from; e <= x_to; e++) {
        v = 10 ^ e
        printf "<path class=\"grid\" d=\"M%.1f %dV%d\"/>", x_of(v), top, height - bottom
        printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x_of(v), height - bottom + 16, short(v)
    }
    for (e = y_from; e <= y_to; e++) {
        v = 10 ^ e
        printf "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", left, y_of(v), width - right
        printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left - 6, y_of(v) + 4, short(v)
    }
    printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">nodes</text>\n", (left + width - right) / 2, height - 8
    printf "<text class=\"title\" x=\"%d\" y=\"18\">%s, %s</text>\n", left, escaped(panel_title[p]), escaped(panel_unit[p])
}

function curve(p, name, place,   list, n, i, pair, path, kind, x)
{
    kind = colour_of(name) (name ~ / / ? " dashed" : "")
    n = split(substr(points[p, name], 2), list, " ")
    for (i = 1; i <= n; i++) {
        split(list[i], pair, ":")
        path = path (i == 1 ? "M" : "L") sprintf("%.1f %.1f", x_of(pair[1]), y_of(pair[2]))
        printf "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", kind, x_of(pair[1]), y_of(pair[2])
    }
    printf "<path class=\"line %s\" d=\"%s\"/>\n", kind, path
    x = left + place % 2 * (width - left - right) / 2
    printf "<path class=\"line %s\" d=\"M%.1f %dh22\"/>", kind, x, 32 + int(place / 2) * 16
    printf "<text x=\"%.1f\" y=\"%d\">%s</text>\n", x + 28, 36 + int(place / 2) * 16, escaped(name)
}

END {
    rows = int((panels + 1) / 2)
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n", 2 * width, rows * height
    print "<style>"
    print ":root{--back:#fff;--ink:#222;--grid:#ddd;--a:#0b62c4;--b:#c4510b;--c:#3a7d2c}"
    print "@media(prefers-color-scheme:dark){:root{--back:#16191d;--ink:#ddd;--grid:#3a3f45;--a:#6bb1ff;--b:#ffab66;--c:#8fd97f}}"
    print ".back{fill:var(--back)}text{fill:var(--ink)}.title{font-size:13px;font-weight:bold}.grid{stroke:var(--grid)}"
    print ".line{fill:none;stroke-width:2}.dashed{stroke-dasharray:6 4}"
    print "path.s0{stroke:var(--a)}path.s1{stroke:var(--b)}path.s2{stroke:var(--c)}"
    print "circle{stroke:none}circle.s0{fill:var(--a)}circle.s1{fill:var(--b)}circle.s2{fill:var(--c)}"
    print "</style>"
    printf "<rect class=\"back\" width=\"%d\" height=\"%d\"/>\n", 2 * width, rows * height
    for (p = 0; p < panels; p++) {
        x_from = floor(log10(x_least[p])); x_to = ceiling(log10(x_most[p]))
        y_from = floor(log10(y_least[p])); y_to = ceiling(log10(y_most[p]))
        if (x_to == x_from) x_to++
        if (y_to == y_from) y_to++
        printf "<g transform=\"translate(%d %d)\">\n", p % 2 * width, int(p / 2) * height
        axes(p)
        for (i = 0; i < series[p]; i++) {
            curve(p, series_name[p, i], i)
        }
        print "</g>"
    }
    print "</svg>"
}
