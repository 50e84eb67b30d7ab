\restrict abc
SET statement_timeout = 0;
CREATE TYPE public.mood AS ENUM (
    'good',
    'so so'
);
CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS $_$ BEGIN CREATE TABLE no (a int); END $_$;
CREATE TABLE public.customers (
    id bigint NOT NULL,
    name character varying(80) NOT NULL,
    feels public.mood DEFAULT 'good'::public.mood,
    balance numeric(12,2) DEFAULT 0.00 NOT NULL,
    joined timestamp with time zone DEFAULT now() NOT NULL,
    labels text[],
    CONSTRAINT customers_balance_check CHECK ((balance >= (0)::numeric)),
    CONSTRAINT customers_name_check CHECK ((length((name)::text) > 1))
);
COMMENT ON TABLE public.customers IS 'Who bought something; it''s one row a person';
COMMENT ON COLUMN public.customers.joined IS E'first\npurchase';
CREATE TABLE public.orders (
    id integer NOT NULL,
    customer_id bigint,
    state text,
    CONSTRAINT orders_state_check CHECK ((state = ANY (ARRAY['open'::text, 'done'::text])))
);
COPY public.orders (id, customer_id, state) FROM stdin;
1	1	CREATE TABLE x (
2	'	\N
\.
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX customers_name ON public.customers USING btree (name);
CREATE UNIQUE INDEX partly ON public.orders USING btree (state) WHERE (state = 'open'::text);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id) ON DELETE CASCADE;
