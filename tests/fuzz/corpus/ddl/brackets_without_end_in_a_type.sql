CREATE TABLE t (a decimal(1
