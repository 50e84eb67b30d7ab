-- How many events does each network locate, how well, and how often does it help another one?
-- Two products of one domain; one of them has two tables, which three-part names tell apart.
SELECT c.network,
       count(*) FILTER (WHERE c.preferred) AS located,
       count(*) FILTER (WHERE NOT c.preferred) AS helped,
       max(e.mag) FILTER (WHERE c.preferred) AS strongest,
       median(o.stations) FILTER (WHERE c.preferred) AS median_stations
FROM geology.solutions.contributors AS c
JOIN geology.solutions.origins AS o ON o.event_id = c.event_id
JOIN geology.earthquakes AS e ON e.id = c.event_id
GROUP BY c.network
ORDER BY located DESC, c.network;
