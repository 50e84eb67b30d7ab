/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/yaml.h"

#include "common/assert.h"
#include "common/limits.h"

#include <yaml.h>

#include <string.h>

/* A map or list that is open while events arrive. */
struct frame {
    struct fh_doc_node *node;
    struct fh_doc_node *last; /* child, to append behind */
    const char *key;          /* of the value that comes next; NULL: a key comes next */
    uint32_t key_line;
    uint32_t key_column;
    unsigned keys;   /* of this map, refused ones too */
    bool is_dropped; /* the next value belongs to a refused key */
    bool is_flow;    /* written with brackets, so that its end mark is its own */
};

struct builder {
    struct fh_findings *findings;
    struct fh_arena *arena;
    struct fh_doc_node *root;
    struct frame frames[FH_YAML_DEPTH_MAX];
    unsigned depth;
    unsigned events;
    unsigned documents;
    int failed; /* FH_OK, FH_ENOMEM, or FH_ECHECK after a finding that ends the reading */
};

static uint32_t line_of(yaml_mark_t mark)
{
    return (uint32_t)mark.line + 1;
}

static uint32_t column_of(yaml_mark_t mark)
{
    return (uint32_t)mark.column + 1;
}

static void refuse(struct builder *builder, yaml_mark_t mark, const char *rule, const char *message)
{
    fh_findings_add(builder->findings,
                    FH_SEVERITY_ERROR,
                    line_of(mark),
                    column_of(mark),
                    "",
                    rule,
                    "%s",
                    message);
}

static void stop(struct builder *builder, yaml_mark_t mark, const char *rule, const char *message)
{
    refuse(builder, mark, rule, message);
    builder->failed = FH_ECHECK;
}

static struct frame *innermost(struct builder *builder)
{
    return builder->depth == 0 ? NULL : &builder->frames[builder->depth - 1];
}

static bool wants_key(struct builder *builder)
{
    const struct frame *frame = innermost(builder);
    return frame != NULL && frame->node->kind == FH_DOC_MAP && frame->key == NULL;
}

static struct fh_doc_node *
new_node(struct builder *builder, enum fh_doc_kind kind, const yaml_event_t *event)
{
    struct fh_doc_node *node = fh_doc_new(builder->arena, kind);
    if (node == NULL) {
        builder->failed = FH_ENOMEM;
        return NULL;
    }
    node->line = line_of(event->start_mark);
    node->column = column_of(event->start_mark);
    node->last_line = line_of(event->end_mark);
    if (event->end_mark.column == 0 && node->last_line > node->line) {
        node->last_line--; /* the end mark stands behind the last line's end */
    }
    return node;
}

/* Takes a scalar in key position. A refused key keeps its place, so that its value is dropped. */
static void add_key(struct builder *builder, const char *key, const yaml_event_t *event)
{
    struct frame *frame = innermost(builder);
    if (++frame->keys > FH_YAML_KEYS_MAX) {
        stop(builder, event->start_mark, "yaml.keys", "this map has more than 1,024 keys");
        return;
    }
    frame->key = key;
    frame->key_line = line_of(event->start_mark);
    frame->key_column = column_of(event->start_mark);
    frame->is_dropped = true;
    if (strcmp(key, "<<") == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        refuse(builder,
               event->start_mark,
               "yaml.merge",
               "merge keys are refused; write the merged keys out");
        return;
    }
    const struct fh_doc_node *earlier = fh_doc_get(frame->node, key);
    if (earlier != NULL) {
        fh_findings_add(builder->findings,
                        FH_SEVERITY_ERROR,
                        frame->key_line,
                        frame->key_column,
                        "",
                        "yaml.duplicate",
                        "key \"%.64s\" stands already on line %u of this map; keep one of them",
                        key,
                        earlier->key_line);
        return;
    }
    frame->is_dropped = false;
}

/* Hangs a scalar or a freshly opened collection into the tree. */
static void attach(struct builder *builder, struct fh_doc_node *node)
{
    struct frame *frame = innermost(builder);
    if (frame == NULL) {
        builder->root = node;
        return;
    }
    if (frame->node->kind == FH_DOC_MAP) {
        FH_ASSERT(frame->key != NULL);
        node->key = frame->key;
        node->key_line = frame->key_line;
        node->key_column = frame->key_column;
        frame->key = NULL;
        if (frame->is_dropped) {
            return;
        }
    }
    if (frame->last == NULL) {
        frame->node->first = node;
    } else {
        frame->last->next = node;
    }
    frame->last = node;
    frame->node->count++;
}

/* Anchors are refused where they stand and otherwise ignored; true when a tag makes the value's
 * meaning another than its text. */
static bool refuse_decoration(struct builder *builder,
                              const yaml_event_t *event,
                              const yaml_char_t *anchor,
                              const yaml_char_t *tag)
{
    if (anchor != NULL) {
        refuse(builder,
               event->start_mark,
               "yaml.anchor",
               "anchors are refused; write the value where it is meant");
    }
    if (tag != NULL) {
        refuse(builder,
               event->start_mark,
               "yaml.tag",
               "tags are refused; the standard says what type each value has");
    }
    return tag != NULL;
}

/* Why a code point may not stand in a contract, or NULL. */
static const char *refused_character(uint32_t c, uint32_t following)
{
    if (c == '\r') {
        return following == '\n' ? NULL
                                 : "a carriage return without a line feed; end lines with LF";
    }
    if (c == 0x85 || c == 0x2028 || c == 0x2029) {
        return "an invisible line end (U+0085, U+2028 or U+2029); end lines with LF";
    }
    if ((c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0)) {
        return "a control character; remove it";
    }
    if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)) {
        return "a character that reorders text, so that it reads as something else; remove it";
    }
    if (c == 0xfeff) {
        return "a byte order mark; save the file as UTF-8 without it";
    }
    if (c == 0xfffe || c == 0xffff) {
        return "a code point that is no character; remove it";
    }
    return NULL;
}

/* What an escape in double quotes brought in, which the bytes of the text did not show. Line ends
 * and tabs are fine there. */
static const char *refused_escape(struct fh_bytes value)
{
    const char *message = NULL;
    for (size_t at = 0; message == NULL && at < value.size;) {
        uint32_t c = fh_utf8_next(value, &at);
        message = c == '\r' ? NULL : refused_character(c, 0);
    }
    return message;
}

static void on_scalar(struct builder *builder, const yaml_event_t *event)
{
    bool is_tagged =
        refuse_decoration(builder, event, event->data.scalar.anchor, event->data.scalar.tag);
    struct fh_bytes value = fh_bytes(event->data.scalar.value, event->data.scalar.length);
    if (memchr(value.data, '\0', value.size) != NULL) {
        stop(builder, event->start_mark, "yaml.character", "a string cannot hold U+0000");
        return;
    }
    const char *escaped =
        event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE ? refused_escape(value) : NULL;
    if (escaped != NULL) {
        refuse(builder, event->start_mark, "yaml.character", escaped);
    }
    const char *text = fh_arena_string(builder->arena, value);
    if (text == NULL) {
        builder->failed = FH_ENOMEM;
        return;
    }
    if (wants_key(builder)) {
        add_key(builder, text, event);
        return;
    }
    struct fh_doc_node *node = new_node(builder, is_tagged ? FH_DOC_BROKEN : FH_DOC_SCALAR, event);
    if (node != NULL) {
        node->text = text;
        node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        attach(builder, node);
    }
}

static void on_alias(struct builder *builder, const yaml_event_t *event)
{
    refuse(builder,
           event->start_mark,
           "yaml.alias",
           "aliases are refused; write the value where it is meant");
    if (wants_key(builder)) {
        builder->failed = FH_ECHECK;
        return;
    }
    struct fh_doc_node *node = new_node(builder, FH_DOC_BROKEN, event);
    if (node != NULL) {
        attach(builder, node);
    }
}

static void on_open(struct builder *builder, const yaml_event_t *event, enum fh_doc_kind kind)
{
    bool is_map = kind == FH_DOC_MAP;
    refuse_decoration(builder,
                      event,
                      is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
                      is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    if (wants_key(builder)) {
        stop(builder, event->start_mark, "yaml.key", "a key is a word, not a list or a map");
        return;
    }
    if (builder->depth == FH_YAML_DEPTH_MAX) {
        stop(builder, event->start_mark, "yaml.depth", "nested deeper than 32 levels");
        return;
    }
    struct fh_doc_node *node = new_node(builder, kind, event);
    if (node == NULL) {
        return;
    }
    attach(builder, node);
    builder->frames[builder->depth++] = (struct frame){
        .node = node,
        .is_flow = is_map ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
                          : event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE};
}

static void on_close(struct builder *builder, const yaml_event_t *event)
{
    FH_ASSERT(builder->depth > 0);
    struct frame *frame = &builder->frames[--builder->depth];
    if (frame->is_flow) {
        frame->node->last_line = line_of(event->end_mark);
    } else if (frame->last != NULL) {
        /* A block ends where its last child does; libyaml's mark is the start of what follows. */
        frame->node->last_line = frame->last->last_line;
    }
}

static void on_document(struct builder *builder, const yaml_event_t *event)
{
    if (event->data.document_start.version_directive != NULL ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end) {
        refuse(builder,
               event->start_mark,
               "yaml.directive",
               "directives are refused; remove the line that starts with %");
    }
    if (++builder->documents > 1) {
        stop(builder,
             event->start_mark,
             "yaml.document",
             "a second document starts here; one file holds one contract");
    }
}

static void on_event(struct builder *builder, const yaml_event_t *event)
{
    if (++builder->events > FH_YAML_EVENTS_MAX) {
        stop(builder, event->start_mark, "yaml.events", "more values than a contract may have");
        return;
    }
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        on_document(builder, event);
        break;
    case YAML_SCALAR_EVENT:
        on_scalar(builder, event);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(builder, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_open(builder, event, FH_DOC_LIST);
        break;
    case YAML_MAPPING_START_EVENT:
        on_open(builder, event, FH_DOC_MAP);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_close(builder, event);
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
}

/* Refuses bytes before libyaml sees them. False after a finding. */
static bool characters_fit(struct fh_bytes text, struct fh_findings *findings)
{
    const char *rule = NULL;
    const char *message = NULL;
    uint32_t line = 1;
    uint32_t column = 1;
    if (text.size > FH_CONTRACT_BYTES_MAX) {
        rule = "yaml.size";
        message = "the text is larger than 256 KiB";
    } else if (text.size == 0) {
        rule = "yaml.empty";
        message = "the text is empty; a contract starts with apiVersion and kind";
    } else if (!fh_utf8_valid(text)) {
        rule = "yaml.encoding";
        message = "the text is not UTF-8; save it as UTF-8";
    }
    for (size_t at = 0; rule == NULL && at < text.size;) {
        uint32_t c = fh_utf8_next(text, &at);
        message = refused_character(c, at < text.size ? text.data[at] : 0);
        if (message != NULL) {
            rule = "yaml.character";
            break;
        }
        column = c == '\n' ? 1 : column + 1;
        line += c == '\n';
    }
    if (rule != NULL) {
        fh_findings_add(findings, FH_SEVERITY_ERROR, line, column, "", rule, "%s", message);
    }
    return rule == NULL;
}

static void on_parser_error(struct builder *builder, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        builder->failed = FH_ENOMEM;
        return;
    }
    fh_findings_add(builder->findings,
                    FH_SEVERITY_ERROR,
                    line_of(parser->problem_mark),
                    column_of(parser->problem_mark),
                    "",
                    "yaml.syntax",
                    "not YAML: %s%s%s; check indentation and quotes",
                    parser->problem == NULL ? "cannot be read" : parser->problem,
                    parser->context == NULL ? "" : " ",
                    parser->context == NULL ? "" : parser->context);
    builder->failed = FH_ECHECK;
}

static void run(struct builder *builder, struct fh_bytes text)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        builder->failed = FH_ENOMEM;
        return;
    }
    yaml_parser_set_input_string(&parser, text.data, text.size);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    bool at_end = false;
    while (!at_end && builder->failed == FH_OK) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0) {
            on_parser_error(builder, &parser);
            break;
        }
        on_event(builder, &event);
        at_end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

int fh_yaml_read(struct fh_doc_node **out_root,
                 struct fh_bytes text,
                 struct fh_findings *findings,
                 struct fh_err *err)
{
    if (!characters_fit(text, findings)) {
        return fh_findings_ok(findings, err);
    }
    struct builder builder = {.findings = findings, .arena = findings->arena};
    run(&builder, text);
    if (builder.failed == FH_OK && builder.root == NULL) {
        fh_findings_add(
            findings,
            FH_SEVERITY_ERROR,
            1,
            1,
            "",
            "yaml.empty",
            "the text holds comments at most; a contract starts with apiVersion and kind");
        builder.failed = FH_ECHECK;
    }
    if (builder.failed == FH_ENOMEM || findings->failed != FH_OK) {
        return fh_err_set(err, FH_ENOMEM, "contract: out of memory while reading YAML");
    }
    if (builder.failed != FH_OK) {
        return fh_findings_ok(findings, err);
    }
    *out_root = builder.root;
    return FH_OK;
}
