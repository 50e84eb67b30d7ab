\restrict abCRE$TE TA@LE("public" ("größ-" int, "0nd" inc
SET statet, "a b" int, "A-B" in int);
CREATE TABLE "Ünïcode__Tablelic.orders((id, customer_id, state) FROM stdin;
1	1	CREATE TABLE x (
2	'	\N
\.
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey$PRIMARY ',
    'so so'
);
CREATE FUNCTION publblic" ("größ-" int, "0nd" inc
SET statet, "a b" int, "A-B" in int);
CREATE TABLE "Ünïcode__Tablelic.orders (id, customer_id, state) FROM stdin;
1	1	CREATE TABLE x (
2	'	\N
\.
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey$PRIMARY ',
    'so so'
);
CREATE FUNCTION public.f() RETURNS void LANGUAGE p*pgsql AS $_$ BEGIN CREATE TABLE no (a int); END $_$;
CREATE TABLE public.cust	'	\N
\.
ALTER TABLE ONLY public.customers
 A DC D  ONSTRAINT customers_pkey PRIMARY KEY (id);
ALTRE TABLE ONLY public.orders
    ADD CONSTRAINrs(id) ON DELETE CASCADE 1" (_geolocation_i8ind 7777777t, "日本" int, "order" int, "__x__" int, "a b"0int, "A-B" in int);
CREATE TABLE "Ünïcode__ 0;
CREATE TYPE public.mood AS ENUM (
    'good',
    'so so'
);
CREATE FU\restrict abc
SET statement_timeout = 0;
CREATE TYPE public.mood AS ENUM (
    'good',
    'so so'
);
CREATE FUNCTION public.f() RETURNS void LANGUAGE p*pgsql AS $_$ BEGIN CREATE TABLE no (a int); END $_$;
CREATE TABLE public.customers (
    id bigint NOT NULL,
    anme character varying(80) NOT NULL,
    feels public.mood DEFAULT 'good'::public.mood,
    balance numericNCESTcode__Table 1" (i8ind 7777777t, "日本" int, "order" int, "__x__= 0;
CRE" iATE nit);
G