-- How many flights are there, from when to when? One product, one owner.
SELECT count(*) AS flights, min(date) AS first_departure, max(date) AS last_departure
FROM aviation.flights
ORDER BY flights;
