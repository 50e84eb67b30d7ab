/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the sandbox: one function for each layer of the kernel, called by sandbox.c only,
 * and the table of what a role needs beyond the others.
 *
 * A layer answers FH_OK (it stands), FH_ENOTFOUND (this kernel, or whoever runs us, does not give
 * it: nothing changed) or FH_EIO (it failed half-way).
 *
 * Does not: choose layers. Thread: the only one of the process.
 */
#ifndef FH_NODE_WORKER_SANDBOX_LAYERS_H
#define FH_NODE_WORKER_SANDBOX_LAYERS_H

#include "proto/query/channel.h"
#include "proto/query/layers.h"

/* What a role may do that a worker in general may not. */
struct fh_sandbox_role {
    bool network; /* connects to a database: sockets, name service, certificates of this machine */
    bool spills;  /* has a spill folder: files in it may be made, written and removed */
};

/* Namespaces: user, and of NET, IPC and MOUNT those wanted. `out` has those that stand. The root of
 * the new mount namespace is the current folder, or an empty one without spill. */
FH_MUST_CHECK int fh_sandbox_namespaces(const struct fh_sandbox_role *role,
                                        uint32_t wanted,
                                        uint32_t *out,
                                        struct fh_err *err);

/* No file but those beneath the current folder (none without spill), no port, no signal and no
 * abstract socket beyond this process, as far as the kernel's version of Landlock reaches. */
FH_MUST_CHECK int fh_sandbox_landlock(const struct fh_sandbox_role *role, struct fh_err *err);

/* The last layer: from here on only the system calls of the table. */
FH_MUST_CHECK int fh_sandbox_seccomp(const struct fh_sandbox_role *role, struct fh_err *err);

/* A build with AddressSanitizer or ThreadSanitizer reserves terabytes and calls more of the kernel.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FH_SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FH_SHADOW_MEMORY 1
#endif
#endif
#ifndef FH_SHADOW_MEMORY
#define FH_SHADOW_MEMORY 0
#endif

#endif
