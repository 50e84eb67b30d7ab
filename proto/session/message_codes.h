/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message codes: what can be asked over a session and over the admin socket.
 * Source of the table: proto/README.md, "Session messages".
 */
#ifndef FH_PROTO_SESSION_MESSAGE_CODES_H
#define FH_PROTO_SESSION_MESSAGE_CODES_H

/* X(NAME, code). Codes 1..63 over sessions, 64.. on the admin socket only. */
#define FH_MESSAGES(X)                                                                             \
    X(STATUS, 1)                                                                                   \
    X(PEERS, 2)                                                                                    \
    X(SEARCH, 3)                                                                                   \
    X(DESCRIBE, 4)                                                                                 \
    X(IDENTITY, 5)                                                                                 \
    X(REDEEM, 10)                                                                                  \
    X(SYNC, 11)                                                                                    \
    X(PUSH, 12)                                                                                    \
    X(PULL, 13)                                                                                    \
    X(PROBE, 14)                                                                                   \
    X(RECONCILE, 15)                                                                               \
    X(RELAY, 20)                                                                                   \
    X(PLAN, 30)                                                                                    \
    X(QUERY, 31)                                                                                   \
    X(SCAN, 32)                                                                                    \
    X(NEXT, 33)                                                                                    \
    X(CANCEL, 34)                                                                                  \
    X(MEASUREMENT, 35)                                                                             \
    X(HISTORY, 38)                                                                                 \
    X(CHAIN, 40)                                                                                   \
    X(PUBLISH, 41)                                                                                 \
    X(OUTCOME, 42)                                                                                 \
    X(BASE, 43)                                                                                    \
    X(ASK, 45)                                                                                     \
    X(ASKED, 46)                                                                                   \
    X(CAN, 47)                                                                                     \
    X(STILL, 48)                                                                                   \
    X(HUNG_UP, 49)                                                                                 \
    X(CHARTER, 50)                                                                                 \
    X(CHARTERS, 51)                                                                                \
    X(VIEW, 52)                                                                                    \
    X(TOKEN_DEPOSIT, 53)                                                                           \
    X(TOKEN_LIST, 54)                                                                              \
    X(TOKEN_REVOKE, 55)                                                                            \
    X(GOVERNED, 56)                                                                                \
    X(QUALITY, 57)                                                                                 \
    X(POLICY_STATE, 58)                                                                            \
    X(WITNESS, 59)                                                                                 \
    X(WHY, 60)                                                                                     \
    X(COUNTERS, 61)                                                                                \
    X(PROOFS, 62)                                                                                  \
    X(OWN, 63)                                                                                     \
    X(ADMIN_CHAIN, 64)                                                                             \
    X(ADMIN_PUBLISH, 65)                                                                           \
    X(ADMIN_LEAVE, 66)                                                                             \
    X(ADMIN_IDENTITY, 67)                                                                          \
    X(ADMIN_TEST, 70)                                                                              \
    X(ADMIN_CHECK, 73)                                                                             \
    X(ADMIN_MEASURED, 74)                                                                          \
    X(ADMIN_PROFILE, 76)                                                                           \
    X(ADMIN_CATALOGUE, 77)                                                                         \
    X(ADMIN_ANNOUNCED, 79)                                                                         \
    X(ADMIN_MOVE, 80)                                                                              \
    X(ADMIN_BASE, 82)                                                                              \
    X(ADMIN_ASKED, 84)                                                                             \
    X(ADMIN_GOVERN, 85)                                                                            \
    X(ADMIN_GRANTS, 86)                                                                            \
    X(ADMIN_WHO, 87)                                                                               \
    X(ADMIN_POLICY, 90)                                                                            \
    X(ADMIN_ENFORCE, 91)                                                                           \
    X(ADMIN_POLICIES, 92)                                                                          \
    X(ADMIN_EXPLAIN, 93)                                                                           \
    X(ADMIN_TOKEN, 102)                                                                            \
    X(ADMIN_NAMES, 107)                                                                            \
    X(ADMIN_NAME, 108)                                                                             \
    X(ADMIN_AGREED, 120)                                                                           \
    X(ADMIN_WAIVERS, 121)                                                                          \
    X(ADMIN_POLICY_STATUS, 122)                                                                    \
    X(ADMIN_VERSIONS, 123)                                                                         \
    X(ADMIN_RULES, 124)                                                                            \
    X(ADMIN_SIMULATE, 125)                                                                         \
    X(ADMIN_WITNESSED, 130)

enum fh_msg_code {
#define X(name, code) FH_MSG_##name = (code),
    FH_MESSAGES(X)
#undef X
};

#endif
