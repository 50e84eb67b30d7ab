-- The same tables in a PostgreSQL, for comparing the shapes of answers (tests/e2e/pgcat_shapes.sh).
CREATE ROLE ada LOGIN SUPERUSER;
CREATE SCHEMA aviation;
CREATE SCHEMA shop;
CREATE TABLE aviation.airports(iata text NOT NULL PRIMARY KEY, city text, lat double precision,
    gates integer NOT NULL, fee numeric(18,3));
COMMENT ON TABLE aviation.airports IS 'airports of the world';
COMMENT ON COLUMN aviation.airports.iata IS 'code of the airport';
CREATE TABLE aviation.flights(id bigint NOT NULL, leg smallint NOT NULL, origin text,
    left_at timestamp, seen_at timestamptz, on_day date, cancelled boolean,
    PRIMARY KEY (id, leg));
CREATE TABLE shop.orders__heads("order" bigint NOT NULL, "Total ""net""" double precision);
CREATE TABLE shop.orders__lines("order" bigint NOT NULL, "Total ""net""" double precision);
CREATE TABLE shop.flights("order" bigint NOT NULL, "Total ""net""" double precision);
