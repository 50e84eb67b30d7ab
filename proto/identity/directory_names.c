/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a name is: whoever was admitted under it first, unless somebody here has decided. */
#include "common/assert.h"
#include "common/mem.h"
#include "proto/identity/directory_impl.h"

#include <string.h>

struct fh_settled {
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_domain_id domain;
};

static struct fh_settled *settled_find(const struct fh_directory *dir, const char *name)
{
    for (size_t i = 0; i < dir->settled_count; i++) {
        if (strcmp(dir->settled[i].name, name) == 0) {
            return &dir->settled[i];
        }
    }
    return NULL;
}

static void give(struct fh_directory *dir, struct fh_domain *domain)
{
    size_t length = strlen(domain->info.given_name);
    FH_ASSERT(domain->info.name[0] == '\0');
    memcpy(domain->info.name, domain->info.given_name, length + 1);
    fh_map_insert(&dir->names, &domain->by_name, fh_map_hash(domain->info.name, length));
}

void fh_name_withdraw(struct fh_directory *dir, struct fh_domain *domain)
{
    if (domain->info.name[0] != '\0') {
        fh_map_remove(&dir->names, &domain->by_name);
        domain->info.name[0] = '\0';
    }
}

void fh_name_assign(struct fh_directory *dir, struct fh_domain *domain, const char *name)
{
    const struct fh_settled *settled = settled_find(dir, name);
    bool others = fh_domain_named(dir, name) != NULL ||
                  (settled != NULL && !fh_domain_id_equal(&settled->domain, &domain->info.id));
    memcpy(domain->info.given_name, name, strlen(name) + 1);
    if (!others) {
        give(dir, domain);
    }
}

struct fh_domain *
fh_name_claimed(const struct fh_directory *dir, const char *name, struct fh_domain *by)
{
    bool withheld = by->info.name[0] == '\0' && strcmp(by->info.given_name, name) == 0;
    return withheld ? by : fh_domain_named(dir, name);
}

int fh_directory_settle(struct fh_directory *dir,
                        const char *name,
                        const struct fh_domain_id *domain_id,
                        struct fh_err *err)
{
    FH_ASSERT(strlen(name) <= FH_NAME_BYTES_MAX);
    struct fh_settled *settled = settled_find(dir, name);
    if (settled == NULL && dir->settled_count == FH_NAMES_SETTLED_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "identity.names.settled",
                           "whose a name is was decided for %d names already",
                           FH_NAMES_SETTLED_MAX);
    }
    struct fh_settled *more = NULL;
    if (fh_map_reserve(&dir->names, 1) == FH_OK) {
        more = fh_realloc(dir->settled, (dir->settled_count + 1) * sizeof *more);
    }
    if (more == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to decide whose a name is");
    }
    dir->settled = more;
    settled = settled_find(dir, name);
    if (settled == NULL) {
        settled = &more[dir->settled_count++];
        memcpy(settled->name, name, strlen(name) + 1);
    }
    settled->domain = *domain_id;
    struct fh_domain *holder = fh_domain_named(dir, name);
    struct fh_domain *domain = fh_domain_find(dir, domain_id);
    if (holder != NULL && holder != domain) {
        fh_name_withdraw(dir, holder);
    }
    if (domain != NULL && domain != holder && strcmp(domain->info.given_name, name) == 0) {
        give(dir, domain);
    }
    return FH_OK;
}

void fh_directory_unsettle(struct fh_directory *dir, const char *name)
{
    struct fh_settled *settled = settled_find(dir, name);
    if (settled != NULL) {
        *settled = dir->settled[--dir->settled_count];
    }
}
