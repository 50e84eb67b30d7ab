-- SPDX-License-Identifier: Apache-2.0
-- From version 1 of node.db to version 2.

-- `state`, how it stood (proto/quality), so that of days gone by the worst measurement is kept. What
-- was measured before counts as good: those rows give way first. The table is made anew, for a home
-- that a build between the two versions made has the column already.
CREATE TABLE measured_2 (
    product TEXT NOT NULL,
    major INTEGER NOT NULL,
    measured_ms INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    bytes BLOB NOT NULL,
    results BLOB NOT NULL,
    PRIMARY KEY (product, major, measured_ms)
) STRICT;
INSERT INTO measured_2 (product, major, measured_ms, bytes, results)
    SELECT product, major, measured_ms, bytes, results FROM measured;
DROP TABLE measured;
ALTER TABLE measured_2 RENAME TO measured;
