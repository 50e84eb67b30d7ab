CREATE TABLE t (a text COMMENT 'see file:///home/joe/secret', "/home/joe/x" int, c text CHECK (c IN ('/var/data', 'b')));
