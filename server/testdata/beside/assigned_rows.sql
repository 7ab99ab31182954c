-- SET (a, b) = (SELECT …): one row for several columns, NULLs without one.
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c numeric(8,2) DEFAULT 7, tags int[])

CREATE TABLE o (id int PRIMARY KEY, x int, y text, z float8)

INSERT INTO t SELECT i, i, 't' || i, i, ARRAY[i, i] FROM generate_series(1, 8) i

INSERT INTO o SELECT i, i * 10, 'o' || i, i / 4.0 FROM generate_series(1, 5) i

UPDATE t SET (a, b) = (SELECT x, y FROM o WHERE o.id = t.id) WHERE id < 3 RETURNING *

UPDATE t SET (a, b) = (SELECT x, y FROM o WHERE o.id = t.id), c = DEFAULT WHERE id IN (5, 6) RETURNING id, a, b, c

UPDATE t SET (c, a) = (SELECT avg(z), count(*) FROM o WHERE o.id <> t.id) WHERE id = 3 RETURNING *

UPDATE t SET (b, c) = (SELECT 'both', 1.5), (a) = (SELECT max(x) FROM o), tags[2] = 9 WHERE id = 4 RETURNING *

UPDATE t SET (a, b) = (SELECT t.a + s.n, s.m || t.b) FROM (VALUES (7, 100, 'm'), (8, 200, 'n')) s(id, n, m) WHERE s.id = t.id RETURNING t.*, s.n

WITH w AS (SELECT 3 AS id, 30 AS a, 'w' AS b) UPDATE t SET (a, b) = (SELECT w.a, w.b FROM w) WHERE id = (SELECT id FROM w) RETURNING id, a, b

UPDATE t SET (a, b) = (SELECT x, y FROM o) WHERE id = 1

UPDATE t SET (a, b) = (SELECT x, y FROM o) WHERE id = 100

UPDATE t SET (a, b) = (SELECT x FROM o WHERE o.id = 1)

UPDATE t SET (a, b) = (SELECT x, y, z FROM o WHERE o.id = 1)

UPDATE t SET (a, b) = (SELECT y, x FROM o WHERE o.id = 1)

UPDATE t SET (a, b) = t.a

UPDATE t SET (a, a) = (SELECT 1, 2)

UPDATE t SET (a, nosuch) = (SELECT 1, 2)

UPDATE t SET (tags[1], b) = (SELECT 77, 'part') WHERE id = 1 RETURNING *

-- the row is made once: both columns have the same value of a query that gives another each time
UPDATE t SET (a, c) = (SELECT r, r FROM (SELECT floor(random() * 1000000)::int % 10000 + t.id * 0 AS r) q)

SELECT count(*) FROM t WHERE a <> c

INSERT INTO t (id, a, b) VALUES (1, 5, 'five'), (20, 6, 'six') ON CONFLICT (id) DO UPDATE SET (a, b) = (SELECT o.x + excluded.a, o.y || excluded.b FROM o WHERE o.id = excluded.id) RETURNING id, a, b

INSERT INTO t (id, a, b) VALUES (1, 5, 'five') ON CONFLICT (id) DO UPDATE SET (a, c) = (SELECT r, r FROM (SELECT floor(random() * 1000000)::int % 10000 AS r) q) RETURNING a = c

MERGE INTO t USING o ON t.id = o.id WHEN MATCHED AND o.id < 3 THEN UPDATE SET (a, b) = (SELECT max(p.x) + o.id, min(p.y) FROM o p WHERE p.id > o.id) WHEN NOT MATCHED THEN DO NOTHING

SELECT id, a, b FROM t WHERE id < 3 ORDER BY id

CREATE VIEW v AS SELECT id, b AS bb, a AS aa FROM t WHERE id < 3

UPDATE v SET (aa, bb) = (SELECT x, y FROM o WHERE o.id = v.id) WHERE id = 2 RETURNING *

CREATE TABLE g (id int PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (n * 2) STORED)

INSERT INTO g VALUES (1, 1)

UPDATE g SET (n, twice) = (SELECT 1, 2)

UPDATE g SET (n) = (SELECT x FROM o WHERE o.id = g.id) RETURNING *

PREPARE p(int, text) AS UPDATE t SET (a, b) = (SELECT $1 + x, $2 || y FROM o WHERE o.id = t.id) WHERE id = 2 RETURNING a, b

EXECUTE p(1, 'p')
