CREATE TABLE t$ (a int REFERENCES t (id));
