/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict YAML: bytes to a document tree, or findings with line, column and rule. The only owner of
 * yaml.h (libyaml).
 *
 * Contracts are signed, so there must be one way to read them. Refused: anchors and aliases (alias
 * bombs, hidden copies), tags, directives, merge keys, keys that occur twice or are no scalar, a
 * second document, bytes that are no UTF-8, byte order marks, characters that reorder text or hide
 * line ends (bidirectional controls, U+0085, U+2028, U+2029, a lone CR), and everything over the
 * limits: FH_CONTRACT_BYTES_MAX, FH_YAML_DEPTH_MAX, FH_YAML_EVENTS_MAX, FH_YAML_KEYS_MAX. Depth
 * and events are counted while libyaml runs, which has no limits of its own.
 *
 * Does not: type scalars, know ODCS. Thread: distinct objects. Ownership: the tree lives in the
 * arena of `findings`.
 */
#ifndef FH_PROTO_CONTRACT_YAML_H
#define FH_PROTO_CONTRACT_YAML_H

#include "proto/contract/document.h"
#include "proto/contract/finding.h"

/* Reads one document. FH_OK with the root (also when findings were added: what was refused stands
 * in the tree as a broken node); FH_ECHECK when no tree could be made, with a finding that says
 * why; FH_ENOMEM. `text` is borrowed. */
FH_MUST_CHECK int fh_yaml_read(struct fh_doc_node **out_root,
                               struct fh_bytes text,
                               struct fh_findings *findings,
                               struct fh_err *err);

#endif
