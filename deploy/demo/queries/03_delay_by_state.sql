-- From which states do flights arrive latest? Two products of one domain, joined at their owner. NA is
-- what the airports say of a state they do not know.
SELECT a.state,
       count(*) AS flights,
       round(avg(f.delay), 2) AS average_delay,
       round(100.0 * count(*) FILTER (WHERE f.delay > 15) / count(*), 1) AS percent_late
FROM aviation.flights AS f
JOIN aviation.airports AS a ON a.iata = f.origin
GROUP BY a.state
ORDER BY average_delay DESC, a.state
LIMIT 15;
