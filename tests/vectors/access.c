/* SPDX-License-Identifier: Apache-2.0 */
/* Access texts: good, of several key events, and broken or with what does not belong inside. */
#include "proto/identity/access.h"
#include "common/assert.h"
#include "common/mem.h"
#include "tests/lib/identities.h"
#include "tests/vectors/writer.h"

#include <stdio.h>

struct made {
    struct test_domain domain;
    struct fh_mesh_id mesh;
    struct test_record charter;
    struct test_record rotation;
    struct test_record delegation;
    struct fh_access access;
};

static void text_of(struct fh_buf *out, const struct fh_access *access)
{
    fh_buf_reset(out);
    fh_access_text(out, access);
    FH_ASSERT(fh_buf_ok(out) == FH_OK);
}

static void add_good(struct fh_buf *out, const char *name, const struct made *made)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    struct fh_access *again FH_CLEANUP(fh_freep) = fh_alloc(sizeof *again);
    uint8_t bytes[FH_ACCESS_PAYLOAD_BYTES_MAX];
    size_t size = 0;
    FH_ASSERT(again != NULL);
    fh_buf_init(&text, FH_ACCESS_TEXT_BYTES);
    text_of(&text, &made->access);
    const char *letters = fh_buf_cstr(&text);
    FH_ASSERT(fh_access_parse(again, fh_bytes_cstr(letters), NULL) == FH_OK);
    FH_ASSERT(again->record_count == made->access.record_count);
    FH_ASSERT(fh_armour_open(bytes, sizeof bytes, &size, "fha1", letters, text.size));
    char key[FH_SIGN_PUBLIC_TEXT_BYTES];
    fh_sign_public_text(key, &made->domain.publisher.public_key);
    vector_begin(out, name, "access");
    vector_text(out, "text", letters);
    vector_text(out, "public", key);
    vector_value(out, "value", fh_bytes(bytes, size));
}

static void refused(struct fh_buf *out, const char *name, const char *text)
{
    struct fh_access *access FH_CLEANUP(fh_freep) = fh_alloc(sizeof *access);
    struct fh_err err = {0};
    FH_ASSERT(access != NULL);
    vector_begin(out, name, "access");
    vector_text(out, "text", text);
    vector_refused(out, fh_access_parse(access, fh_bytes_cstr(text), &err), &err);
}

static void refused_access(struct fh_buf *out, const char *name, const struct fh_access *access)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_ACCESS_TEXT_BYTES);
    text_of(&text, access);
    refused(out, name, fh_buf_cstr(&text));
}

static struct made *make(void)
{
    struct made *made = fh_calloc(1, sizeof *made);
    FH_ASSERT(made != NULL);
    made->domain = test_domain_of(0);
    made->charter = test_charter_1(&made->domain, &made->mesh);
    made->rotation = test_rotation(&made->domain, TEST_START_MS + TEST_DAY_MS);
    made->delegation =
        test_delegation(&made->domain, &made->domain.publisher, FH_ROLE_PUBLISHER, &made->mesh);
    struct fh_access *access = &made->access;
    access->mesh = made->mesh;
    access->domain = made->domain.id;
    snprintf(access->domain_name, sizeof access->domain_name, "%s", made->domain.name);
    access->address_count = 1;
    snprintf(access->addresses[0], sizeof access->addresses[0], "192.0.2.7:7400");
    access->record_count = 2;
    access->records[0] = test_bytes(&made->domain.inception);
    access->records[1] = test_bytes(&made->delegation);
    return made;
}

void vectors_access(struct fh_buf *out)
{
    struct made *made FH_CLEANUP(fh_freep) = make();
    struct fh_access *access = &made->access;
    vector_file(out, "Access texts: proto/README.md, section 7.");
    add_good(out, "good", made);
    access->address_count = 0;
    access->record_count = 3;
    access->records[1] = test_bytes(&made->rotation);
    access->records[2] = test_bytes(&made->delegation);
    add_good(out, "after_a_rotation", made);

    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_ACCESS_TEXT_BYTES);
    text_of(&text, access);
    refused(out, "prefix", fh_buf_cstr(&text) + 1);
    refused(out, "prefix_alone", "fha1");
    refused(out, "empty", "");
    text.size -= 8;
    refused(out, "cut", fh_buf_cstr(&text));
    text_of(&text, access);
    text.data[40] = 'A';
    refused(out, "upper_case", fh_buf_cstr(&text));

    access->record_count = 0;
    refused_access(out, "no_records", access);
    access->record_count = 1;
    access->records[0] = test_bytes(&made->delegation);
    refused_access(out, "no_inception", access);
    access->records[0] = test_bytes(&made->domain.inception);
    access->domain.b[0] ^= 1;
    refused_access(out, "another_domain", access);
    access->domain.b[0] ^= 1;
    access->record_count = 2;
    access->records[1] = test_bytes(&made->domain.inception);
    refused_access(out, "inception_twice", access);
    access->records[1] = test_bytes(&made->charter);
    refused_access(out, "record_of_another_type", access);
    access->records[1] = FH_BYTES_NONE;
    refused_access(out, "empty_record", access);
}
