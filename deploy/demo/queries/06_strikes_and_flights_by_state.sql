-- How many strikes were reported per 100,000 departures, state by state, in the first half of 2001?
-- Three products of two domains. The strikes name their states in full, the airports by postal code, hence
-- the list. The airports of the capital lie in Virginia, so strikes in DC find no departures.
WITH names (name, state) AS (
    VALUES ('Arizona', 'AZ'), ('California', 'CA'), ('Colorado', 'CO'), ('DC', 'DC'), ('Florida', 'FL'),
           ('Georgia', 'GA'), ('Hawaii', 'HI'), ('Illinois', 'IL'), ('Indiana', 'IN'), ('Kentucky', 'KY'),
           ('Louisiana', 'LA'), ('Maryland', 'MD'), ('Massachusetts', 'MA'), ('Michigan', 'MI'),
           ('Minnesota', 'MN'), ('Missouri', 'MO'), ('Nebraska', 'NE'), ('New Jersey', 'NJ'),
           ('New York', 'NY'), ('North Carolina', 'NC'), ('Ohio', 'OH'), ('Oklahoma', 'OK'),
           ('Oregon', 'OR'), ('Pennsylvania', 'PA'), ('South Carolina', 'SC'), ('Tennessee', 'TN'),
           ('Texas', 'TX'), ('Utah', 'UT'), ('Washington', 'WA')
), departures AS (
    SELECT a.state, count(*) AS departures
    FROM aviation.flights AS f
    JOIN aviation.airports AS a ON a.iata = f.origin
    GROUP BY a.state
), strikes AS (
    SELECT origin_state AS name, count(*) AS strikes
    FROM wildlife.birdstrikes
    WHERE flight_date >= DATE '2001-01-01' AND flight_date < DATE '2001-07-01'
    GROUP BY origin_state
)
SELECT n.state, s.strikes, d.departures,
       round(100000.0 * s.strikes / d.departures, 1) AS strikes_per_100000
FROM strikes AS s
JOIN names AS n ON n.name = s.name
LEFT JOIN departures AS d ON d.state = n.state
ORDER BY strikes_per_100000 DESC NULLS LAST, n.state;
