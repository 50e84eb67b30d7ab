/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/likeness.h"

#include "common/assert.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_BYTES_MAX = 4096, WORDS_BYTES = 256 };

static const struct {
    const char *text;
    const char *classification;
} kinds[FH_LIKENESS_COUNT] = {
#define X(name, what, classification) [FH_LIKE_##name] = {(what), (classification)},
    FH_LIKENESSES(X)
#undef X
};

const char *fh_likeness_text(enum fh_likeness likeness)
{
    FH_ASSERT(likeness < FH_LIKENESS_COUNT);
    return kinds[likeness].text;
}

const char *fh_likeness_classification(enum fh_likeness likeness)
{
    FH_ASSERT(likeness < FH_LIKENESS_COUNT);
    return kinds[likeness].classification;
}

/* ---- values ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Whether the value is of this form: 'd' a digit, 'h' a hex digit, 'A' a letter, all else itself.
 */
static bool has_form(struct fh_bytes v, const char *form)
{
    if (v.size != strlen(form)) {
        return false;
    }
    for (size_t i = 0; i < v.size; i++) {
        bool fits = form[i] == 'd'   ? is_digit(v.data[i])
                    : form[i] == 'h' ? is_hex(v.data[i])
                    : form[i] == 'A' ? is_letter(v.data[i])
                                     : v.data[i] == (uint8_t)form[i];
        if (!fits) {
            return false;
        }
    }
    return true;
}

/* local@host.tld, as people write it; not all that RFC 5321 allows. */
static bool is_email(struct fh_bytes v)
{
    const uint8_t *at = memchr(v.data, '@', v.size);
    if (at == NULL || at == v.data || v.size > 254) {
        return false;
    }
    size_t local = (size_t)(at - v.data);
    size_t dot = 0;
    for (size_t i = 0; i < v.size; i++) {
        uint8_t c = v.data[i];
        bool fits = is_letter(c) || is_digit(c) || c >= 0x80 || strchr(".-", c) != NULL ||
                    (i < local && strchr("!#$%&'*+/=?^_`{|}~", c) != NULL);
        if (i != local && (c == 0 || !fits)) {
            return false;
        }
        dot = c == '.' ? i : dot;
    }
    return dot > local + 1 && v.size - dot > 2 && is_letter(v.data[v.size - 1]);
}

/* Digits without the separators that people put between them; the number of separators. */
static size_t
digits_of(struct fh_bytes v, const char *separators, char *out, size_t size, size_t *out_between)
{
    size_t count = 0;
    *out_between = 0;
    for (size_t i = 0; i < v.size; i++) {
        if (is_digit(v.data[i]) && count < size) {
            out[count++] = (char)v.data[i];
        } else if (v.data[i] != 0 && strchr(separators, v.data[i]) != NULL) {
            (*out_between)++;
        } else {
            return 0;
        }
    }
    return count;
}

static bool passes_luhn(const char *digits, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(digits[count - 1 - i] - '0');
        digit = i % 2 == 1 ? 2 * digit : digit;
        sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
}

/* ISO/IEC 7812: 13 to 19 digits, the first of a payment network; a timestamp begins with 1. */
static bool is_card(struct fh_bytes v)
{
    char digits[20];
    size_t between;
    size_t count = digits_of(v, " -", digits, sizeof digits, &between);
    return count >= 13 && count <= 19 && digits[0] >= '2' && digits[0] <= '6' && between <= 4 &&
           passes_luhn(digits, count);
}

/* ISO 13616: two letters, two check digits, up to 30 more; rotated by four it is 1 modulo 97. */
static bool is_iban(struct fh_bytes v)
{
    char text[35];
    size_t count = 0;
    for (size_t i = 0; i < v.size; i++) {
        if (v.data[i] == ' ') {
            continue;
        }
        if (count == sizeof text - 1 || !(is_letter(v.data[i]) || is_digit(v.data[i]))) {
            return false;
        }
        text[count++] = (char)toupper(v.data[i]);
    }
    if (count < 15 || !isupper((unsigned char)text[0]) || !isupper((unsigned char)text[1]) ||
        !is_digit((uint8_t)text[2]) || !is_digit((uint8_t)text[3])) {
        return false;
    }
    unsigned rest = 0;
    for (size_t i = 0; i < count; i++) {
        char c = text[(i + 4) % count];
        unsigned value = is_digit((uint8_t)c) ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
        rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
    }
    return rest == 1;
}

static bool is_ipv4(struct fh_bytes v)
{
    unsigned part = 0, parts = 1, digits = 0;
    for (size_t i = 0; i < v.size; i++) {
        if (v.data[i] == '.' && digits > 0) {
            parts++;
            part = digits = 0;
        } else if (is_digit(v.data[i]) && digits < 3) {
            part = part * 10 + (unsigned)(v.data[i] - '0');
            digits++;
        } else {
            return false;
        }
        if (part > 255 || parts > 4) {
            return false;
        }
    }
    return parts == 4 && digits > 0;
}

/* Groups of hex digits by colons: eight, or fewer around one "::". Times and MACs are none. */
static bool is_ipv6(struct fh_bytes v)
{
    unsigned colons = 0, digits = 0, gaps = 0;
    for (size_t i = 0; i < v.size; i++) {
        if (v.data[i] == ':') {
            gaps += i > 0 && v.data[i - 1] == ':' ? 1 : 0;
            colons++;
            digits = 0;
        } else if (is_hex(v.data[i]) && digits < 4) {
            digits++;
        } else {
            return false;
        }
    }
    return (gaps == 0 && colons == 7 && digits > 0) ||
           (gaps == 1 && colons >= 2 && colons <= 7 && v.size > 2);
}

/* Also with the length of a network behind it, as databases print addresses: 10.0.0.1/32. */
static bool is_ip(struct fh_bytes v)
{
    const uint8_t *slash = v.size > 0 ? memchr(v.data, '/', v.size) : NULL;
    if (slash != NULL) {
        size_t size = (size_t)(slash - v.data);
        size_t behind = v.size - size - 1;
        if (behind == 0 || behind > 3 || !is_digit(slash[1])) {
            return false;
        }
        v.size = size;
    }
    return is_ipv4(v) || is_ipv6(v);
}

/* Spain: eight digits (or a foreigner's letter and seven), then the letter that they give. */
static bool is_spanish_id(struct fh_bytes v)
{
    static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
    if (!has_form(v, "ddddddddA") && !has_form(v, "AdddddddA")) {
        return false;
    }
    unsigned number = 0;
    for (size_t i = 0; i < 8; i++) {
        int c = toupper(v.data[i]);
        if (i == 0 && is_letter(v.data[0]) && (c < 'X' || c > 'Z')) {
            return false;
        }
        number = number * 10 + (unsigned)(is_letter(v.data[i]) ? c - 'X' : c - '0');
    }
    return toupper(v.data[8]) == letters[number % 23];
}

static bool is_national_id(struct fh_bytes v)
{
    /* USA (social security), Italy (codice fiscale), UK (national insurance) */
    return (has_form(v, "ddd-dd-dddd") && memcmp(v.data, "000", 3) != 0) || is_spanish_id(v) ||
           has_form(v, "AAAAAAddAddAdddA") || has_form(v, "AA dd dd dd A");
}

/* Three groups by one separator, the middle of one or two digits: a date. A first group without 0
 * in front and groups of three after it: a number with its thousands set apart. */
static bool is_grouped_number(struct fh_bytes v)
{
    size_t sizes[3] = {0};
    size_t group = 0;
    uint8_t separator = 0;
    for (size_t i = 0; i < v.size; i++) {
        if (is_digit(v.data[i])) {
            sizes[group]++;
        } else if (group == 2 || (separator != 0 && separator != v.data[i])) {
            return false;
        } else {
            separator = v.data[i];
            group++;
        }
    }
    bool is_date = sizes[0] <= 4 && sizes[1] <= 2 && sizes[2] <= 4 && separator != ' ';
    bool is_thousands = v.data[0] != '0' && sizes[1] == 3 && sizes[2] == 3 && separator != '-';
    return group == 2 && (is_date || is_thousands);
}

/* 7 to 15 digits (E.164) that are written as people write telephone numbers: with + or brackets in
 * front, or in at least three groups. */
static bool is_phone(struct fh_bytes v)
{
    char digits[16];
    size_t between;
    bool opens = v.size > 0 && (v.data[0] == '+' || v.data[0] == '(');
    struct fh_bytes rest = opens ? fh_bytes(v.data + 1, v.size - 1) : v;
    size_t count = digits_of(rest, " -./()", digits, sizeof digits, &between);
    if (count < 7 || count > 15) {
        return false;
    }
    size_t dots = 0;
    for (size_t i = 0; i < v.size; i++) {
        dots += v.data[i] == '.' ? 1 : 0;
    }
    bool is_version = between == 3 && dots == 3; /* or an IP address that is none */
    return opens || (is_digit(v.data[0]) && between >= 2 && !is_version && !is_grouped_number(v));
}

/* "52.52, 13.405": two decimals in the range of latitude and longitude. */
static bool is_place(struct fh_bytes v)
{
    char text[48];
    char rest = 0;
    double latitude, longitude;
    if (v.size < 7 || v.size >= sizeof text) {
        return false;
    }
    memcpy(text, v.data, v.size);
    text[v.size] = 0;
    const char *comma = strchr(text, ',');
    const char *dot = strchr(text, '.');
    return strspn(text, "+-0123456789., ") == v.size && comma != NULL && dot != NULL &&
           dot < comma && strchr(comma, '.') != NULL &&
           sscanf(text, "%lf , %lf%c", &latitude, &longitude, &rest) == 2 && latitude >= -90 &&
           latitude <= 90 && longitude >= -180 && longitude <= 180;
}

static bool is_secret(struct fh_bytes v)
{
    static const struct {
        const char *start;
        size_t bytes_min;
    } forms[] = {
        {"AKIA", 20},        {"ASIA", 20},       {"ghp_", 20},  {"gho_", 20},  {"ghs_", 20},
        {"github_pat_", 20}, {"glpat-", 20},     {"xoxb-", 20}, {"xoxp-", 20}, {"sk_live_", 20},
        {"sk-", 40},         {"-----BEGIN", 20}, {"$2a$", 50},  {"$2b$", 50},  {"$2y$", 50},
        {"$argon2", 30},     {"{SSHA}", 20},     {"$6$", 40},   {"$5$", 40},   {"$1$", 30},
        {"pbkdf2_", 30},     {"AIza", 35},
    };
    for (size_t i = 0; i < FH_COUNT(forms); i++) {
        size_t size = strlen(forms[i].start);
        if (v.size >= forms[i].bytes_min && memcmp(v.data, forms[i].start, size) == 0) {
            return true;
        }
    }
    /* A JSON web token (RFC 7519): three parts, the first of which begins with {" in base64. */
    const uint8_t *dot =
        v.size > 30 && memcmp(v.data, "eyJ", 3) == 0 ? memchr(v.data, '.', v.size) : NULL;
    return dot != NULL && memchr(dot + 1, '.', v.size - (size_t)(dot + 1 - v.data)) != NULL;
}

static struct fh_bytes trim(struct fh_bytes v)
{
    while (v.size > 0 && isspace(v.data[0])) {
        v = fh_bytes(v.data + 1, v.size - 1);
    }
    while (v.size > 0 && isspace(v.data[v.size - 1])) {
        v.size--;
    }
    return v;
}

enum fh_likeness fh_likeness_of_value(struct fh_bytes value)
{
    /* From the most specific to the least. */
    static const struct {
        enum fh_likeness likeness;
        bool (*fits)(struct fh_bytes);
    } tests[] = {
        {FH_LIKE_EMAIL, is_email},
        {FH_LIKE_IBAN, is_iban},
        {FH_LIKE_CARD, is_card},
        {FH_LIKE_NATIONAL_ID, is_national_id},
        {FH_LIKE_IP, is_ip},
        {FH_LIKE_PLACE, is_place},
        {FH_LIKE_PHONE, is_phone},
        {FH_LIKE_SECRET, is_secret},
    };
    struct fh_bytes v = trim(value);
    if (v.size < 3 || v.size > VALUE_BYTES_MAX) {
        return FH_LIKENESS_COUNT;
    }
    if (has_form(v, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh")) {
        return FH_LIKE_UUID;
    }
    for (size_t i = 0; i < FH_COUNT(tests); i++) {
        if (tests[i].fits(v)) {
            return tests[i].likeness;
        }
    }
    return FH_LIKENESS_COUNT;
}

/* ---- names ---- */

/* Words of names, joined by _; the first that fits decides. A phrase fits whole words in a row, or
 * the whole name written together. */
static const struct {
    const char *phrase;
    enum fh_likeness likeness;
} phrases[] = {
    {"ip", FH_LIKE_IP},
    {"ip_address", FH_LIKE_IP},
    {"ip_addr", FH_LIKE_IP},
    {"remote_addr", FH_LIKE_IP},
    {"email", FH_LIKE_EMAIL},
    {"e_mail", FH_LIKE_EMAIL},
    {"mail", FH_LIKE_EMAIL},
    {"email_address", FH_LIKE_EMAIL},
    {"courriel", FH_LIKE_EMAIL},
    {"correo", FH_LIKE_EMAIL},
    {"phone", FH_LIKE_PHONE},
    {"phone_number", FH_LIKE_PHONE},
    {"telephone", FH_LIKE_PHONE},
    {"telefon", FH_LIKE_PHONE},
    {"telefono", FH_LIKE_PHONE},
    {"tel", FH_LIKE_PHONE},
    {"mobile", FH_LIKE_PHONE},
    {"cell_phone", FH_LIKE_PHONE},
    {"fax", FH_LIKE_PHONE},
    {"msisdn", FH_LIKE_PHONE},
    {"birth", FH_LIKE_BIRTH},
    {"birth_date", FH_LIKE_BIRTH},
    {"birthday", FH_LIKE_BIRTH},
    {"date_of_birth", FH_LIKE_BIRTH},
    {"dob", FH_LIKE_BIRTH},
    {"born", FH_LIKE_BIRTH},
    {"geburtsdatum", FH_LIKE_BIRTH},
    {"date_naissance", FH_LIKE_BIRTH},
    {"fecha_nacimiento", FH_LIKE_BIRTH},
    {"ssn", FH_LIKE_NATIONAL_ID},
    {"social_security", FH_LIKE_NATIONAL_ID},
    {"national_id", FH_LIKE_NATIONAL_ID},
    {"passport", FH_LIKE_NATIONAL_ID},
    {"tax_id", FH_LIKE_NATIONAL_ID},
    {"id_card", FH_LIKE_NATIONAL_ID},
    {"driver_license", FH_LIKE_NATIONAL_ID},
    {"drivers_license", FH_LIKE_NATIONAL_ID},
    {"driving_licence", FH_LIKE_NATIONAL_ID},
    {"bsn", FH_LIKE_NATIONAL_ID},
    {"pesel", FH_LIKE_NATIONAL_ID},
    {"cpf", FH_LIKE_NATIONAL_ID},
    {"curp", FH_LIKE_NATIONAL_ID},
    {"dni", FH_LIKE_NATIONAL_ID},
    {"aadhaar", FH_LIKE_NATIONAL_ID},
    {"codice_fiscale", FH_LIKE_NATIONAL_ID},
    {"steuer_id", FH_LIKE_NATIONAL_ID},
    {"card_number", FH_LIKE_CARD},
    {"card_no", FH_LIKE_CARD},
    {"credit_card", FH_LIKE_CARD},
    {"cc_number", FH_LIKE_CARD},
    {"cvv", FH_LIKE_CARD},
    {"iban", FH_LIKE_IBAN},
    {"bank_account", FH_LIKE_IBAN},
    {"account_number", FH_LIKE_IBAN},
    {"password", FH_LIKE_SECRET},
    {"passwd", FH_LIKE_SECRET},
    {"pwd", FH_LIKE_SECRET},
    {"passphrase", FH_LIKE_SECRET},
    {"secret", FH_LIKE_SECRET},
    {"api_key", FH_LIKE_SECRET},
    {"access_key", FH_LIKE_SECRET},
    {"private_key", FH_LIKE_SECRET},
    {"token", FH_LIKE_SECRET},
    {"credential", FH_LIKE_SECRET},
    {"credentials", FH_LIKE_SECRET},
    {"latitude", FH_LIKE_PLACE},
    {"longitude", FH_LIKE_PLACE},
    {"lat", FH_LIKE_PLACE},
    {"lon", FH_LIKE_PLACE},
    {"lng", FH_LIKE_PLACE},
    {"gps", FH_LIKE_PLACE},
    {"coordinates", FH_LIKE_PLACE},
    {"geolocation", FH_LIKE_PLACE},
    {"first_name", FH_LIKE_PERSON},
    {"last_name", FH_LIKE_PERSON},
    {"middle_name", FH_LIKE_PERSON},
    {"given_name", FH_LIKE_PERSON},
    {"family_name", FH_LIKE_PERSON},
    {"maiden_name", FH_LIKE_PERSON},
    {"full_name", FH_LIKE_PERSON},
    {"surname", FH_LIKE_PERSON},
    {"forename", FH_LIKE_PERSON},
    {"customer_name", FH_LIKE_PERSON},
    {"contact_name", FH_LIKE_PERSON},
    {"person_name", FH_LIKE_PERSON},
    {"patient_name", FH_LIKE_PERSON},
    {"employee_name", FH_LIKE_PERSON},
    {"user_name", FH_LIKE_PERSON},
    {"vorname", FH_LIKE_PERSON},
    {"nachname", FH_LIKE_PERSON},
    {"prenom", FH_LIKE_PERSON},
    {"nombre", FH_LIKE_PERSON},
    {"apellido", FH_LIKE_PERSON},
    {"cognome", FH_LIKE_PERSON},
    {"mac_address", FH_LIKENESS_COUNT},
    {"address", FH_LIKE_ADDRESS},
    {"street", FH_LIKE_ADDRESS},
    {"house_number", FH_LIKE_ADDRESS},
    {"postcode", FH_LIKE_ADDRESS},
    {"postal_code", FH_LIKE_ADDRESS},
    {"zip", FH_LIKE_ADDRESS},
    {"zip_code", FH_LIKE_ADDRESS},
    {"strasse", FH_LIKE_ADDRESS},
    {"plz", FH_LIKE_ADDRESS},
    {"adresse", FH_LIKE_ADDRESS},
    {"direccion", FH_LIKE_ADDRESS},
    {"indirizzo", FH_LIKE_ADDRESS},
};

/* "customerEMail-1" -> "_customer_e_mail_1_". */
static void words_of(char out[WORDS_BYTES], const char *name)
{
    size_t at = 0;
    out[at++] = '_';
    for (size_t i = 0; name[i] != 0 && at + 3 < WORDS_BYTES; i++) {
        unsigned char c = (unsigned char)name[i];
        bool after_small = i > 0 && islower((unsigned char)name[i - 1]);
        bool before_small =
            i > 0 && isupper((unsigned char)name[i - 1]) && islower((unsigned char)name[i + 1]);
        if (isupper(c) && (after_small || before_small) && out[at - 1] != '_') {
            out[at++] = '_';
        }
        if (isalnum(c) || c >= 0x80) {
            out[at++] = (char)tolower(c);
        } else if (out[at - 1] != '_') {
            out[at++] = '_';
        }
    }
    if (out[at - 1] != '_') {
        out[at++] = '_';
    }
    out[at] = 0;
}

/* Whether the texts are the same but for _. */
static bool same_together(const char *a, const char *b)
{
    for (;;) {
        a += strspn(a, "_");
        b += strspn(b, "_");
        if (*a != *b || *a == 0) {
            return *a == *b;
        }
        a++;
        b++;
    }
}

enum fh_likeness fh_likeness_of_name(const char *name)
{
    char words[WORDS_BYTES];
    words_of(words, name);
    for (size_t i = 0; i < FH_COUNT(phrases); i++) {
        char phrase[40];
        snprintf(phrase, sizeof phrase, "_%s_", phrases[i].phrase);
        if (strstr(words, phrase) != NULL || same_together(words, phrases[i].phrase)) {
            return phrases[i].likeness;
        }
    }
    return FH_LIKENESS_COUNT;
}
