-- SPDX-License-Identifier: Apache-2.0
-- Functions of the linked DuckDB that no consumer may call: every table function but three, and what asks
-- settings, catalogues and sessions, changes state, or tells what the engine is made of. Found by what they are
-- and how they are named, not by the gate's own lists. tests/e2e/attacks.sh makes an attack of each.
SELECT DISTINCT 'table' AS kind, function_name AS name FROM duckdb_functions()
WHERE function_type IN ('table', 'table_macro', 'pragma') AND function_name NOT IN ('range', 'generate_series', 'unnest')
UNION
SELECT DISTINCT 'scalar', function_name FROM duckdb_functions()
WHERE function_type NOT IN ('table', 'table_macro', 'pragma')
  AND (stability = 'VOLATILE'
       OR regexp_matches(function_name, '^(pg_|has_|inet_|current_|__internal_|json_(de)?serialize|get(variable|env)|in_search)')
       OR regexp_matches(function_name, '(_pg_|_description$|_log|format_type|_user$|create_sort_key|_to_type|replace_type|can_cast|vector_type)')
       OR function_name IN ('user', 'error', 'finalize', 'combine', 'stats', 'nextval', 'currval', 'remap_struct', 'constant_or_null', 'get_block_size'))
  AND function_name NOT IN ('random', 'uuid', 'uuidv4', 'uuidv7', 'gen_random_uuid', 'current_date', 'current_localtime', 'current_localtimestamp')
ORDER BY ALL
