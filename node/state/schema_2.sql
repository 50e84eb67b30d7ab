-- SPDX-License-Identifier: Apache-2.0
-- From version 1 of node.db to version 2.

-- How it stood (proto/quality), so that of days gone by the worst measurement is kept. What was
-- measured before counts as good: those rows give way first.
ALTER TABLE measured ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
