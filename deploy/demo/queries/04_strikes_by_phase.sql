-- In which phase of flight do animals hit, and how often is the aircraft damaged? One product, from CSV.
SELECT phase_of_flight,
       count(*) AS strikes,
       count(*) FILTER (WHERE damage <> 'None') AS with_damage,
       count(speed_ias) AS with_speed,
       round(avg(speed_ias), 1) AS average_speed,
       sum(cost_total) AS cost
FROM wildlife.birdstrikes
GROUP BY phase_of_flight
ORDER BY strikes DESC, phase_of_flight;
