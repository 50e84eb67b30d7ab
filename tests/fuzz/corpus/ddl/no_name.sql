CREATE TABLE (id int);
