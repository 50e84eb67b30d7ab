/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules by name, private to this room: which rule a change falls under.
 *
 * compat.c looks up what judges a field; compat_column.c judges columns and their types,
 * compat_promise.c quality, SLA, price and access.
 *
 * Does not: find changes. Thread: any. Ownership: borrows.
 */
#ifndef FH_PROTO_CONTRACT_COMPAT_INNER_H
#define FH_PROTO_CONTRACT_COMPAT_INNER_H

#include "proto/contract/compat.h"
#include "proto/contract/value_order.h"

/* X(name, id, READER, STORED, bump, sentence): the table that proto/README.md documents, in its
 * order. A change of it is another FH_CONTRACT_COMPAT_RULES. */
/* clang-format off */
#define FH_COMPAT_RULES(X) \
    X(TABLE_ADDED, "table.added", INFO, INFO, MINOR, "a new table; readers of the others see no difference") \
    X(TABLE_REMOVED, "table.removed", BREAKING, WARNING, MAJOR, "a table is gone; queries of it fail") \
    X(TABLE_RENAMED, "table.renamed", BREAKING, BREAKING, MAJOR, "a table has another name; queries by the old one fail") \
    X(COLUMN_ADDED, "column.added", INFO, INFO, MINOR, "a new column that may be empty") \
    X(COLUMN_ADDED_REQUIRED, "column.added.required", INFO, BREAKING, MINOR, "a new column that is never empty; stored rows have no value for it") \
    X(COLUMN_ADDED_KEY, "column.added.key", BREAKING, BREAKING, MAJOR, "a new column of an existing key; the old columns alone no longer tell rows apart") \
    X(COLUMN_REMOVED, "column.removed", BREAKING, WARNING, MAJOR, "a column is gone; queries of it fail") \
    X(COLUMN_RENAMED, "column.renamed", BREAKING, BREAKING, MAJOR, "a column has another name; queries by the old one fail") \
    X(TYPE_CHANGED, "type.changed", BREAKING, BREAKING, MAJOR, "values have another type") \
    X(TYPE_WIRE, "type.wire", BREAKING, BREAKING, MAJOR, "values travel as another SQL type") \
    X(TYPE_PHYSICAL, "type.physical", INFO, WARNING, MINOR, "the source has another type; values travel as before") \
    X(TYPE_STATED, "type.stated", INFO, WARNING, MINOR, "a type is promised where none was") \
    X(TYPE_DROPPED, "type.dropped", BREAKING, INFO, MAJOR, "no type is promised any more") \
    X(TYPE_FORMAT, "type.format", WARNING, WARNING, MINOR, "the source writes dates or times in another form") \
    X(TYPE_OPTION, "type.option", INFO, INFO, PATCH, "an option that came or went with its type") \
    X(NULLS_ALLOWED, "nulls.allowed", BREAKING, INFO, MAJOR, "values may be missing now; readers rely on them") \
    X(NULLS_EXCLUDED, "nulls.excluded", INFO, BREAKING, MINOR, "values are never missing now; stored rows may lack them") \
    X(UNIQUE_DROPPED, "unique.dropped", BREAKING, INFO, MAJOR, "values may repeat now; joins multiply rows") \
    X(UNIQUE_ADDED, "unique.added", INFO, BREAKING, MINOR, "values never repeat now; stored ones may") \
    X(KEY_DROPPED, "key.dropped", BREAKING, INFO, MAJOR, "the table has no primary key any more") \
    X(KEY_ADDED, "key.added", INFO, BREAKING, MINOR, "the table has a primary key now; stored rows may break it") \
    X(KEY_CHANGED, "key.changed", BREAKING, BREAKING, MAJOR, "other columns make up the primary key") \
    X(KEY_ORDER, "key.order", INFO, INFO, PATCH, "the key's columns are listed in another order") \
    X(VALUES_LOOSENED, "values.loosened", BREAKING, INFO, MAJOR, "values may occur that could not before") \
    X(VALUES_TIGHTENED, "values.tightened", INFO, BREAKING, MINOR, "fewer values may occur; stored ones may be among the others") \
    X(VALUES_CHANGED, "values.changed", BREAKING, BREAKING, MAJOR, "other values may occur; neither set holds the other, or it cannot be told") \
    X(TIMEZONE_CHANGED, "timezone.changed", BREAKING, BREAKING, MAJOR, "the same text means another moment") \
    X(TIMEZONE_STATED, "timezone.stated", WARNING, WARNING, MINOR, "the time zone that was understood is stated, or no longer") \
    X(RELATIONSHIP_ADDED, "relationship.added", INFO, WARNING, MINOR, "rows have a counterpart now; stored ones may lack it") \
    X(RELATIONSHIP_DROPPED, "relationship.dropped", BREAKING, INFO, MAJOR, "rows may lack their counterpart now") \
    X(CLASS_RAISED, "classification.raised", BREAKING, WARNING, MAJOR, "the class is more protected; readers may lose the column") \
    X(CLASS_LOWERED, "classification.lowered", INFO, INFO, MINOR, "the class is less protected") \
    X(CLASS_CHANGED, "classification.changed", WARNING, WARNING, MINOR, "the class is another, and which protects more is not known") \
    X(CLASS_STATED, "classification.stated", INFO, INFO, PATCH, "a class that protects nothing is stated, or no longer") \
    X(QUALITY_ADDED, "quality.added", INFO, WARNING, MINOR, "a new rule; stored data may break it") \
    X(QUALITY_DROPPED, "quality.dropped", BREAKING, INFO, MAJOR, "a rule is gone; nothing holds the data to it") \
    X(QUALITY_TEXT_DROPPED, "quality.text.dropped", WARNING, INFO, MINOR, "a rule in words is gone") \
    X(QUALITY_LOOSENED, "quality.loosened", BREAKING, INFO, MAJOR, "a rule lets more pass, or a breach counts less") \
    X(QUALITY_TIGHTENED, "quality.tightened", INFO, WARNING, MINOR, "a rule lets less pass, or a breach counts more") \
    X(QUALITY_CHANGED, "quality.changed", BREAKING, WARNING, MAJOR, "a rule says something else; whether it lets more pass cannot be told") \
    X(SLA_ADDED, "sla.added", INFO, INFO, MINOR, "a new promise of service") \
    X(SLA_DROPPED, "sla.dropped", BREAKING, INFO, MAJOR, "a promise of service is gone") \
    X(SLA_LOOSENED, "sla.loosened", BREAKING, INFO, MAJOR, "a promise of service is less than before") \
    X(SLA_TIGHTENED, "sla.tightened", INFO, INFO, MINOR, "a promise of service is more than before") \
    X(SLA_CHANGED, "sla.changed", BREAKING, INFO, MAJOR, "a promise of service is another; whether it is less cannot be told") \
    X(SLA_ELEMENT, "sla.element", WARNING, INFO, MINOR, "what the promises of service are measured by is another") \
    X(ACCESS_ADDED, "access.added", INFO, INFO, MINOR, "more may read") \
    X(ACCESS_DROPPED, "access.dropped", BREAKING, INFO, MAJOR, "the mesh may no longer read") \
    X(ACCESS_CHANGED, "access.changed", WARNING, INFO, MINOR, "a role gives something else, or is gone") \
    X(PRICE_RAISED, "price.raised", BREAKING, INFO, MAJOR, "the price is higher") \
    X(PRICE_LOWERED, "price.lowered", INFO, INFO, MINOR, "the price is lower") \
    X(PRICE_CHANGED, "price.changed", BREAKING, INFO, MAJOR, "the price is in another unit; whether it is higher cannot be told") \
    X(SERVER_ADDED, "server.added", INFO, INFO, MINOR, "the data can be had from another place too") \
    X(SERVER_REMOVED, "server.removed", BREAKING, INFO, MAJOR, "the data can no longer be had from a place") \
    X(SERVER_MOVED, "server.moved", BREAKING, INFO, MAJOR, "a place where the data can be had is elsewhere, or of another kind") \
    X(PRODUCT_RENAMED, "product.renamed", BREAKING, INFO, MAJOR, "the product has another name; queries by the old one fail") \
    X(MEANING_CHANGED, "meaning.changed", WARNING, INFO, MINOR, "what a row or value stands for is described otherwise") \
    X(ENCRYPTED_NAME, "encrypted_name.changed", WARNING, INFO, MINOR, "the column that holds the encrypted values is another") \
    X(LINEAGE_CHANGED, "lineage.changed", WARNING, INFO, PATCH, "values are computed otherwise") \
    X(SOURCE_CHANGED, "source.changed", INFO, INFO, PATCH, "where the owner keeps the data; readers do not see it") \
    X(STATUS_CHANGED, "status.changed", INFO, INFO, PATCH, "the life cycle went on") \
    X(CONTACT_CHANGED, "contact.changed", INFO, INFO, PATCH, "who stands behind the product, or where to ask") \
    X(TEXT_CHANGED, "text.changed", INFO, INFO, PATCH, "words for people") \
    X(SAME_MEANING, "same_meaning", INFO, INFO, PATCH, "the same, said in other words") \
    X(VERSION_CHANGED, "version.changed", INFO, INFO, NONE, "the version and its date")
/* clang-format on */

enum fh_compat_rule_name {
#define X(name, id, reader, stored, bump, sentence) FH_COMPAT_##name,
    FH_COMPAT_RULES(X)
#undef X
        FH_COMPAT_RULE_COUNT
};

/* Each judges one change of a field, or of an element in a list of that name. */
enum fh_compat_rule_name fh_judge_table(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_column(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_column_name(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_relationship(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_logical_type(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_physical_type(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_element_type(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_required(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_unique(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_primary_key(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_classification(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_enum(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_bound(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_length(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_pattern(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_format(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_multiple_of(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_timezone(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_default_timezone(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_unique_items(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_required_keys(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_option_extra(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_quality(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_operator(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_severity(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_arguments(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_metric(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_quality_type(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_query(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_quality_unit(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_sla(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_sla_value(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_sla_property(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_role(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_role_access(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_price(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_price_amount(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_server(const struct fh_change *change);
enum fh_compat_rule_name fh_judge_server_place(const struct fh_change *change);

/* Tighter is good for a reader and hard on stored data; looser the other way round. */
static inline enum fh_compat_rule_name fh_judge_order(enum fh_order order)
{
    return order == FH_ORDER_SAME      ? FH_COMPAT_SAME_MEANING
           : order == FH_ORDER_TIGHTER ? FH_COMPAT_VALUES_TIGHTENED
           : order == FH_ORDER_LOOSER  ? FH_COMPAT_VALUES_LOOSENED
                                       : FH_COMPAT_VALUES_CHANGED;
}

/* The same text, also when both are absent. */
bool fh_same_text(const char *a, const char *b);

#endif
