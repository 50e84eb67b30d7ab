/* x
CREATE TABLE t (a int);
