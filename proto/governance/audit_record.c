/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/audit_record.h"

#include "proto/governance/text_list.h"
#include "proto/identity/directory.h"
#include "proto/identity/keylog.h"

#include <string.h>
#include <strings.h>

enum {
    VERSION = 1,
    RECORD_FIELDS = 6,
    OPENED_FIELDS = 3,
    READ_FIELDS = 12,
    ENDED_FIELDS = 8,
    GOVERNED_FIELDS = 6,
    CHECKPOINT_FIELDS = 1,
    RECOVERED_FIELDS = 1,
    PRUNED_FIELDS = 2,
    COUNTED_FIELDS = 8,
    WHO_FIELDS = 6,
    TABLE_FIELDS = 9,
    WAIVED_TABLE_FIELDS = 10, /* of one where a waiver had a part */
    WAIVED_FIELDS = 2,
    CODE_MAX = 255,
};

static const char *const kind_texts[FH_AUDIT_KIND_COUNT] = {
#define X(name, code, text) [FH_AUDIT_##name] = (text),
    FH_AUDIT_KINDS(X)
#undef X
};

const char *fh_audit_kind_text(unsigned kind)
{
    return kind < FH_AUDIT_KIND_COUNT ? kind_texts[kind] : "unknown";
}

const char *fh_audit_way_text(unsigned way)
{
    static const char *const texts[FH_AUDIT_WAY_COUNT] = {
        [FH_AUDIT_QUERY] = "query", [FH_AUDIT_PART] = "part of a join", [FH_AUDIT_CAN] = "can-i"};
    return way < FH_AUDIT_WAY_COUNT ? texts[way] : "unknown";
}

bool fh_audit_table_has(const struct fh_audit_table *table, const char *column)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i], "*") == 0 || strcasecmp(table->columns[i], column) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- writing ---- */

static void pack_id(struct fh_buf *out, const uint8_t id[FH_ID_BYTES])
{
    fh_pack_bin(out, fh_bytes(id, FH_ID_BYTES));
}

static void pack_texts(struct fh_buf *out, uint32_t count, const char *const *texts)
{
    const struct fh_text_list list = {count, texts};
    fh_text_list_pack(out, &list);
}

static void pack_who(struct fh_buf *out, const struct fh_audit_who *who)
{
    fh_pack_array(out, WHO_FIELDS);
    pack_id(out, who->domain.b);
    fh_pack_cstr(out, who->domain_name);
    fh_pack_optional(out, who->key.b, FH_ID_BYTES);
    pack_texts(out, who->role_count, who->roles);
    fh_pack_optional(out, who->token.b, FH_ID_BYTES);
    fh_pack_cstr(out, who->token_label);
}

static void pack_waived(struct fh_buf *out, const struct fh_audit_table *table)
{
    uint32_t count =
        table->waived_count < FH_AUDIT_WAIVED_MAX ? table->waived_count : FH_AUDIT_WAIVED_MAX;
    fh_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        fh_pack_array(out, WAIVED_FIELDS);
        pack_id(out, table->waived[i].id.b);
        fh_pack_cstr(out, table->waived[i].rule);
    }
}

static void pack_table(struct fh_buf *out, const struct fh_audit_table *table, bool brief)
{
    static const char *const all[] = {"*"};
    fh_pack_array(out, table->waived_count > 0 ? WAIVED_TABLE_FIELDS : TABLE_FIELDS);
    fh_pack_cstr(out, table->product);
    fh_pack_cstr(out, table->version);
    fh_pack_cstr(out, table->table);
    pack_id(out, table->contract.b);
    fh_pack_optional(out, table->grant.b, FH_ID_BYTES);
    pack_texts(out, table->policy_count, table->policies);
    pack_texts(out, brief ? 1 : table->column_count, brief ? all : table->columns);
    pack_texts(out,
               brief && table->masked_count > 0 ? 1 : table->masked_count,
               brief ? all : table->masked);
    fh_pack_bool(out, table->filtered);
    if (table->waived_count > 0) {
        pack_waived(out, table);
    }
}

void fh_audit_opened_pack(struct fh_buf *out, const struct fh_audit_opened *opened)
{
    fh_pack_array(out, OPENED_FIELDS);
    pack_id(out, opened->mesh.b);
    pack_id(out, opened->domain.b);
    fh_pack_bin(out, fh_bytes(opened->key.b, sizeof opened->key.b));
}

void fh_audit_read_pack(struct fh_buf *out, const struct fh_audit_read *read)
{
    uint32_t columns = 0;
    for (uint32_t i = 0; i < read->table_count; i++) {
        columns += read->tables[i].column_count + read->tables[i].masked_count;
    }
    fh_pack_array(out, READ_FIELDS);
    fh_pack_uint(out, read->question);
    fh_pack_uint(out, (uint64_t)read->way);
    fh_pack_bin(out, fh_bytes(read->request_id, sizeof read->request_id));
    fh_pack_optional(out, read->request.b, FH_ID_BYTES);
    pack_who(out, &read->who);
    pack_id(out, read->entry.b);
    fh_pack_cstr(out, read->purpose);
    fh_pack_optional(out, read->sql.b, FH_ID_BYTES);
    fh_pack_bin(out, read->sealed);
    fh_pack_array(out, read->table_count);
    for (uint32_t i = 0; i < read->table_count; i++) {
        pack_table(out, &read->tables[i], columns > FH_AUDIT_COLUMNS_MAX);
    }
    fh_pack_uint(out, read->code);
    fh_pack_cstr(out, read->rule);
}

void fh_audit_ended_pack(struct fh_buf *out, const struct fh_audit_ended *ended)
{
    fh_pack_array(out, ENDED_FIELDS);
    fh_pack_uint(out, ended->question);
    fh_pack_optional(out, ended->request.b, FH_ID_BYTES);
    fh_pack_uint(out, ended->code);
    fh_pack_cstr(out, ended->rule);
    fh_pack_uint(out, ended->rows);
    fh_pack_uint(out, ended->bytes);
    fh_pack_uint(out, ended->duration_ms);
    fh_pack_optional(out, ended->receipt.b, FH_ID_BYTES);
}

void fh_audit_governed_pack(struct fh_buf *out, const struct fh_audit_governed *governed)
{
    fh_pack_array(out, GOVERNED_FIELDS);
    fh_pack_cstr(out, governed->what);
    fh_pack_cstr(out, governed->subject);
    fh_pack_optional(out, governed->record.b, FH_ID_BYTES);
    pack_who(out, &governed->who);
    fh_pack_uint(out, governed->code);
    fh_pack_cstr(out, governed->rule);
}

void fh_audit_checkpoint_pack(struct fh_buf *out, struct fh_bytes record)
{
    fh_pack_array(out, CHECKPOINT_FIELDS);
    fh_pack_bin(out, record);
}

void fh_audit_recovered_pack(struct fh_buf *out, const struct fh_audit_recovered *recovered)
{
    fh_pack_array(out, RECOVERED_FIELDS);
    fh_pack_uint(out, recovered->dropped_bytes);
}

void fh_audit_pruned_pack(struct fh_buf *out, const struct fh_audit_pruned *pruned)
{
    fh_pack_array(out, PRUNED_FIELDS);
    fh_pack_uint(out, pruned->first);
    fh_pack_uint(out, pruned->last);
}

void fh_audit_counted_pack(struct fh_buf *out, const struct fh_audit_counted *counted)
{
    fh_pack_array(out, COUNTED_FIELDS);
    fh_pack_optional(out, counted->domain.b, FH_ID_BYTES);
    fh_pack_cstr(out, counted->domain_name);
    fh_pack_optional(out, counted->key.b, FH_ID_BYTES);
    fh_pack_uint(out, counted->code);
    fh_pack_cstr(out, counted->rule);
    fh_pack_uint(out, counted->count);
    fh_pack_uint(out, (uint64_t)counted->first_ms);
    fh_pack_uint(out, (uint64_t)counted->last_ms);
}

void fh_audit_record_pack(struct fh_buf *out,
                          const struct fh_audit_record *record,
                          struct fh_bytes detail)
{
    fh_pack_array(out, RECORD_FIELDS);
    fh_pack_uint(out, VERSION);
    fh_pack_uint(out, record->seq);
    fh_pack_uint(out, (uint64_t)record->time_ms);
    pack_id(out, record->prev.b);
    fh_pack_uint(out, record->kind);
    fh_buf_add_bytes(out, detail);
}

/* ---- reading ---- */

/* In any order: that of fh_text_list_check is for records that are signed. */
static void read_texts(struct fh_pack_reader *reader,
                       uint32_t most,
                       size_t bytes_max,
                       struct fh_arena *arena,
                       uint32_t *out_count,
                       const char *const **out)
{
    struct fh_text_list list = {.count = 0};
    fh_text_list_read(&list, reader, most, bytes_max, arena);
    *out_count = list.count;
    *out = list.texts;
}

static void
read_who(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_who *who)
{
    uint32_t count = fh_pack_read_record(reader, WHO_FIELDS);
    fh_pack_read_fixed(reader, who->domain.b, FH_ID_BYTES);
    who->domain_name = fh_text_read(reader, FH_NAME_BYTES_MAX, arena);
    (void)fh_pack_read_optional(reader, who->key.b, FH_ID_BYTES);
    read_texts(reader, FH_ROLE_NAMES_MAX, FH_NAME_BYTES_MAX, arena, &who->role_count, &who->roles);
    (void)fh_pack_read_optional(reader, who->token.b, FH_ID_BYTES);
    who->token_label = fh_text_read(reader, FH_NAME_BYTES_MAX, arena);
    fh_pack_read_record_end(reader, count, WHO_FIELDS);
}

static void
read_waived(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_table *table)
{
    uint32_t count = fh_pack_read_array(reader, FH_AUDIT_WAIVED_MAX);
    struct fh_audit_waived *waived = fh_arena_array(arena, (size_t)count + 1, sizeof *waived);
    if (waived == NULL) {
        fh_pack_fail(reader, "more waivers than there is memory for");
        return;
    }
    for (uint32_t i = 0; i < count && reader->failed == FH_OK; i++) {
        uint32_t fields = fh_pack_read_record(reader, WAIVED_FIELDS);
        fh_pack_read_fixed(reader, waived[i].id.b, FH_ID_BYTES);
        waived[i].rule = fh_text_read(reader, FH_AUDIT_WAIVED_BYTES_MAX, arena);
        fh_pack_read_record_end(reader, fields, WAIVED_FIELDS);
    }
    table->waived_count = count;
    table->waived = waived;
}

static void
read_table(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_table *table)
{
    uint32_t count = fh_pack_read_record(reader, TABLE_FIELDS);
    table->product = fh_text_read(reader, FH_NAME_BYTES_MAX, arena);
    table->version = fh_text_read(reader, FH_VERSION_BYTES_MAX, arena);
    table->table = fh_text_read(reader, FH_NAME_BYTES_MAX, arena);
    fh_pack_read_fixed(reader, table->contract.b, FH_ID_BYTES);
    (void)fh_pack_read_optional(reader, table->grant.b, FH_ID_BYTES);
    read_texts(reader,
               FH_AUDIT_POLICIES_MAX,
               FH_AUDIT_POLICY_BYTES_MAX,
               arena,
               &table->policy_count,
               &table->policies);
    read_texts(reader,
               FH_AUDIT_COLUMNS_MAX,
               FH_COLUMN_NAME_BYTES_MAX,
               arena,
               &table->column_count,
               &table->columns);
    read_texts(reader,
               FH_AUDIT_COLUMNS_MAX,
               FH_COLUMN_NAME_BYTES_MAX,
               arena,
               &table->masked_count,
               &table->masked);
    table->filtered = fh_pack_read_bool(reader);
    table->waived_count = 0;
    table->waived = NULL;
    if (count >= WAIVED_TABLE_FIELDS && reader->failed == FH_OK) {
        read_waived(reader, arena, table);
    }
    fh_pack_read_record_end(
        reader, count, count >= WAIVED_TABLE_FIELDS ? WAIVED_TABLE_FIELDS : TABLE_FIELDS);
}

static void
read_opened(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_record *record)
{
    (void)arena;
    uint32_t count = fh_pack_read_record(reader, OPENED_FIELDS);
    fh_pack_read_fixed(reader, record->detail.opened.mesh.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, record->detail.opened.domain.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, record->detail.opened.key.b, sizeof record->detail.opened.key.b);
    fh_pack_read_record_end(reader, count, OPENED_FIELDS);
}

static void
read_read(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_record *record)
{
    struct fh_audit_read *read = &record->detail.read;
    uint32_t count = fh_pack_read_record(reader, READ_FIELDS);
    read->question = fh_pack_read_uint(reader, UINT64_MAX);
    read->way = (enum fh_audit_way)fh_pack_read_uint(reader, FH_AUDIT_WAY_COUNT - 1);
    fh_pack_read_fixed(reader, read->request_id, sizeof read->request_id);
    (void)fh_pack_read_optional(reader, read->request.b, FH_ID_BYTES);
    read_who(reader, arena, &read->who);
    fh_pack_read_fixed(reader, read->entry.b, FH_ID_BYTES);
    read->purpose = fh_text_read(reader, FH_PURPOSE_BYTES_MAX, arena);
    (void)fh_pack_read_optional(reader, read->sql.b, FH_ID_BYTES);
    read->sealed = fh_pack_read_bin(reader, FH_AUDIT_SEALED_BYTES_MAX);
    uint32_t tables = fh_pack_read_array(reader, FH_QUERY_TABLES_MAX);
    struct fh_audit_table *all = fh_arena_array(arena, (size_t)tables + 1, sizeof *all);
    if (all == NULL) {
        fh_pack_fail(reader, "more tables than there is memory for");
        return;
    }
    for (uint32_t i = 0; i < tables && reader->failed == FH_OK; i++) {
        read_table(reader, arena, &all[i]);
    }
    read->table_count = tables;
    read->tables = all;
    read->code = (unsigned)fh_pack_read_uint(reader, CODE_MAX);
    read->rule = fh_text_read(reader, FH_ERR_RULE_BYTES - 1, arena);
    fh_pack_read_record_end(reader, count, READ_FIELDS);
}

static void
read_ended(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_record *record)
{
    struct fh_audit_ended *ended = &record->detail.ended;
    uint32_t count = fh_pack_read_record(reader, ENDED_FIELDS);
    ended->question = fh_pack_read_uint(reader, UINT64_MAX);
    (void)fh_pack_read_optional(reader, ended->request.b, FH_ID_BYTES);
    ended->code = (unsigned)fh_pack_read_uint(reader, CODE_MAX);
    ended->rule = fh_text_read(reader, FH_ERR_RULE_BYTES - 1, arena);
    ended->rows = fh_pack_read_uint(reader, UINT64_MAX);
    ended->bytes = fh_pack_read_uint(reader, UINT64_MAX);
    ended->duration_ms = fh_pack_read_uint(reader, UINT64_MAX);
    (void)fh_pack_read_optional(reader, ended->receipt.b, FH_ID_BYTES);
    fh_pack_read_record_end(reader, count, ENDED_FIELDS);
}

static void
read_governed(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_record *record)
{
    struct fh_audit_governed *governed = &record->detail.governed;
    uint32_t count = fh_pack_read_record(reader, GOVERNED_FIELDS);
    governed->what = fh_text_read(reader, FH_NAME_BYTES_MAX, arena);
    governed->subject = fh_text_read(reader, FH_AUDIT_SUBJECT_BYTES_MAX, arena);
    (void)fh_pack_read_optional(reader, governed->record.b, FH_ID_BYTES);
    read_who(reader, arena, &governed->who);
    governed->code = (unsigned)fh_pack_read_uint(reader, CODE_MAX);
    governed->rule = fh_text_read(reader, FH_ERR_RULE_BYTES - 1, arena);
    fh_pack_read_record_end(reader, count, GOVERNED_FIELDS);
}

static void
read_checkpoint(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_record *out)
{
    (void)arena;
    uint32_t count = fh_pack_read_record(reader, CHECKPOINT_FIELDS);
    out->detail.checkpoint = fh_pack_read_bin(reader, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    fh_pack_read_record_end(reader, count, CHECKPOINT_FIELDS);
}

static void
read_recovered(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_record *out)
{
    (void)arena;
    uint32_t count = fh_pack_read_record(reader, RECOVERED_FIELDS);
    out->detail.recovered.dropped_bytes = fh_pack_read_uint(reader, UINT64_MAX);
    fh_pack_read_record_end(reader, count, RECOVERED_FIELDS);
}

static void
read_pruned(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_record *out)
{
    (void)arena;
    uint32_t count = fh_pack_read_record(reader, PRUNED_FIELDS);
    out->detail.pruned.first = fh_pack_read_uint(reader, UINT64_MAX);
    out->detail.pruned.last = fh_pack_read_uint(reader, UINT64_MAX);
    fh_pack_read_record_end(reader, count, PRUNED_FIELDS);
}

static void
read_counted(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_record *out)
{
    struct fh_audit_counted *counted = &out->detail.counted;
    uint32_t count = fh_pack_read_record(reader, COUNTED_FIELDS);
    (void)fh_pack_read_optional(reader, counted->domain.b, FH_ID_BYTES);
    counted->domain_name = fh_text_read(reader, FH_NAME_BYTES_MAX, arena);
    (void)fh_pack_read_optional(reader, counted->key.b, FH_ID_BYTES);
    counted->code = (unsigned)fh_pack_read_uint(reader, CODE_MAX);
    counted->rule = fh_text_read(reader, FH_ERR_RULE_BYTES - 1, arena);
    counted->count = fh_pack_read_uint(reader, UINT64_MAX);
    counted->first_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    counted->last_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_record_end(reader, count, COUNTED_FIELDS);
}

typedef void
read_fn(struct fh_pack_reader *reader, struct fh_arena *arena, struct fh_audit_record *record);

static read_fn *const readers[FH_AUDIT_KIND_COUNT] = {
    [FH_AUDIT_OPENED] = read_opened,
    [FH_AUDIT_READ] = read_read,
    [FH_AUDIT_ENDED] = read_ended,
    [FH_AUDIT_GOVERNED] = read_governed,
    [FH_AUDIT_CHECKPOINT] = read_checkpoint,
    [FH_AUDIT_RECOVERED] = read_recovered,
    [FH_AUDIT_PRUNED] = read_pruned,
    [FH_AUDIT_COUNTED] = read_counted,
};

int fh_audit_record_parse(struct fh_audit_record *out,
                          struct fh_bytes bytes,
                          struct fh_arena *arena,
                          struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_AUDIT_RECORD_BYTES_MAX);
    struct fh_audit_record record = {0};
    struct fh_pack_reader reader;
    int code = fh_pack_scan(bytes, &limits, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "audit record");
    }
    fh_pack_read_init(&reader, bytes);
    uint32_t count = fh_pack_read_record(&reader, RECORD_FIELDS);
    fh_pack_read_version(&reader, VERSION);
    record.seq = fh_pack_read_uint(&reader, UINT64_MAX);
    record.time_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_fixed(&reader, record.prev.b, FH_HASH_BYTES);
    record.kind = (unsigned)fh_pack_read_uint(&reader, UINT16_MAX);
    if (record.kind < FH_AUDIT_KIND_COUNT) {
        readers[record.kind](&reader, arena, &record);
    } else {
        fh_pack_skip(&reader);
    }
    fh_pack_read_record_end(&reader, count, RECORD_FIELDS);
    code = fh_pack_read_ok(&reader, "audit record", err);
    if (code == FH_OK) {
        *out = record;
    }
    return code;
}
