# SPDX-License-Identifier: Apache-2.0
# Writes the files of a folder as a C table of struct fh_page_asset, each also compressed:
#     cmake -DFROM=web -DOUTPUT=table.c "-DFILES=index.html app.css" -P embed.cmake
# index.html stands under "/", the others under "/assets/". Same files, same bytes: no time or name
# of this machine goes in.
cmake_minimum_required(VERSION 3.25)

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

# bytes_of(FILE OUT): its bytes as the inside of a C array, twenty a line.
function(bytes_of file out)
    file(READ "${file}" hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
    string(REPEAT "....." 20 line)
    string(REGEX REPLACE "(${line})" "\\1\n" hex "${hex}")
    set(${out} "${hex}" PARENT_SCOPE)
endfunction()

set(arrays "")
set(rows "")
set(number 0)
separate_arguments(FILES)
foreach(name IN LISTS FILES)
    string(REGEX MATCH "[a-z]+$" kind "${name}")
    if(NOT DEFINED type_${kind})
        message(FATAL_ERROR "${name}: no content type is known for .${kind}")
    endif()
    set(path "/assets/${name}")
    if(name STREQUAL "index.html")
        set(path "/")
    endif()
    set(packed "${OUTPUT}.gz")
    file(ARCHIVE_CREATE OUTPUT "${packed}" PATHS "${FROM}/${name}"
        FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9 MTIME "1970-01-01 00:00:00 UTC")
    file(SHA256 "${FROM}/${name}" hash)
    string(SUBSTRING "${hash}" 0 32 hash)
    bytes_of("${FROM}/${name}" plain)
    bytes_of("${packed}" small)
    file(REMOVE "${packed}")
    string(APPEND arrays
        "static const uint8_t plain_${number}[] = {\n${plain}};\n"
        "static const uint8_t small_${number}[] = {\n${small}};\n")
    string(APPEND rows
        "    {\"${path}\", \"${type_${kind}}\", \"\\\"${hash}\\\"\", plain_${number}, "
        "sizeof plain_${number}, small_${number}, sizeof small_${number}},\n")
    math(EXPR number "${number} + 1")
endforeach()

file(WRITE "${OUTPUT}"
    "/* Written by tools/door/pages/embed.cmake. */\n"
    "#include \"tools/door/pages/table.h\"\n\n"
    "${arrays}\n"
    "const struct fh_page_asset fh_pages_table[] = {\n${rows}};\n"
    "const size_t fh_pages_table_count = sizeof fh_pages_table / sizeof fh_pages_table[0];\n")
