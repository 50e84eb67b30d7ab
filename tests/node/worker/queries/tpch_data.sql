-- Data for tpch.sql: the shape of the specification's tables, small, the same in every run. %s is a folder.
create macro pick(list, seed) as list[1 + (hash(seed) % len(list))::integer];
create macro upto(n, seed) as (hash(seed) % n)::integer;
copy (select i as r_regionkey, ['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'][i + 1] as r_name,
             'region ' || i as r_comment
      from range(5) t(i)) to '%s/region.parquet';
copy (select i - 1 as n_nationkey, n[1] as n_name, n[2]::bigint as n_regionkey, 'nation ' || i as n_comment
      from (select unnest([['ALGERIA', '0'], ['ARGENTINA', '1'], ['BRAZIL', '1'], ['CANADA', '1'],
                           ['EGYPT', '4'], ['ETHIOPIA', '0'], ['FRANCE', '3'], ['GERMANY', '3'],
                           ['INDIA', '2'], ['INDONESIA', '2'], ['IRAN', '4'], ['IRAQ', '4'],
                           ['JAPAN', '2'], ['JORDAN', '4'], ['KENYA', '0'], ['MOROCCO', '0'],
                           ['MOZAMBIQUE', '0'], ['PERU', '1'], ['CHINA', '2'], ['ROMANIA', '3'],
                           ['SAUDI ARABIA', '4'], ['VIETNAM', '2'], ['RUSSIA', '3'],
                           ['UNITED KINGDOM', '3'], ['UNITED STATES', '1']]) as n,
                   generate_subscripts(range(25), 1) as i)) to '%s/nation.parquet';
copy (select i as s_suppkey, 'Supplier#' || lpad(i::varchar, 9, '0') as s_name, 'street ' || i as s_address,
             i % 25 as s_nationkey, (10 + i % 25) || '-' || upto(1000, 's' || i) as s_phone,
             (upto(1000000, 'sa' || i) / 100 - 999)::decimal(15, 2) as s_acctbal,
             case when i % 17 = 0 then 'some Customer has Complaints' else 'supplier ' || i end as s_comment
      from range(1, 101) t(i)) to '%s/supplier.parquet';
copy (select i as p_partkey,
             pick(['forest', 'green', 'azure', 'lemon', 'plum', 'tan'], 'a' || i) || ' ' ||
             pick(['green', 'rose', 'navy', 'khaki'], 'b' || i) as p_name,
             'Manufacturer#' || (1 + i % 5) as p_mfgr, 'Brand#' || (1 + i % 5) || (1 + i // 5 % 5) as p_brand,
             pick(['STANDARD', 'SMALL', 'MEDIUM', 'LARGE', 'ECONOMY', 'PROMO'], 'c' || i) || ' ' ||
             pick(['ANODIZED', 'BURNISHED', 'PLATED', 'POLISHED', 'BRUSHED'], 'd' || i) || ' ' ||
             pick(['TIN', 'NICKEL', 'BRASS', 'STEEL', 'COPPER'], 'e' || i) as p_type,
             1 + upto(50, 'f' || i) as p_size,
             pick(['SM', 'LG', 'MED', 'JUMBO', 'WRAP'], 'g' || i) || ' ' ||
             pick(['CASE', 'BOX', 'BAG', 'JAR', 'PKG', 'PACK'], 'h' || i) as p_container,
             (900 + i / 10)::decimal(15, 2) as p_retailprice, 'part ' || i as p_comment
      from range(1, 401) t(i)) to '%s/part.parquet';
copy (select i as ps_partkey, 1 + (i + j * 25) % 100 as ps_suppkey, 1 + upto(9999, 'i' || i || j) as ps_availqty,
             (1 + upto(100000, 'j' || i || j) / 100)::decimal(15, 2) as ps_supplycost, 'ps' as ps_comment
      from range(1, 401) t(i), range(4) u(j)) to '%s/partsupp.parquet';
copy (select i as c_custkey, 'Customer#' || lpad(i::varchar, 9, '0') as c_name, 'lane ' || i as c_address,
             i % 25 as c_nationkey, (10 + i % 25) || '-' || upto(1000, 'k' || i) as c_phone,
             (upto(1100000, 'l' || i) / 100 - 999)::decimal(15, 2) as c_acctbal,
             pick(['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'MACHINERY', 'HOUSEHOLD'], 'm' || i) as c_mktsegment,
             'customer ' || i as c_comment
      from range(1, 601) t(i)) to '%s/customer.parquet';
copy (select i as o_orderkey, 3 * upto(200, 'n' || i) + 1 + i % 2 as o_custkey,
             pick(['F', 'O', 'P'], 'o' || i) as o_orderstatus,
             (1000 + upto(40000000, 'p' || i) / 100)::decimal(15, 2) as o_totalprice,
             date '1992-01-01' + upto(2400, 'q' || i) as o_orderdate,
             pick(['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'], 'r' || i) as o_orderpriority,
             'Clerk#' || i % 100 as o_clerk, 0 as o_shippriority,
             case when i % 20 = 0 then 'special wishes and requests' else 'order ' || i end as o_comment
      from range(1, 6001) t(i)) to '%s/orders.parquet';
copy (select o_orderkey as l_orderkey, partkey as l_partkey, 1 + (partkey + upto(4, k || 't') * 25) % 100 as l_suppkey,
             n as l_linenumber, (1 + upto(50, k || 'u'))::decimal(15, 2) as l_quantity,
             ((1 + upto(50, k || 'u')) * (900 + partkey))::decimal(15, 2) as l_extendedprice,
             (upto(11, k || 'v') / 100)::decimal(15, 2) as l_discount,
             (upto(9, k || 'w') / 100)::decimal(15, 2) as l_tax,
             case when receipt > date '1995-06-17' then 'N' else pick(['R', 'A'], k || 'x') end as l_returnflag,
             case when ship > date '1995-06-17' then 'O' else 'F' end as l_linestatus, ship as l_shipdate,
             o_orderdate + 30 + upto(61, k || 'y') as l_commitdate, receipt as l_receiptdate,
             pick(['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'], k || 'z') as l_shipinstruct,
             pick(['REG AIR', 'AIR', 'AIR REG', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'], k || '1') as l_shipmode,
             'line' as l_comment
      from (select *, 1 + upto(400, k || 's') as partkey, o_orderdate + 1 + upto(121, k || '2') as ship,
                   o_orderdate + 2 + upto(121, k || '2') + upto(30, k || '3') as receipt
            from (select o_orderkey, o_orderdate, n, o_orderkey || '/' || n as k
                  from '%s/orders.parquet', range(1, 8) u(n) where n <= 1 + upto(7, 'l' || o_orderkey))))
     to '%s/lineitem.parquet';
