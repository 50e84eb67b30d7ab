/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/admission.h"

#include "common/assert.h"
#include "proto/identity/armour.h"
#include "proto/wire/pack.h"

enum {
    PAYLOAD_VERSION = 1,
    INVITATION_FIELDS = 6,
    TICKET_FIELDS = 7,
    ADMISSION_FIELDS = 7,
    INVITATION_BYTES_MAX = 1024,
    ADMISSION_BYTES_MAX = 4096,
};

static const char text_prefix[] = "fhi1";

void fh_invitation_ticket_wipe(struct fh_invitation_ticket *ticket)
{
    fh_wipe(ticket, sizeof *ticket);
}

/* The invitation record. */

void fh_invitation_make(struct fh_buf *out,
                        const struct fh_invitation *invitation,
                        const struct fh_mesh_id *mesh,
                        const struct fh_sign_secret *signer)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, INVITATION_BYTES_MAX);
    fh_pack_array(&payload, INVITATION_FIELDS);
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(invitation->issuer.b, sizeof invitation->issuer.b));
    fh_pack_bin(&payload, fh_bytes(invitation->one_time.b, sizeof invitation->one_time.b));
    fh_pack_uint(&payload, (uint64_t)invitation->created_ms);
    fh_pack_uint(&payload, (uint64_t)invitation->not_after_ms);
    fh_pack_cstr(&payload, invitation->name);
    struct fh_record draft = {.type = FH_RECORD_INVITATION, .payload = fh_buf_view(&payload)};
    struct fh_invitation again;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_invitation_decode(&again, &draft, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, signer);
}

int fh_invitation_decode(struct fh_invitation *out,
                         const struct fh_record *record,
                         struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_INVITATION);
    struct fh_invitation invitation = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, INVITATION_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, invitation.issuer.b, sizeof invitation.issuer.b);
    fh_pack_read_fixed(&reader, invitation.one_time.b, sizeof invitation.one_time.b);
    invitation.created_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    invitation.not_after_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_cstr(&reader, invitation.name, sizeof invitation.name);
    fh_pack_read_record_end(&reader, count, INVITATION_FIELDS);
    int code = fh_pack_read_ok(&reader, "invitation", err);
    if (code != FH_OK) {
        return code;
    }
    if (invitation.not_after_ms <= invitation.created_ms) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.invitation.time",
                           "invitation: expected its end after its beginning");
    }
    if (invitation.name[0] != '\0') {
        code = fh_name_check("invitation: domain", invitation.name, err);
        if (code != FH_OK) {
            return code;
        }
    }
    *out = invitation;
    return FH_OK;
}

/* The text. */

void fh_invitation_text(struct fh_buf *out, const struct fh_invitation_ticket *ticket)
{
    FH_ASSERT(ticket->address_count <= FH_ADDRESSES_MAX);
    struct fh_buf bytes;
    fh_buf_init(&bytes, FH_INVITATION_PAYLOAD_BYTES_MAX);
    (void)fh_buf_reserve(&bytes, FH_INVITATION_PAYLOAD_BYTES_MAX); /* growing would copy the seed */
    bytes.size = 0;
    fh_pack_array(&bytes, TICKET_FIELDS);
    fh_pack_uint(&bytes, PAYLOAD_VERSION);
    fh_pack_bin(&bytes, fh_bytes(ticket->mesh.b, sizeof ticket->mesh.b));
    fh_pack_bin(&bytes, fh_bytes(ticket->charter.b, sizeof ticket->charter.b));
    fh_pack_bin(&bytes, fh_bytes(ticket->issuer.b, sizeof ticket->issuer.b));
    fh_pack_array(&bytes, ticket->address_count);
    for (unsigned i = 0; i < ticket->address_count; i++) {
        fh_pack_cstr(&bytes, ticket->addresses[i]);
    }
    fh_pack_bin(&bytes, fh_bytes(ticket->seed, sizeof ticket->seed));
    fh_pack_bin(&bytes, fh_bytes(ticket->record, ticket->record_size));
    if (fh_buf_ok(&bytes) == FH_OK) {
        char text[FH_INVITATION_TEXT_BYTES];
        fh_base32(text, bytes.data, bytes.size);
        fh_buf_add_cstr(out, text_prefix);
        fh_buf_add_cstr(out, text);
        fh_wipe(text, sizeof text);
    } else if (out->failed == FH_OK) {
        out->failed = bytes.failed;
    }
    if (bytes.data != NULL) {
        fh_wipe(bytes.data, bytes.capacity);
    }
    fh_buf_fini(&bytes);
}

static int refuse_text(struct fh_err *err, const char *why)
{
    return fh_err_rule(err, FH_EINVAL, "identity.invitation.text", "invitation text: %s", why);
}

static int
read_ticket(struct fh_invitation_ticket *ticket, struct fh_bytes bytes, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_INVITATION_PAYLOAD_BYTES_MAX);
    int code = fh_pack_scan(bytes, &limits, err);
    if (code != FH_OK) {
        fh_err_wrap(err, "invitation text");
        return code;
    }
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, bytes);
    uint32_t count = fh_pack_read_record(&reader, TICKET_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, ticket->mesh.b, sizeof ticket->mesh.b);
    fh_pack_read_fixed(&reader, ticket->charter.b, sizeof ticket->charter.b);
    fh_pack_read_fixed(&reader, ticket->issuer.b, sizeof ticket->issuer.b);
    ticket->address_count = fh_pack_read_array(&reader, FH_ADDRESSES_MAX);
    for (unsigned i = 0; i < ticket->address_count && reader.failed == FH_OK; i++) {
        fh_pack_read_cstr(&reader, ticket->addresses[i], sizeof ticket->addresses[i]);
    }
    fh_pack_read_fixed(&reader, ticket->seed, sizeof ticket->seed);
    struct fh_bytes record = fh_pack_read_bin(&reader, sizeof ticket->record);
    fh_pack_read_record_end(&reader, count, TICKET_FIELDS);
    code = fh_pack_read_ok(&reader, "invitation text", err);
    if (code == FH_OK) {
        ticket->record_size = record.size;
        if (record.size > 0) {
            memcpy(ticket->record, record.data, record.size);
        }
    }
    return code;
}

/* Seed, issuer and record must belong together. */
static int check_ticket(const struct fh_invitation_ticket *ticket,
                        struct fh_invitation *out_invitation,
                        struct fh_err *err)
{
    struct fh_record record;
    struct fh_invitation invitation;
    int code =
        fh_record_parse(&record, fh_bytes(ticket->record, ticket->record_size), &ticket->mesh, err);
    if (code == FH_OK && record.type != FH_RECORD_INVITATION) {
        code = refuse_text(err, "expected an invitation record inside");
    }
    if (code == FH_OK) {
        code = fh_invitation_decode(&invitation, &record, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_sign_public key;
    struct fh_sign_secret secret FH_CLEANUP(fh_sign_secret_wipe);
    fh_sign_keys(ticket->seed, &key, &secret);
    if (memcmp(key.b, invitation.one_time.b, sizeof key.b) != 0) {
        return refuse_text(err, "the one-time key does not belong to the invitation inside");
    }
    if (!fh_domain_id_equal(&ticket->issuer, &invitation.issuer)) {
        return refuse_text(err, "the issuer is not that of the invitation inside");
    }
    if (out_invitation != NULL) {
        *out_invitation = invitation;
    }
    return FH_OK;
}

static int parse_text(struct fh_invitation_ticket *ticket,
                      struct fh_invitation *out_invitation,
                      const char *letters,
                      int length,
                      struct fh_err *err)
{
    const size_t prefix = sizeof text_prefix - 1;
    if (length < 0) {
        return refuse_text(err, "too long");
    }
    if ((size_t)length <= prefix || memcmp(letters, text_prefix, prefix) != 0) {
        return refuse_text(err, "expected it to begin with fhi1");
    }
    uint8_t bytes[FH_INVITATION_PAYLOAD_BYTES_MAX];
    size_t size = ((size_t)length - prefix) * 5 / 8;
    int code = FH_OK;
    if (!fh_unbase32(bytes, size, letters + prefix, (size_t)length - prefix)) {
        code = refuse_text(err, "expected only letters a-z and digits 2-7; is it complete?");
    }
    if (code == FH_OK) {
        code = read_ticket(ticket, fh_bytes(bytes, size), err);
    }
    if (code == FH_OK) {
        code = check_ticket(ticket, out_invitation, err);
    }
    fh_wipe(bytes, sizeof bytes);
    return code;
}

int fh_invitation_parse(struct fh_invitation_ticket *out,
                        struct fh_invitation *out_invitation,
                        struct fh_bytes text,
                        struct fh_err *err)
{
    char letters[FH_INVITATION_TEXT_BYTES];
    struct fh_invitation_ticket ticket = {0};
    int length = fh_armour_letters(letters, sizeof letters, text);
    int code = parse_text(&ticket, out_invitation, letters, length, err);
    if (code == FH_OK) {
        *out = ticket;
    }
    fh_wipe(letters, sizeof letters);
    fh_invitation_ticket_wipe(&ticket);
    return code;
}

/* The redemption. */

enum { REDEEM_TAG_BYTES = sizeof "freehold/v1/redeem" };

struct redemption_input {
    uint8_t bytes[REDEEM_TAG_BYTES + 2 * FH_ID_BYTES + FH_NAME_BYTES_MAX];
    size_t size;
};

static struct redemption_input redemption_input_of(const struct fh_mesh_id *mesh,
                                                   const struct fh_domain_id *domain,
                                                   const char *name)
{
    struct redemption_input in;
    size_t name_size = strlen(name);
    FH_ASSERT(name_size <= FH_NAME_BYTES_MAX);
    memcpy(in.bytes, "freehold/v1/redeem", REDEEM_TAG_BYTES); /* with its NUL */
    memcpy(in.bytes + REDEEM_TAG_BYTES, mesh->b, FH_ID_BYTES);
    memcpy(in.bytes + REDEEM_TAG_BYTES + FH_ID_BYTES, domain->b, FH_ID_BYTES);
    memcpy(in.bytes + REDEEM_TAG_BYTES + 2 * FH_ID_BYTES, name, name_size);
    in.size = REDEEM_TAG_BYTES + 2 * FH_ID_BYTES + name_size;
    return in;
}

void fh_redemption_sign(struct fh_signature *out,
                        const uint8_t one_time_seed[FH_SEED_BYTES],
                        const struct fh_mesh_id *mesh,
                        const struct fh_domain_id *domain,
                        const char *name)
{
    struct redemption_input in = redemption_input_of(mesh, domain, name);
    struct fh_sign_public key;
    struct fh_sign_secret secret FH_CLEANUP(fh_sign_secret_wipe);
    fh_sign_keys(one_time_seed, &key, &secret);
    fh_sign(out, fh_bytes(in.bytes, in.size), &secret);
}

bool fh_redemption_verify(const struct fh_signature *redemption,
                          const struct fh_sign_public *one_time,
                          const struct fh_mesh_id *mesh,
                          const struct fh_domain_id *domain,
                          const char *name,
                          const struct fh_verifier *verifier)
{
    if (strlen(name) > FH_NAME_BYTES_MAX) {
        return false;
    }
    struct redemption_input in = redemption_input_of(mesh, domain, name);
    return verifier->verify(verifier->user, redemption, fh_bytes(in.bytes, in.size), one_time);
}

/* The admission record. */

void fh_admission_make(struct fh_buf *out,
                       const struct fh_admission *admission,
                       const struct fh_mesh_id *mesh,
                       const struct fh_sign_secret *signer)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, ADMISSION_BYTES_MAX);
    fh_pack_array(&payload, ADMISSION_FIELDS);
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(admission->issuer.b, sizeof admission->issuer.b));
    fh_pack_bin(&payload, admission->invitation);
    fh_pack_bin(&payload, fh_bytes(admission->domain.b, sizeof admission->domain.b));
    fh_pack_cstr(&payload, admission->name);
    fh_pack_uint(&payload, (uint64_t)admission->admitted_ms);
    fh_pack_bin(&payload, fh_bytes(admission->redemption.b, sizeof admission->redemption.b));
    struct fh_record draft = {.type = FH_RECORD_ADMISSION, .payload = fh_buf_view(&payload)};
    struct fh_admission again;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_admission_decode(&again, &draft, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, signer);
}

int fh_admission_decode(struct fh_admission *out,
                        const struct fh_record *record,
                        struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_ADMISSION);
    struct fh_admission admission = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, ADMISSION_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, admission.issuer.b, sizeof admission.issuer.b);
    admission.invitation = fh_pack_read_bin(&reader, FH_INVITATION_PAYLOAD_BYTES_MAX);
    fh_pack_read_fixed(&reader, admission.domain.b, sizeof admission.domain.b);
    fh_pack_read_cstr(&reader, admission.name, sizeof admission.name);
    admission.admitted_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_fixed(&reader, admission.redemption.b, sizeof admission.redemption.b);
    fh_pack_read_record_end(&reader, count, ADMISSION_FIELDS);
    int code = fh_pack_read_ok(&reader, "admission", err);
    if (code == FH_OK) {
        code = fh_name_check("admission: domain", admission.name, err);
    }
    if (code == FH_OK) {
        *out = admission;
    }
    return code;
}
