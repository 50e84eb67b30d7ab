# SPDX-License-Identifier: Apache-2.0
# cmake -DFROM=FILE -DOUTPUT=FILE.c -P embed.cmake: a text as a C array.
file(READ "${FROM}" bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," list "${bytes}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "    \\1\n" list "${list}")
file(WRITE "${OUTPUT}" "/* SPDX-License-Identifier: Apache-2.0 */
/* Written by embed.cmake from openapi.json. */
#include \"tools/door/http/openapi.h\"

static const uint8_t text[] = {
${list}
};

struct fh_bytes fh_http_openapi(void)
{
    return fh_bytes(text, sizeof text);
}
")
