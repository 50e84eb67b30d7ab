/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scene: the founder of a mesh, whose records the vectors are. Thread: the caller's.
 */
#ifndef FH_TESTS_VECTORS_SCENE_H
#define FH_TESTS_VECTORS_SCENE_H

#include "tests/lib/identities.h"

struct scene {
    struct fh_buf *out;
    struct test_domain founder;
    struct fh_mesh_id mesh;
    struct fh_buf payload; /* of the record at hand */
};

/* Seals what stands in scene->payload and writes the vector; gives its id. */
struct fh_record_id
vector_seal(struct scene *scene, const char *name, unsigned type, const struct test_key *signer);
/* Writes the vector of a record that its own builder sealed; gives its id and empties `record`. */
struct fh_record_id vector_sealed(struct scene *scene,
                                  const char *name,
                                  struct fh_buf *record,
                                  const struct test_key *by);
/* A token of the member, a deposit of it, what it signs, and what ends it. */
void vector_tokens(struct scene *scene);

#endif
