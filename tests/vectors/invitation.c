/* SPDX-License-Identifier: Apache-2.0 */
/* Invitation texts: good, inside a file, and broken in every way that a person can break them. */
#include "common/assert.h"
#include "tests/lib/identities.h"
#include "tests/vectors/writer.h"

#include <stdio.h>

static struct fh_invitation_ticket ticket_of(const struct test_domain *issuer,
                                             const struct fh_mesh_id *mesh)
{
    struct test_record record = test_invitation(issuer, 1, "domain1", mesh);
    struct fh_invitation_ticket ticket = {
        .mesh = *mesh, .issuer = issuer->id, .address_count = 2, .record_size = record.size};
    memcpy(ticket.charter.b, mesh->b, sizeof ticket.charter.b);
    snprintf(ticket.addresses[0], sizeof ticket.addresses[0], "192.0.2.7:7400");
    snprintf(ticket.addresses[1], sizeof ticket.addresses[1], "[2001:db8::7]:7400");
    memcpy(ticket.seed, test_key_of("one-time", 1).seed, sizeof ticket.seed);
    memcpy(ticket.record, record.bytes, record.size);
    return ticket;
}

static void refused(struct fh_buf *out, const char *name, const char *text)
{
    struct fh_invitation_ticket ticket;
    struct fh_err err = {0};
    vector_begin(out, name, "invitation");
    vector_text(out, "text", text);
    vector_refused(out, fh_invitation_parse(&ticket, NULL, fh_bytes_cstr(text), &err), &err);
}

static void
add_good(struct fh_buf *out, const struct fh_invitation_ticket *ticket, const char *text)
{
    struct fh_invitation_ticket again;
    uint8_t bytes[FH_INVITATION_PAYLOAD_BYTES_MAX];
    size_t letters = strlen(text) - 4;
    FH_ASSERT(fh_unbase32(bytes, letters * 5 / 8, text + 4, letters));
    FH_ASSERT(fh_invitation_parse(&again, NULL, fh_bytes_cstr(text), NULL) == FH_OK);
    FH_ASSERT(memcmp(&again.seed, &ticket->seed, sizeof again.seed) == 0);
    vector_begin(out, "good", "invitation");
    vector_text(out, "text", text);
    vector_hex(out,
               "one-time",
               fh_bytes(test_key_of("one-time", 1).public_key.b, sizeof(struct fh_sign_public)));
    vector_value(out, "value", fh_bytes(bytes, letters * 5 / 8));
}

static void text_of(struct fh_buf *out, const struct fh_invitation_ticket *ticket)
{
    fh_buf_reset(out);
    fh_invitation_text(out, ticket);
    FH_ASSERT(fh_buf_ok(out) == FH_OK);
}

void vectors_invitation(struct fh_buf *out)
{
    struct test_domain founder = test_domain_of(0);
    struct fh_mesh_id mesh;
    (void)test_charter_1(&founder, &mesh);
    struct fh_invitation_ticket ticket = ticket_of(&founder, &mesh);
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_INVITATION_TEXT_BYTES);
    vector_file(out, "Invitation texts: proto/README.md, section 7.");
    text_of(&text, &ticket);
    add_good(out, &ticket, fh_buf_cstr(&text));

    refused(out, "prefix", fh_buf_cstr(&text) + 1);
    refused(out, "prefix_alone", "fhi1");
    refused(out, "empty", "");
    text.size -= 8;
    refused(out, "cut", fh_buf_cstr(&text));
    text_of(&text, &ticket);
    text.data[40] = 'A';
    refused(out, "upper_case", fh_buf_cstr(&text));
    text.data[40] = '1';
    refused(out, "no_letter", fh_buf_cstr(&text));
    text_of(&text, &ticket);
    fh_buf_add_cstr(&text, "a");
    refused(out, "one_letter_more", fh_buf_cstr(&text));

    struct fh_invitation_ticket bad = ticket;
    bad.seed[0] ^= 1;
    text_of(&text, &bad);
    refused(out, "another_seed", fh_buf_cstr(&text));
    bad = ticket;
    bad.issuer.b[0] ^= 1;
    text_of(&text, &bad);
    refused(out, "another_issuer", fh_buf_cstr(&text));
    bad = ticket;
    bad.record_size--;
    text_of(&text, &bad);
    refused(out, "record_cut", fh_buf_cstr(&text));
    bad = ticket;
    memcpy(bad.record, founder.inception.bytes, founder.inception.size);
    bad.record_size = founder.inception.size;
    text_of(&text, &bad);
    refused(out, "record_of_another_type", fh_buf_cstr(&text));
}
