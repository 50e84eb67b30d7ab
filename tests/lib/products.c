/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/products.h"

#include "common/assert.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/publish_text.h"

#include <stdio.h>
#include <stdlib.h>

static const char default_tables[] = "  - name: flights\n"
                                     "    description: One row a flight.\n"
                                     "    properties:\n"
                                     "      - name: origin\n"
                                     "        description: Where it started.\n"
                                     "        logicalType: string\n"
                                     "        required: true\n"
                                     "        classification: public\n"
                                     "      - name: delay\n"
                                     "        description: Minutes late.\n"
                                     "        logicalType: integer\n";

static const char *or_default(const char *text, const char *fallback)
{
    return text == NULL ? fallback : text;
}

static void write_yaml(struct fh_buf *out, const struct test_product *product)
{
    fh_buf_printf(out,
                  "apiVersion: v3.1.0\n"
                  "kind: DataContract\n"
                  "id: test-%s\n"
                  "name: %s\n"
                  "version: %s\n"
                  "status: active\n"
                  "tags: [%s]\n"
                  "description:\n"
                  "  purpose: %s\n"
                  "servers:\n"
                  "  - server: files\n"
                  "    type: local\n"
                  "    path: data.csv\n"
                  "    format: csv\n"
                  "schema:\n%s",
                  product->name,
                  product->name,
                  or_default(product->version, "1.0.0"),
                  or_default(product->tag, "test"),
                  or_default(product->purpose, "Something to look at."),
                  or_default(product->tables, default_tables));
    if (product->is_open) {
        fh_buf_add_cstr(out, "roles:\n  - role: mesh\n    access: read\n");
    }
    if (product->person != NULL) {
        fh_buf_printf(out,
                      "team:\n  name: crew\n  members:\n    - username: lead\n      name: %s\n",
                      product->person);
    }
}

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fprintf(stderr, "%s: %s\n", err->rule, err->text);
        abort();
    }
}

static struct fh_record_id id_of(const struct fh_buf *record, const struct fh_mesh_id *mesh)
{
    struct fh_record parsed;
    struct fh_err err = {0};
    FH_ASSERT(fh_buf_ok(record) == FH_OK);
    must(fh_record_parse(&parsed, fh_buf_view(record), mesh, &err), &err);
    return parsed.id;
}

struct fh_record_id test_contract_record(struct fh_buf *out,
                                         const struct test_product *product,
                                         const struct fh_domain_id *domain,
                                         const struct test_key *signer,
                                         const struct fh_mesh_id *mesh)
{
    struct fh_err err = {0};
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_published published;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    FH_CLEANUP(fh_buf_fini) struct fh_buf yaml;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    FH_ASSERT(arena != NULL && out->size == 0);
    fh_buf_init(&yaml, FH_CONTRACT_BYTES_MAX);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    write_yaml(&yaml, product);
    fh_findings_init(&findings, arena);
    must(fh_contract_read(&contract, fh_buf_view(&yaml), &findings, &err), &err);
    must(fh_publish_text(&published, fh_buf_view(&yaml), contract, domain, &findings, &err), &err);
    const struct fh_contract_record record = {
        .domain = *domain,
        .seq = product->seq == 0 ? 1 : product->seq,
        .prev = product->prev,
        .created_ms = product->created_ms == 0 ? TEST_START_MS + TEST_HOUR_MS : product->created_ms,
        .compat_rules =
            product->compat_rules == 0 ? FH_CONTRACT_COMPAT_RULES : product->compat_rules,
        .text = published.text,
    };
    fh_contract_record_encode(&payload, &record, published.contract);
    FH_ASSERT(fh_buf_ok(&payload) == FH_OK);
    fh_record_seal(out, FH_RECORD_CONTRACT, mesh, fh_buf_view(&payload), &signer->secret);
    return id_of(out, mesh);
}

struct fh_record_id test_announcement_record(struct fh_buf *out,
                                             const struct fh_announcement *announcement,
                                             const struct test_key *signer,
                                             const struct fh_mesh_id *mesh)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    FH_ASSERT(out->size == 0);
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_announce_encode(&payload, announcement);
    FH_ASSERT(fh_buf_ok(&payload) == FH_OK);
    fh_record_seal(out, FH_RECORD_ANNOUNCEMENT, mesh, fh_buf_view(&payload), &signer->secret);
    return id_of(out, mesh);
}

struct fh_announcement test_announcement_of(const struct test_product *product,
                                            const struct fh_domain_id *domain,
                                            const struct fh_record_id *contract,
                                            size_t contract_bytes)
{
    struct fh_announcement announcement = {
        .domain = *domain,
        .revision = 1,
        .status = FH_ANNOUNCE_ACTIVE,
        .contract = *contract,
        .contract_bytes = contract_bytes,
        .contract_seq = product->seq == 0 ? 1 : product->seq,
        .issued_ms = TEST_START_MS + TEST_HOUR_MS,
        .expires_ms = TEST_START_MS + TEST_HOUR_MS + FH_ANNOUNCEMENT_TTL_MS,
    };
    const char *version = or_default(product->version, "1.0.0");
    snprintf(announcement.product, sizeof announcement.product, "%s", product->name);
    snprintf(announcement.version, sizeof announcement.version, "%s", version);
    announcement.major = (uint32_t)strtoul(version, NULL, 10);
    fh_announce_text(announcement.title, sizeof announcement.title, product->name);
    fh_announce_text(announcement.summary,
                     sizeof announcement.summary,
                     or_default(product->purpose, "Something to look at."));
    return announcement;
}
