-- The products of the demo as DuckDB alone sees them: the same names and types as in the mesh, straight
-- over the files. Replace ${DATA} by the folder given to `fetch --into`, run this, then any of
-- queries/*.sql unchanged; what comes out is what every peer must answer.
--
-- Written by hand, not made from the contracts, so that it can contradict them.

ATTACH ':memory:' AS aviation;
ATTACH ':memory:' AS wildlife;
ATTACH ':memory:' AS geology;
CREATE SCHEMA geology.solutions;

CREATE VIEW aviation.main.flights AS
SELECT "date", delay, distance, origin, destination
FROM read_parquet('${DATA}/aviation/data/flights-3m.parquet');

CREATE VIEW aviation.main.airports AS
SELECT iata, name, city, state, country, latitude, longitude
FROM read_csv('${DATA}/aviation/data/airports.csv',
              header = true, delim = ',', quote = '"', escape = '"',
              types = {'latitude': 'DOUBLE', 'longitude': 'DOUBLE'});

CREATE VIEW wildlife.main.birdstrikes AS
SELECT "Airport Name" AS airport_name,
       "Aircraft Make Model" AS aircraft_make_model,
       "Effect Amount of damage" AS damage,
       "Flight Date" AS flight_date,
       "Aircraft Airline Operator" AS operator,
       "Origin State" AS origin_state,
       "Phase of flight" AS phase_of_flight,
       "Wildlife Size" AS wildlife_size,
       "Wildlife Species" AS wildlife_species,
       "Time of day" AS time_of_day,
       "Cost Other" AS cost_other,
       "Cost Repair" AS cost_repair,
       "Cost Total $" AS cost_total,
       "Speed IAS in knots" AS speed_ias
FROM read_csv('${DATA}/wildlife/data/birdstrikes.csv',
              header = true, delim = ',', quote = '"', escape = '"',
              types = {'Flight Date': 'DATE', 'Cost Other': 'INTEGER', 'Cost Repair': 'INTEGER',
                       'Cost Total $': 'INTEGER', 'Speed IAS in knots': 'INTEGER'});

CREATE VIEW geology.main.earthquakes AS
SELECT id, time, updated, tz, mag, "magType" AS mag_type, place, type, status, alert, tsunami, sig, mmi,
       net, code, longitude, latitude, depth
FROM read_json('${DATA}/geology/data/earthquakes.ndjson', format = 'newline_delimited',
               columns = {id: 'VARCHAR', time: 'TIMESTAMP', updated: 'TIMESTAMP', tz: 'INTEGER',
                          mag: 'DOUBLE', "magType": 'VARCHAR', place: 'VARCHAR', type: 'VARCHAR',
                          status: 'VARCHAR', alert: 'VARCHAR', tsunami: 'BOOLEAN', sig: 'INTEGER',
                          mmi: 'DOUBLE', net: 'VARCHAR', code: 'VARCHAR', longitude: 'DOUBLE',
                          latitude: 'DOUBLE', depth: 'DOUBLE'});

CREATE VIEW geology.main.felt_reports AS
SELECT id AS event_id, felt AS reports, cdi AS intensity
FROM read_json('${DATA}/geology/data/felt_reports.ndjson', format = 'newline_delimited',
               columns = {id: 'VARCHAR', felt: 'INTEGER', cdi: 'DOUBLE'});

CREATE VIEW geology.solutions.origins AS
SELECT id AS event_id, status, nst AS stations, dmin AS nearest_station, rms AS residual,
       gap AS azimuthal_gap
FROM read_json('${DATA}/geology/data/solution_origins.ndjson', format = 'newline_delimited',
               columns = {id: 'VARCHAR', status: 'VARCHAR', nst: 'INTEGER', dmin: 'DOUBLE',
                          rms: 'DOUBLE', gap: 'DOUBLE'});

CREATE VIEW geology.solutions.contributors AS
SELECT id AS event_id, position, net AS network, solution AS solution_id, preferred
FROM read_json('${DATA}/geology/data/solution_contributors.ndjson', format = 'newline_delimited',
               columns = {id: 'VARCHAR', position: 'INTEGER', net: 'VARCHAR', solution: 'VARCHAR',
                          preferred: 'BOOLEAN'});
