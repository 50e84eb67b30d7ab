-- The same data behind an open product, in a subquery whose result is not even shown: refused as well.
SELECT count(*) AS strong_events
FROM geology.earthquakes AS e
WHERE e.mag > 4
  AND EXISTS (SELECT 1 FROM geology.felt_reports AS r WHERE r.event_id = e.id)
ORDER BY strong_events;
