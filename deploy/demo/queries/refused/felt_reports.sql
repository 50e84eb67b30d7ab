-- Who felt the earth move? Not open to the mesh: refused at every peer unless geology itself asks.
SELECT event_id, reports, intensity
FROM geology.felt_reports
ORDER BY reports DESC, event_id
LIMIT 10;
