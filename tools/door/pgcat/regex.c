/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/regex.h"

#include "common/mem.h"

#include <string.h>

enum {
    PROGRAM_MAX = 1000, /* instructions: names are short, and so are the patterns for them */
    RANGES_MAX = 500,   /* of all brackets */
    DEPTH_MAX = 20,     /* groups within groups */
    REPEAT_MAX = 255,   /* as PostgreSQL's */
    WORK_MAX = 50000,   /* atoms read, those that are read again for {m,n} included */
    OPEN = -1,          /* {m,} */
};

enum op { OP_CHAR, OP_ANY, OP_SET, OP_SPLIT, OP_JUMP, OP_BEGIN, OP_END, OP_MATCH };

struct instruction {
    enum op op;
    bool negated; /* SET */
    uint32_t a;   /* CHAR: code point; SET: first range; SPLIT, JUMP: target */
    uint32_t b;   /* SET: count of ranges; SPLIT: other target */
};

struct range {
    uint32_t low;
    uint32_t high;
};

struct fh_regex {
    bool fold;
    uint32_t count;
    struct instruction program[PROGRAM_MAX];
    uint32_t range_count;
    struct range ranges[RANGES_MAX];
};

struct reading {
    struct fh_regex *regex;
    struct fh_bytes text;
    size_t at;
    unsigned depth;
    unsigned work;
    const char *problem; /* NULL as long as all is well */
};

static bool refuse(struct reading *r, const char *problem)
{
    if (r->problem == NULL) {
        r->problem = problem;
    }
    return false;
}

static bool emit(struct reading *r, enum op op, uint32_t a, uint32_t b)
{
    if (r->regex->count == PROGRAM_MAX) {
        return refuse(r, "is too large");
    }
    r->regex->program[r->regex->count++] = (struct instruction){op, false, a, b};
    return true;
}

/* Makes room for one instruction at `where`; targets behind it move along. */
static bool insert(struct reading *r, uint32_t where, enum op op, uint32_t a, uint32_t b)
{
    struct fh_regex *regex = r->regex;
    if (!emit(r, op, 0, 0)) {
        return false;
    }
    memmove(&regex->program[where + 1],
            &regex->program[where],
            (regex->count - 1 - where) * sizeof regex->program[0]);
    for (uint32_t i = where + 1; i < regex->count; i++) {
        struct instruction *in = &regex->program[i];
        if (in->op == OP_SPLIT || in->op == OP_JUMP) {
            in->a += in->a >= where;
            in->b += in->op == OP_SPLIT && in->b >= where;
        }
    }
    regex->program[where] = (struct instruction){op, false, a, b};
    return true;
}

static bool more(const struct reading *r)
{
    return r->at < r->text.size;
}

static int peek(const struct reading *r)
{
    return more(r) ? r->text.data[r->at] : -1;
}

static bool take(struct reading *r, char c)
{
    if (peek(r) != (unsigned char)c) {
        return false;
    }
    r->at++;
    return true;
}

static bool add_range(struct reading *r, uint32_t low, uint32_t high)
{
    if (low > high) {
        return refuse(r, "has a range that ends before it begins");
    }
    if (r->regex->range_count == RANGES_MAX) {
        return refuse(r, "is too large");
    }
    r->regex->ranges[r->regex->range_count++] = (struct range){low, high};
    return true;
}

/* Ranges of a class of ASCII, "d" ... or "digit" ...; false when there is none of that name. */
static bool add_class(struct reading *r, const char *name, size_t size)
{
    static const struct {
        const char *name;
        const char *pairs;
    } classes[] = {
        {"d", "09"},
        {"digit", "09"},
        {"w", "azAZ09__"},
        {"alnum", "azAZ09"},
        {"alpha", "azAZ"},
        {"lower", "az"},
        {"upper", "AZ"},
        {"xdigit", "09afAF"},
        {"s", "  \t\r"},
        {"space", "  \t\r"},
        {"blank", "  \t\t"},
        {"punct", "!/:@[`{~"},
    };
    for (size_t i = 0; i < FH_COUNT(classes); i++) {
        if (strlen(classes[i].name) == size && memcmp(classes[i].name, name, size) == 0) {
            for (const char *pair = classes[i].pairs; *pair != '\0'; pair += 2) {
                if (!add_range(r, (unsigned char)pair[0], (unsigned char)pair[1])) {
                    return false;
                }
            }
            return true;
        }
    }
    return refuse(r, "names a class that is not known");
}

/* "[:alpha:]" with the cursor on the colon. */
static bool read_named_class(struct reading *r)
{
    size_t begin = ++r->at;
    while (more(r) && peek(r) != ':') {
        r->at++;
    }
    size_t size = r->at - begin;
    if (!take(r, ':') || !take(r, ']')) {
        return refuse(r, "has a class without its end");
    }
    return add_class(r, (const char *)r->text.data + begin, size);
}

/* One end of a range; an escape that is a class adds its ranges itself and gives false. */
static bool read_end(struct reading *r, uint32_t *out)
{
    if (take(r, '\\')) {
        int c = peek(r);
        if (c == 'd' || c == 'w' || c == 's') {
            r->at++;
            (void)add_class(r, &"dws"[c == 'd' ? 0 : c == 'w' ? 1 : 2], 1);
            return false;
        }
        if (c < 0) {
            return refuse(r, "ends in a backslash");
        }
    }
    *out = fh_utf8_next(r->text, &r->at);
    return true;
}

static bool read_set(struct reading *r)
{
    uint32_t first = r->regex->range_count;
    bool negated = take(r, '^');
    bool begun = false;
    for (;;) {
        if (!more(r)) {
            return refuse(r, "has a bracket without its end");
        }
        if (peek(r) == ']' && begun) {
            r->at++;
            break;
        }
        begun = true;
        if (peek(r) == '[' && r->at + 1 < r->text.size && r->text.data[r->at + 1] == ':') {
            r->at++;
            if (!read_named_class(r)) {
                return false;
            }
            continue;
        }
        uint32_t low = 0;
        if (!read_end(r, &low)) {
            if (r->problem != NULL) {
                return false;
            }
            continue;
        }
        uint32_t high = low;
        if (peek(r) == '-' && r->at + 1 < r->text.size && r->text.data[r->at + 1] != ']') {
            r->at++;
            if (!read_end(r, &high)) {
                return refuse(r, "has a class as the end of a range");
            }
        }
        if (!add_range(r, low, high)) {
            return false;
        }
    }
    if (!emit(r, OP_SET, first, r->regex->range_count - first)) {
        return false;
    }
    r->regex->program[r->regex->count - 1].negated = negated;
    return true;
}

static bool read_escape(struct reading *r)
{
    static const char classes[] = "dwsDWS";
    static const char plain[] = "nrtfv";
    static const char values[] = "\n\r\t\f\v";
    int c = peek(r);
    if (c < 0) {
        return refuse(r, "ends in a backslash");
    }
    const char *found = c == 0 ? NULL : strchr(classes, c);
    if (found != NULL) {
        size_t which = (size_t)(found - classes);
        uint32_t first = r->regex->range_count;
        r->at++;
        if (!add_class(r, &classes[which % 3], 1) ||
            !emit(r, OP_SET, first, r->regex->range_count - first)) {
            return false;
        }
        r->regex->program[r->regex->count - 1].negated = which >= 3;
        return true;
    }
    found = c == 0 ? NULL : strchr(plain, c);
    if (found != NULL) {
        r->at++;
        return emit(r, OP_CHAR, (unsigned char)values[found - plain], 0);
    }
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        return refuse(r, "has an escape that is not supported");
    }
    return emit(r, OP_CHAR, fh_utf8_next(r->text, &r->at), 0);
}

static bool read_branches(struct reading *r);

static bool read_group(struct reading *r)
{
    if (take(r, '?') && !take(r, ':')) {
        return refuse(r, "looks around, which is not supported");
    }
    if (++r->depth > DEPTH_MAX) {
        return refuse(r, "has too many groups within groups");
    }
    if (!read_branches(r)) {
        return false;
    }
    r->depth--;
    return take(r, ')') || refuse(r, "has a group without its end");
}

static bool read_atom(struct reading *r)
{
    if (++r->work > WORK_MAX) {
        return refuse(r, "is too large");
    }
    if (take(r, '(')) {
        return read_group(r);
    }
    if (take(r, '[')) {
        return read_set(r);
    }
    if (take(r, '\\')) {
        return read_escape(r);
    }
    if (take(r, '.')) {
        return emit(r, OP_ANY, 0, 0);
    }
    if (take(r, '^')) {
        return emit(r, OP_BEGIN, 0, 0);
    }
    if (take(r, '$')) {
        return emit(r, OP_END, 0, 0);
    }
    int c = peek(r);
    if (c == '*' || c == '+' || c == '?') {
        return refuse(r, "repeats nothing");
    }
    return emit(r, OP_CHAR, fh_utf8_next(r->text, &r->at), 0);
}

static bool read_number(struct reading *r, int *out)
{
    int value = 0;
    size_t begin = r->at;
    while (peek(r) >= '0' && peek(r) <= '9' && value <= REPEAT_MAX) {
        value = value * 10 + (peek(r) - '0');
        r->at++;
    }
    *out = value;
    return r->at > begin && value <= REPEAT_MAX;
}

/* How often the atom before may stand; false without a mark of repetition. */
static bool read_bounds(struct reading *r, int *out_min, int *out_max)
{
    *out_min = 1;
    *out_max = 1;
    if (take(r, '*')) {
        *out_min = 0;
        *out_max = OPEN;
    } else if (take(r, '+')) {
        *out_max = OPEN;
    } else if (take(r, '?')) {
        *out_min = 0;
    } else if (peek(r) == '{' && r->at + 1 < r->text.size && r->text.data[r->at + 1] >= '0' &&
               r->text.data[r->at + 1] <= '9') {
        r->at++;
        if (!read_number(r, out_min)) {
            return refuse(r, "repeats too often");
        }
        *out_max = *out_min;
        if (take(r, ',')) {
            *out_max = OPEN;
            if (peek(r) != '}' && !read_number(r, out_max)) {
                return refuse(r, "repeats too often");
            }
        }
        if (!take(r, '}') || (*out_max != OPEN && *out_max < *out_min)) {
            return refuse(r, "has bounds that are not well-formed");
        }
    } else {
        return false;
    }
    (void)take(r, '?');
    return true;
}

/* One atom and its repetition. Copies are made by reading the atom's text again. */
static bool read_piece(struct reading *r)
{
    size_t begin = r->at;
    uint32_t first = r->regex->count;
    if (!read_atom(r)) {
        return false;
    }
    int min = 1;
    int max = 1;
    bool repeats = read_bounds(r, &min, &max);
    if (r->problem != NULL || !repeats) {
        return r->problem == NULL;
    }
    size_t end = r->at;
    uint32_t last = first; /* where the last copy begins */
    if (min == 0 && max == 0) {
        r->regex->count = first;
        return true;
    }
    for (int copy = 1; copy < min || (max != OPEN && copy < max); copy++) {
        last = r->regex->count;
        r->at = begin;
        if (!read_atom(r)) {
            return false;
        }
        if (copy >= min && !insert(r, last, OP_SPLIT, last + 1, r->regex->count + 1)) {
            return false;
        }
    }
    r->at = end;
    if (max == OPEN) {
        if (!emit(r, OP_SPLIT, last, r->regex->count + 1)) {
            return false;
        }
    }
    return min > 0 || insert(r, first, OP_SPLIT, first + 1, r->regex->count + 1);
}

static bool read_branches(struct reading *r)
{
    uint32_t first = r->regex->count;
    uint32_t jumps[64];
    size_t jump_count = 0;
    for (;;) {
        while (more(r) && peek(r) != '|' && peek(r) != ')') {
            if (!read_piece(r)) {
                return false;
            }
        }
        if (!take(r, '|')) {
            break;
        }
        if (jump_count == FH_COUNT(jumps)) {
            return refuse(r, "has too many alternatives");
        }
        if (!insert(r, first, OP_SPLIT, first + 1, r->regex->count + 2) ||
            !emit(r, OP_JUMP, 0, 0)) {
            return false;
        }
        jumps[jump_count++] = r->regex->count - 1;
        first = r->regex->count;
    }
    for (size_t i = 0; i < jump_count; i++) {
        r->regex->program[jumps[i]].a = r->regex->count;
    }
    return true;
}

int fh_regex_new(struct fh_regex **out, struct fh_bytes pattern, bool fold, struct fh_err *err)
{
    struct fh_regex *regex = fh_calloc(1, sizeof *regex);
    if (regex == NULL) {
        return fh_err_set(err, FH_ENOMEM, "out of memory for a regular expression");
    }
    regex->fold = fold;
    struct reading r = {.regex = regex, .text = pattern};
    if (pattern.size >= 4 && memcmp(pattern.data, "***:", 4) == 0) {
        r.at = 4; /* "an advanced expression", which it is anyway */
    }
    if (read_branches(&r) && more(&r)) {
        refuse(&r, "has an end of a group without its beginning");
    }
    if (r.problem == NULL) {
        (void)emit(&r, OP_MATCH, 0, 0);
    }
    if (r.problem != NULL) {
        fh_regex_free(regex);
        return fh_err_rule(err,
                           FH_ESQL,
                           "pgcat.value",
                           "the regular expression %s (at byte %zu)",
                           r.problem,
                           r.at);
    }
    *out = regex;
    return FH_OK;
}

void fh_regex_free(struct fh_regex *regex)
{
    fh_free(regex);
}

/* The threads at one place of the text: each instruction at most once. */
struct threads {
    uint32_t count;
    uint32_t list[PROGRAM_MAX];
    uint64_t seen[PROGRAM_MAX]; /* generation in which the instruction was put on the list */
};

struct search {
    const struct fh_regex *regex;
    struct fh_bytes text;
    uint64_t generation;
    bool matched;
};

/* Follows jumps from an instruction to those that wait for a character. */
static void follow(struct search *s, struct threads *threads, uint32_t at, size_t place)
{
    uint32_t stack[PROGRAM_MAX * 2];
    size_t depth = 0;
    stack[depth++] = at;
    while (depth > 0) {
        uint32_t i = stack[--depth];
        if (threads->seen[i] == s->generation) {
            continue;
        }
        threads->seen[i] = s->generation;
        const struct instruction *in = &s->regex->program[i];
        if (in->op == OP_JUMP) {
            stack[depth++] = in->a;
        } else if (in->op == OP_SPLIT) {
            stack[depth++] = in->b;
            stack[depth++] = in->a;
        } else if ((in->op == OP_BEGIN && place == 0) ||
                   (in->op == OP_END && place == s->text.size)) {
            stack[depth++] = i + 1;
        } else if (in->op == OP_MATCH) {
            s->matched = true;
        } else {
            threads->list[threads->count++] = i;
        }
    }
}

static uint32_t lower(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool in_set(const struct fh_regex *regex, const struct instruction *in, uint32_t c)
{
    for (uint32_t i = 0; i < in->b; i++) {
        const struct range *range = &regex->ranges[in->a + i];
        if (c >= range->low && c <= range->high) {
            return true;
        }
    }
    return false;
}

static bool accepts(const struct fh_regex *regex, const struct instruction *in, uint32_t c)
{
    if (in->op == OP_CHAR) {
        return c == in->a || (regex->fold && lower(c) == lower(in->a));
    }
    if (in->op == OP_SET) {
        bool found = in_set(regex, in, c);
        if (!found && regex->fold) {
            uint32_t other = c >= 'a' && c <= 'z' ? c - ('a' - 'A') : lower(c);
            found = in_set(regex, in, other);
        }
        return found != in->negated;
    }
    return in->op == OP_ANY;
}

enum fh_regex_found
fh_regex_search(const struct fh_regex *regex, struct fh_bytes text, uint64_t *steps)
{
    struct search s = {.regex = regex, .text = text, .generation = 1};
    struct threads sets[2];
    memset(sets, 0, sizeof sets);
    struct threads *now = &sets[0];
    struct threads *next = &sets[1];
    size_t place = 0;
    follow(&s, now, 0, 0);
    while (!s.matched && place < text.size) {
        uint64_t cost = 1 + now->count;
        if (*steps < cost) {
            *steps = 0;
            return FH_REGEX_SPENT;
        }
        *steps -= cost;
        uint32_t c = fh_utf8_next(text, &place);
        s.generation++;
        next->count = 0;
        for (uint32_t i = 0; i < now->count && !s.matched; i++) {
            if (accepts(regex, &regex->program[now->list[i]], c)) {
                follow(&s, next, now->list[i] + 1, place);
            }
        }
        follow(&s, next, 0, place); /* it may begin here, too */
        struct threads *swap = now;
        now = next;
        next = swap;
    }
    return s.matched ? FH_REGEX_YES : FH_REGEX_NO;
}
