/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one reading, private to this room: where we are and what was found.
 *
 * section_read.c walks the sections by the tables, field_read.c reads single fields,
 * section_checks.c judges what the tables cannot say between the fields of one section.
 *
 * Does not: outlive a reading. Thread: one. Ownership: borrows everything.
 */
#ifndef FH_PROTO_CONTRACT_READER_H
#define FH_PROTO_CONTRACT_READER_H

#include "proto/contract/contract_table.h"
#include "proto/contract/finding.h"

enum { FH_READER_PATH_BYTES = 512 };

struct fh_reader {
    struct fh_findings *findings;
    struct fh_arena *arena;
    enum fh_odcs_version version;    /* judged by this one */
    enum fh_odcs_version says;       /* the document's own; equal to version when it says none */
    bool is_foreign;                 /* from a record: no warnings about writing */
    bool keeps_unknown;              /* a later draft may have keys that are not known here */
    char path[FH_READER_PATH_BYTES]; /* "schema[0].properties[2]"; cut when longer */
    size_t path_size;
    int failed; /* FH_OK or FH_ENOMEM */
};

/* Appends ".key" or "[index]" to the path and returns the size to pop back to. */
size_t fh_reader_push_key(struct fh_reader *reader, const char *key);
size_t fh_reader_push_index(struct fh_reader *reader, uint32_t index);
void fh_reader_pop(struct fh_reader *reader, size_t size);

/* Adds a finding at the node, or at its key for those about the key itself. */
void fh_reader_error(struct fh_reader *reader,
                     const struct fh_doc_node *node,
                     const char *rule,
                     const char *format,
                     ...) FH_PRINTF(4, 5);
void fh_reader_warning(struct fh_reader *reader,
                       const struct fh_doc_node *node,
                       const char *rule,
                       const char *format,
                       ...) FH_PRINTF(4, 5);

/* The text of the scalar under `key`, or "" when it is absent or no string. */
const char *fh_reader_discriminator(const struct fh_doc_node *node, const char *key);

/* Zeroed memory from the arena; NULL after noting the failure. */
void *fh_reader_allocate(struct fh_reader *reader, size_t count, size_t size);

/* A finding when the node is of none of the types in `allow` (FH_ALLOW_*); true when it is. A
 * broken node was reported already: false without a finding. `wanted` is for people: "a list". */
bool fh_reader_has_type(struct fh_reader *reader,
                        const struct fh_doc_node *node,
                        unsigned allow,
                        const char *wanted);
/* Whether the text is in a NULL-terminated list. */
bool fh_is_word(const char *text, const char *const *words);

/* The earliest of a set of versions that is not empty. */
enum fh_odcs_version fh_odcs_first(unsigned versions);

/* Reads a map into a new struct of the section; NULL when there is no memory. Findings go to the
 * reader. */
void *fh_reader_read(struct fh_reader *reader,
                     const struct fh_section *section,
                     const struct fh_doc_node *node);

/* Each reads one field into its member, or leaves it absent after a finding. */
void fh_read_string(struct fh_reader *reader,
                    const struct fh_field *field,
                    const struct fh_doc_node *node,
                    const char **out);
void fh_read_bool(struct fh_reader *reader,
                  const struct fh_doc_node *node,
                  enum fh_contract_bool *out);
void fh_read_integer(struct fh_reader *reader,
                     const struct fh_field *field,
                     const struct fh_doc_node *node,
                     struct fh_contract_int *out);
void fh_read_decimal(struct fh_reader *reader,
                     const struct fh_field *field,
                     const struct fh_doc_node *node,
                     const char **out);
void fh_read_value(struct fh_reader *reader,
                   const struct fh_field *field,
                   const struct fh_doc_node *node,
                   const struct fh_doc_node **out);
void fh_read_strings(struct fh_reader *reader,
                     const struct fh_doc_node *node,
                     size_t *out_count,
                     const char ***out_items);
void fh_read_refs(struct fh_reader *reader,
                  const struct fh_doc_node *node,
                  struct fh_contract_refs *out);

/* Judges one section that was read into `out` from the map `node`, which hangs in the section
 * `parent` (NULL at the top). */
void fh_section_check(struct fh_reader *reader,
                      const struct fh_section *section,
                      const struct fh_doc_node *node,
                      const struct fh_doc_node *parent,
                      const void *out);

/* Whether a reference has one of the two forms of the standard: table.column (since 3.2 with more
 * parts), or [file.yaml#/]section/id[/section/id...]. */
bool fh_reference_fits(const char *text, enum fh_odcs_version version);

#endif
