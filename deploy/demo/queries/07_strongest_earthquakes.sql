-- Which were the ten strongest earthquakes of the week? One product, from JSON.
SELECT time, mag, mag_type, place, depth, tsunami, alert
FROM geology.earthquakes
WHERE type = 'earthquake'
ORDER BY mag DESC, time, id
LIMIT 10;
