CREATE TABLE "public" ("größe" int, "2nd" int, "a b" int, "A-B" int, "日本" int, "order" int, "__x__" int);
CREATE TABLE "Ünïcode__Table 1" (id int);
