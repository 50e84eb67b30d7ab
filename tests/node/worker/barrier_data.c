/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/worker/barrier_data.h"

#include "common/assert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_CHARACTERS = 12 };

static uint32_t pick(struct barrier_world *world, uint32_t bound)
{
    world->random ^= world->random >> 12; /* xorshift64* */
    world->random ^= world->random << 25;
    world->random ^= world->random >> 27;
    return (uint32_t)((world->random * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % bound;
}

/* Some hexadecimal digits that stand nowhere else. */
static const char *new_canary(struct barrier_world *world)
{
    FH_ASSERT(world->canary_count < BARRIER_CANARIES);
    char *out = world->canaries[world->canary_count++];
    snprintf(out,
             BARRIER_CANARY_BYTES,
             "%05x%05x%04x",
             (unsigned)pick(world, 1U << 20),
             (unsigned)pick(world, 1U << 20),
             (unsigned)pick(world, 1U << 16));
    return out;
}

/* ---- the masks, as view.h says ---- */

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xc0U) != 0x80U ? 1 : 0;
    }
    return count;
}

static void mask_partial(char *out, const char *text, size_t first, size_t last)
{
    size_t count = characters(text);
    size_t at = 0;
    bool short_one = count <= first + last;
    for (const char *p = text; *p != '\0';) {
        size_t size = 1;
        while (((unsigned char)p[size] & 0xc0U) == 0x80U) {
            size++;
        }
        if (!short_one && (at < first || at >= count - last)) {
            memcpy(out, p, size);
            out += size;
        } else {
            *out++ = '*';
        }
        p += size;
        at++;
    }
    *out = '\0';
}

static long mask_step(long value, long step)
{
    long over = value % step;
    return value - (over < 0 ? over + step : over);
}

/* 72 bits as base64url (RFC 4648). */
static void
mask_hash_text(char out[HASH_CHARACTERS + 1], const struct fh_mask_key *key, const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t mac[FH_MAC_BYTES];
    fh_mac(mac, key->b, fh_bytes_cstr(text));
    for (unsigned i = 0; i < HASH_CHARACTERS; i++) {
        unsigned digit = 0;
        for (unsigned bit = 6 * i; bit < 6 * i + 6; bit++) {
            digit = digit << 1 | (mac[bit / 8] >> (7 - bit % 8) & 1U);
        }
        out[i] = digits[digit];
    }
    out[HASH_CHARACTERS] = '\0';
}

static int64_t mask_hash_number(const struct fh_mask_key *key, int64_t value)
{
    uint8_t mac[FH_MAC_BYTES];
    int64_t out;
    fh_mac(mac, key->b, fh_bytes(&value, sizeof value));
    memcpy(&out, mac, sizeof out);
    return out;
}

/* ---- people ---- */

struct person {
    struct barrier_person known;
    int grp;    /* -1: NULL */
    bool nulls; /* email, salary, born and name are NULL */
    long cents; /* amount */
    double score;
    int flag; /* -1: NULL */
    int64_t account;
    char seen[24];
    char note[24];
    char region[16];
    int risk;
    bool there;
};

static void make_name(struct barrier_world *world, char out[32])
{
    if (pick(world, 12) == 0) {
        static const char *const odd[] = {"", "Li", "\xe6\x9d\x8e", "12", "A*a"};
        snprintf(out, 32, "%s", odd[pick(world, FH_COUNT(odd))]);
        return;
    }
    const char *canary = new_canary(world);
    switch (pick(world, 5)) {
    case 0:
        snprintf(out, 32, "A%sa", canary);
        break;
    case 1:
        snprintf(out, 32, "Zo\xc3\xab %s \xc3\xa9", canary);
        break;
    case 2:
        snprintf(out, 32, "\xe6\x9d\x8e%s\xe9\xbe\x99", canary);
        break;
    default:
        snprintf(out, 32, "M%se", canary);
        break;
    }
}

static void make_person(struct barrier_world *world, struct person *out, int index)
{
    *out = (struct person){.grp = pick(world, 9) == 0 ? -1 : (int)pick(world, 8)};
    out->known.id = 3L * index + 1 + (long)pick(world, 3);
    out->known.salary = (long)pick(world, 150000) - 20000;
    out->nulls = pick(world, 15) == 0;
    out->cents = (long)pick(world, 200000) - 50000;
    out->score = ((double)pick(world, 20000) - 8000) / 64;
    out->flag = (int)pick(world, 8) - 1 > 0 ? (int)pick(world, 2) : -1;
    out->account = (int64_t)((uint64_t)pick(world, 1U << 31) << 31 | pick(world, 1U << 31));
    out->risk = (int)pick(world, 100);
    make_name(world, out->known.name);
    snprintf(out->known.email, sizeof out->known.email, "%s@example.org", new_canary(world));
    snprintf(out->known.ssn, sizeof out->known.ssn, "S%s", new_canary(world));
    snprintf(out->known.born,
             sizeof out->known.born,
             "%04u-%02u-%02u",
             1935 + pick(world, 80),
             1 + pick(world, 12),
             1 + pick(world, 28));
    snprintf(out->seen,
             sizeof out->seen,
             "%04u-%02u-%02u %02u:%02u:%02u",
             1960 + pick(world, 64),
             1 + pick(world, 12),
             1 + pick(world, 28),
             pick(world, 24),
             pick(world, 60),
             pick(world, 60));
    snprintf(out->note, sizeof out->note, "note %u", pick(world, 1000));
    snprintf(out->region, sizeof out->region, "%s", pick(world, 5) == 0 ? "closed" : "open");
    out->there = strcmp(out->region, "closed") != 0 && (out->risk < 70 || out->flag == 1);
    if (!out->there) {
        snprintf(out->known.code, sizeof out->known.code, "F%s", new_canary(world));
    } else if (pick(world, 10) == 0) {
        snprintf(out->known.code, sizeof out->known.code, "x%u", pick(world, 10));
    } else {
        snprintf(out->known.code, sizeof out->known.code, "%u", pick(world, 2000));
    }
}

/* A text in quotes, or NULL. */
static void put_text(FILE *to, const char *text)
{
    if (text == NULL) {
        fputs("\\N,", to);
    } else {
        fprintf(to, "\"%s\",", text);
    }
}

/* The part that raw and prepared rows have in common. */
static void put_person(FILE *to, const struct person *p, const struct barrier_world *mask)
{
    char name[64];
    char email[HASH_CHARACTERS + 1];
    bool masked = mask != NULL;
    fprintf(to, "%ld,", p->known.id);
    put_text(to, p->grp < 0 ? NULL : (char[2]){(char)('0' + p->grp), '\0'});
    if (masked) {
        mask_partial(name, p->known.name, 1, 1);
        mask_hash_text(email, &mask->keys[0], p->known.email);
    }
    put_text(to, p->nulls ? NULL : masked ? name : p->known.name);
    put_text(to, p->nulls ? NULL : masked ? email : p->known.email);
    if (p->nulls) {
        fputs("\\N,\\N,", to);
    } else {
        fprintf(to, "%ld,", masked ? mask_step(p->known.salary, 1000) : p->known.salary);
        fprintf(to, "%.4s%s,", p->known.born, masked ? "-01-01" : p->known.born + 4);
    }
    fprintf(to, "%.13s%s,", p->seen, masked ? ":00:00" : p->seen + 13);
    put_text(to, masked ? NULL : p->note);
    fprintf(to, "%.2f,", (double)p->cents / 100);
    fprintf(to, "%.17g,", masked ? floor(p->score / 10) * 10 : p->score);
    put_text(to, p->flag < 0 ? NULL : p->flag == 1 ? "true" : "false");
    put_text(to, p->known.code);
    int64_t account = masked ? mask_hash_number(&mask->keys[1], p->account) : p->account;
    fprintf(to, "%lld", (long long)account);
}

static FILE *create(struct barrier_world *world, const char *name)
{
    char path[128];
    FILE *to = fopen(test_scratch_path(path, sizeof path, &world->rig.scratch, name), "w");
    if (to == NULL) {
        perror(path);
        abort();
    }
    return to;
}

/* Name and address of a person become known: they stand in dom.words. */
static void publish(struct barrier_world *world, const struct barrier_person *person, size_t from)
{
    for (size_t i = from; i < world->canary_count; i++) {
        char *canary = world->canaries[i];
        if (strstr(person->name, canary) != NULL || strstr(person->email, canary) != NULL) {
            canary[0] = '\0';
        }
    }
}

/* Whose values a mask changes, each. */
static bool is_victim(const struct person *person)
{
    return !person->nulls && strlen(person->known.name) > 8 && person->known.salary % 1000 != 0 &&
           person->known.salary > 1000 && strstr(person->known.born, "-01-01") == NULL &&
           (person->known.name[0] == 'A' || person->known.name[0] == 'M');
}

static void write_people(struct barrier_world *world)
{
    FILE *raw = create(world, "people.csv");
    FILE *prepared = create(world, "prepared-people.csv");
    FILE *words = create(world, "words.csv");
    for (int i = 0; i < BARRIER_PEOPLE; i++) {
        struct person person;
        size_t canaries = world->canary_count;
        make_person(world, &person, i);
        put_person(raw, &person, NULL);
        fprintf(raw, ",%s,%s,%d\n", person.known.ssn, person.region, person.risk);
        if (person.there) {
            put_person(prepared, &person, world);
            fputc('\n', prepared);
        }
        if (i % 4 == 0) {
            publish(world, &person.known, canaries);
            fprintf(words, "%d,\"%s\",\n", 2 * i, person.known.email);
            fprintf(words, "%d,\"%s\",\n", 2 * i + 1, person.known.name);
        } else if (is_victim(&person) && person.there) {
            world->shown = person.known;
        } else if (is_victim(&person)) {
            world->gone = person.known;
        }
    }
    fclose(raw);
    fclose(prepared);
    fclose(words);
}

static void write_orders(struct barrier_world *world)
{
    FILE *raw = create(world, "orders.csv");
    FILE *prepared = create(world, "prepared-orders.csv");
    for (int i = 0; i < BARRIER_ORDERS; i++) {
        char item[32];
        char masked[32];
        long person = (long)pick(world, 3 * BARRIER_PEOPLE);
        long cents = (long)pick(world, 20000) - 4000;
        unsigned year = 2019 + pick(world, 3);
        unsigned month = 1 + pick(world, 12);
        long qty = (long)pick(world, 30) - 3;
        int margin = (int)pick(world, 100) - 25;
        snprintf(item, sizeof item, "te%s", i % 4 == 0 ? new_canary(world) : "a");
        fprintf(raw,
                "%d,%ld,%.2f,%u-%02u-%02u",
                i,
                person,
                (double)cents / 100,
                year,
                month,
                1 + pick(world, 28));
        fprintf(raw, ",\"%s\",%ld,%d\n", item, qty, margin);
        if (margin >= 0) {
            mask_partial(masked, item, 2, 0);
            fprintf(prepared,
                    "%d,%ld,%ld.00,%u-%02u-01",
                    i,
                    person,
                    mask_step(cents, 500) / 100,
                    year,
                    month);
            fprintf(prepared, ",\"%s\",%ld\n", masked, mask_step(qty, 2));
        }
    }
    fclose(raw);
    fclose(prepared);
}

/* "a TYPE, b TYPE" as the columns of read_csv. */
static void to_parquet(struct barrier_world *world, const char *name, const char *columns)
{
    struct fh_buf sql;
    fh_buf_init(&sql, 4096);
    fh_buf_printf(&sql,
                  "COPY (SELECT * %s FROM read_csv('%%s/%s.csv', header = false, auto_detect = "
                  "false, delim = ',', quote = '\"', nullstr = '\\N', columns = {",
                  strcmp(name, "words") == 0 ? "REPLACE (md5(word) AS digest)" : "",
                  name);
    for (const char *at = columns; *at != '\0';) {
        const char *space = strchr(at, ' ');
        const char *end = space;
        int depth = 0;
        for (; *end != '\0' && (*end != ',' || depth > 0); end++) {
            depth += *end == '(' ? 1 : *end == ')' ? -1 : 0;
        }
        fh_buf_printf(
            &sql, "'%.*s': '%.*s'", (int)(space - at), at, (int)(end - space - 1), space + 1);
        at = *end == '\0' ? end : end + 2;
        fh_buf_add_cstr(&sql, *at == '\0' ? "" : ", ");
    }
    fh_buf_printf(&sql, "})) TO '%%s/%s.parquet'", name);
    rig_write(&world->rig, fh_buf_cstr(&sql));
    fh_buf_fini(&sql);
}

void barrier_data_write(struct barrier_world *world)
{
    write_people(world);
    write_orders(world);
    to_parquet(world, "people", BARRIER_PEOPLE_ALL);
    to_parquet(world, "prepared-people", BARRIER_PEOPLE_VISIBLE);
    to_parquet(world, "orders", BARRIER_ORDERS_ALL);
    to_parquet(world, "prepared-orders", BARRIER_ORDERS_VISIBLE);
    to_parquet(world, "words", BARRIER_WORDS);
}
