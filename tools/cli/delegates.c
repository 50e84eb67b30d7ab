/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/delegates.h"

#include "common/mem.h"

#include <stdio.h>
#include <string.h>

const char *fh_delegate_state_text(enum fh_delegate_state state)
{
    static const char *const texts[FH_DELEGATE_STATE_COUNT] = {
        [FH_DELEGATE_ACTIVE] = "active",
        [FH_DELEGATE_EXPIRED] = "expired",
        [FH_DELEGATE_REVOKED] = "revoked",
    };
    return texts[state];
}

struct reading {
    struct fh_delegates *members;
    const struct fh_actor *actor;
    bool no_memory;
};

static struct fh_delegate *entry_of(struct fh_delegates *members,
                                    const struct fh_delegation *delegation)
{
    for (size_t i = 0; i < members->count; i++) {
        struct fh_delegate *member = &members->items[i];
        if (strcmp(member->role_name, fh_delegation_role_text(delegation)) == 0 &&
            memcmp(member->key.b, delegation->subject.b, sizeof member->key.b) == 0) {
            return member;
        }
    }
    if (members->count == members->capacity) {
        size_t capacity = members->capacity == 0 ? 16 : 2 * members->capacity;
        struct fh_delegate *items = fh_calloc(capacity, sizeof *items);
        if (items == NULL) {
            return NULL;
        }
        if (members->count > 0) {
            memcpy(items, members->items, members->count * sizeof *items);
        }
        fh_free(members->items);
        members->items = items;
        members->capacity = capacity;
    }
    return &members->items[members->count++];
}

static bool
read_one(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct reading *reading = user;
    struct fh_record record;
    struct fh_delegation delegation;
    (void)id;
    if (type != FH_RECORD_DELEGATION ||
        fh_record_parse(&record, bytes, &reading->actor->mesh, NULL) != FH_OK ||
        fh_delegation_decode(&delegation, &record, NULL) != FH_OK ||
        (delegation.role != FH_ROLE_PUBLISHER && delegation.role != FH_ROLE_MEMBER)) {
        return true;
    }
    struct fh_delegate *member = entry_of(reading->members, &delegation);
    reading->no_memory = member == NULL;
    if (member == NULL) {
        return false;
    }
    if (delegation.not_after_ms >= member->not_after_ms) {
        memcpy(member->name, delegation.label, sizeof member->name);
        member->key = delegation.subject;
        member->key_id = fh_key_id_of(&delegation.subject);
        member->role = delegation.role;
        snprintf(member->role_name,
                 sizeof member->role_name,
                 "%s",
                 fh_delegation_role_text(&delegation));
        member->not_after_ms = delegation.not_after_ms;
    }
    return true;
}

static enum fh_delegate_state
state_of(const struct fh_actor *actor, const struct fh_delegate *member, int64_t now_ms)
{
    struct fh_ref ref = fh_key_id_ref(&member->key_id);
    struct fh_err why = {0};
    int code = fh_directory_signer_of_stranger(
        actor->directory, &ref, &actor->domain, now_ms, FH_ROLE_MASK(member->role), NULL, &why);
    return code == FH_OK                                    ? FH_DELEGATE_ACTIVE
           : strcmp(why.rule, "record.signer.revoked") == 0 ? FH_DELEGATE_REVOKED
                                                            : FH_DELEGATE_EXPIRED;
}

int fh_delegates_read(struct fh_delegates *out,
                      const struct fh_actor *actor,
                      int64_t now_ms,
                      struct fh_err *err)
{
    *out = (struct fh_delegates){0};
    struct reading reading = {.members = out, .actor = actor};
    fh_directory_each_of(actor->directory, &actor->domain, read_one, &reading);
    if (reading.no_memory) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the members");
    }
    for (size_t i = 0; i < out->count; i++) {
        out->items[i].state = state_of(actor, &out->items[i], now_ms);
    }
    return FH_OK;
}

void fh_delegates_fini(struct fh_delegates *members)
{
    fh_free(members->items);
    *members = (struct fh_delegates){0};
}
