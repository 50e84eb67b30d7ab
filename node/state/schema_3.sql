-- SPDX-License-Identifier: Apache-2.0
-- From version 2 of node.db to version 3.

-- What is wanted is looked for domain by domain, so that one which announces thousands of contracts
-- that nobody has hides nothing of others'.
CREATE INDEX IF NOT EXISTS wants_of ON wants (domain, seq);
