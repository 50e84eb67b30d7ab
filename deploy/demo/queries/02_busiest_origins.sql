-- Which ten airports send off the most flights, and how late do those arrive? One product.
SELECT origin,
       count(*) AS flights,
       round(avg(delay), 2) AS average_delay,
       count(*) FILTER (WHERE delay > 60) AS over_an_hour_late
FROM aviation.flights
GROUP BY origin
ORDER BY flights DESC, origin
LIMIT 10;
