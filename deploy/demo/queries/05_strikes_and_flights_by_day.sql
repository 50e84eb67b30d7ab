-- On the days with the most bird strikes, how many flights left and how late were they?
-- Two domains, joined by day; the strikes reach from 1990 to 2002, the flights only over the first
-- half of 2001.
WITH days AS (
    SELECT CAST(date AS DATE) AS day, count(*) AS flights, round(avg(delay), 2) AS average_delay
    FROM aviation.flights
    GROUP BY day
), strikes AS (
    SELECT flight_date AS day, count(*) AS strikes, count(*) FILTER (WHERE damage <> 'None') AS with_damage
    FROM wildlife.birdstrikes
    WHERE flight_date BETWEEN DATE '2001-01-01' AND DATE '2001-06-30'
    GROUP BY day
)
SELECT s.day, s.strikes, s.with_damage, d.flights, d.average_delay
FROM strikes AS s
JOIN days AS d ON d.day = s.day
ORDER BY s.strikes DESC, s.day
LIMIT 15;
