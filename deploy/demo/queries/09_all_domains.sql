-- What happens in a state, on the ground and in the air: quakes felt by instruments, strikes, departures?
-- Three domains in one statement. The times differ (2018, 1990 to 2002, 2001): a picture of places,
-- not of causes.
WITH states (name, state, suffix) AS (
    VALUES ('California', 'CA', 'CA'), ('Hawaii', 'HI', 'Hawaii'), ('Oklahoma', 'OK', 'Oklahoma'),
           ('Utah', 'UT', 'Utah'), ('Washington', 'WA', 'Washington')
), quakes AS (
    SELECT s.state, count(*) AS quakes, max(e.mag) AS strongest
    FROM geology.earthquakes AS e
    JOIN states AS s ON e.place LIKE '%, ' || s.suffix
    GROUP BY s.state
), strikes AS (
    SELECT s.state, count(*) AS strikes
    FROM wildlife.birdstrikes AS b
    JOIN states AS s ON s.name = b.origin_state
    GROUP BY s.state
), departures AS (
    SELECT a.state, count(*) AS departures
    FROM aviation.flights AS f
    JOIN aviation.airports AS a ON a.iata = f.origin
    GROUP BY a.state
)
SELECT s.state, q.quakes, q.strongest, w.strikes, d.departures
FROM states AS s
LEFT JOIN quakes AS q ON q.state = s.state
LEFT JOIN strikes AS w ON w.state = s.state
LEFT JOIN departures AS d ON d.state = s.state
ORDER BY s.state;
