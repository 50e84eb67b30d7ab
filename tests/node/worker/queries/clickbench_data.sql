-- Data for clickbench.sql: page views with the columns that its questions name. %s is a folder.
create macro pick(list, seed) as list[1 + (hash(seed) % len(list))::integer];
create macro upto(n, seed) as (hash(seed) % n)::integer;
copy (select 1000000 + i as WatchID,
             'page ' || upto(40, i || 'a') || case when i % 9 = 0 then ' Google' else '' end as Title,
             timestamp '2013-07-01' + to_seconds(upto(2592000, i || 'b')) as EventTime,
             (timestamp '2013-07-01' + to_seconds(upto(2592000, i || 'b')))::date as EventDate,
             case when i % 3 = 0 then 62 else upto(50, i || 'c') end as CounterID,
             upto(500, i || 'd')::bigint as ClientIP, upto(30, i || 'e') as RegionID,
             case when i % 100 = 0 then 435090932899640449 else upto(700, i || 'f')::bigint * 1000003 end as UserID,
             'http://' || pick(['', 'www.'], i || 'g') || pick(['google.com', 'shop.example', 'news.example', 'my.google.info'], i || 'h')
                 || '/' || upto(60, i || 'i') as URL,
             pick(['', 'http://www.search.example/q/1', 'https://a.example/x/y', 'http://b.example/'], i || 'j') as Referer,
             upto(2, i || 'k') as IsRefresh, 300 + upto(1600, i || 'l') as ResolutionWidth,
             upto(3, i || 'm') as MobilePhone, pick(['', '', 'iPad', 'N95', 'Tab'], i || 'n') as MobilePhoneModel,
             pick([-1, 0, 2, 6], i || 'o') as TraficSourceID, upto(4, i || 'p') as SearchEngineID,
             pick(['', '', 'shoes', 'trains', 'weather', 'maps of italy'], i || 'q') as SearchPhrase,
             pick([0, 0, 0, 2, 3], i || 'r') as AdvEngineID, upto(2, i || 's') as IsLink, upto(5, i || 't') // 4 as IsDownload,
             upto(4, i || 'u') // 3 as DontCountHits, pick([3594120000172545465, 7, 8], i || 'v') as RefererHash,
             pick([2868770270353813622, 11, 12, 13], i || 'w') as URLHash,
             upto(40, i || 'x') * 10 as WindowClientWidth, upto(30, i || 'y') * 10 as WindowClientHeight
      from range(20000) t(i)) to '%s/hits.parquet';
