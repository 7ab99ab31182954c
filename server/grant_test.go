package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

const grantStatements = `
super: CREATE ROLE gr_o LOGIN
super: CREATE ROLE gr_a LOGIN
super: CREATE ROLE gr_b LOGIN
super: CREATE ROLE gr_n LOGIN NOINHERIT
super: CREATE ROLE gr_g
super: GRANT gr_g TO gr_a WITH ADMIN OPTION
super: GRANT gr_g TO gr_n
gr_o: CREATE TABLE t (a int PRIMARY KEY)
gr_o: CREATE SCHEMA gr_s
super: GRANT CREATE ON SCHEMA public TO gr_o
super: GRANT CREATE ON DATABASE $DB TO gr_o
gr_o: CREATE TABLE t (a int PRIMARY KEY, b text, c int)
gr_o: CREATE TABLE u (a int REFERENCES t, id serial)
gr_o: CREATE TABLE k (a int, id int GENERATED ALWAYS AS IDENTITY)
gr_o: CREATE VIEW v AS SELECT a, b FROM t
gr_o: CREATE SEQUENCE q
gr_o: CREATE TYPE e AS ENUM ('x', 'y')
gr_o: CREATE SCHEMA gr_s
gr_o: CREATE TABLE gr_s.z (a int)
gr_o: INSERT INTO t VALUES (1, 'one', 10), (2, 'two', 20)
gr_o: INSERT INTO gr_s.z VALUES (5)
gr_o!: CREATE MATERIALIZED VIEW m AS SELECT a FROM t
gr_a: SELECT * FROM t
gr_a: SELECT count(*) FROM t
gr_a: SELECT 1 FROM v
gr_a: SELECT * FROM m
gr_a: INSERT INTO t VALUES (3)
gr_a: UPDATE t SET b = 'x'
gr_a: DELETE FROM t
gr_a: TRUNCATE t
gr_a: SELECT nextval('q')
gr_a: SELECT * FROM gr_s.z
gr_a: SELECT * FROM gr_s.nothing
gr_a: DROP TABLE t
gr_a: DROP VIEW v
gr_a: DROP MATERIALIZED VIEW m
gr_a: DROP SEQUENCE q
gr_a: DROP SCHEMA gr_s
gr_a: DROP TYPE e
gr_a: ALTER TABLE t ADD COLUMN d int
gr_a: ALTER TABLE t RENAME TO t2
gr_a: ALTER TABLE t OWNER TO gr_a
gr_a: ALTER SEQUENCE q RESTART
gr_a: CREATE INDEX i ON t (b)
gr_a: COMMENT ON TABLE t IS 'x'
gr_a: CREATE TABLE x (a int)
gr_a: CREATE TABLE gr_s.x (a int)
gr_a: CREATE SCHEMA gr_x
gr_a: GRANT SELECT ON t TO gr_b
gr_a: REVOKE SELECT ON t FROM gr_b
gr_a: REFRESH MATERIALIZED VIEW m
gr_a: COPY t TO STDOUT
gr_a: EXPLAIN (COSTS off) SELECT * FROM t
gr_a: SELECT rolname FROM pg_authid
gr_a: SELECT has_table_privilege('t', 'SELECT'), has_table_privilege('t', 'SELECT, INSERT'), has_schema_privilege('gr_s', 'USAGE'), has_schema_privilege('public', 'USAGE'), has_schema_privilege('public', 'CREATE')
gr_o: GRANT SELECT (a), UPDATE (b) ON t TO gr_a
gr_a: SELECT a FROM t ORDER BY a
gr_a: SELECT count(*) FROM t
gr_a: SELECT b FROM t
gr_a: SELECT * FROM t
gr_a: SELECT t FROM t
gr_a: SELECT a FROM t WHERE b = 'one'
gr_a: SELECT a FROM t ORDER BY c
gr_a: SELECT x.a FROM t x JOIN t y USING (a) ORDER BY 1
gr_a: SELECT x.a FROM t x JOIN t y ON x.b = y.b
gr_a: UPDATE t SET b = 'x' WHERE a = 1
gr_a: UPDATE t SET c = 1
gr_a: UPDATE t SET b = b || 'x'
gr_a: UPDATE t SET b = 'y' WHERE a = 1 RETURNING a
gr_a: UPDATE t SET b = 'y' WHERE a = 1 RETURNING b
gr_a: DELETE FROM t WHERE a = 1
gr_a: SELECT has_column_privilege('t', 'a', 'SELECT'), has_column_privilege('t', 'b', 'SELECT'), has_any_column_privilege('t', 'SELECT'), has_any_column_privilege('t', 'INSERT'), has_column_privilege('t', 2::smallint, 'UPDATE')
gr_o: GRANT INSERT (a, b) ON t TO gr_a
gr_a: INSERT INTO t VALUES (3, 'three')
gr_a: INSERT INTO t (a, b) VALUES (4, 'four')
gr_a: INSERT INTO t (a, c) VALUES (5, 5)
gr_a: INSERT INTO t VALUES (5, 'x', 5)
gr_a: INSERT INTO t (a) VALUES (6) RETURNING a
gr_a: INSERT INTO t (a) VALUES (7) RETURNING c
gr_a: INSERT INTO t (a, b) VALUES (4, 'z') ON CONFLICT (a) DO UPDATE SET b = 'zz'
gr_a: INSERT INTO t (a, b) VALUES (4, 'z') ON CONFLICT (a) DO UPDATE SET b = excluded.b
gr_a: INSERT INTO t (a, b) VALUES (4, 'z') ON CONFLICT DO NOTHING
gr_o: GRANT SELECT ON v, m TO PUBLIC
gr_a: SELECT a, b FROM v WHERE a = 4
gr_a: SELECT * FROM m WHERE a = 1
gr_a: WITH w AS (SELECT b FROM v WHERE a = 2) SELECT * FROM w
gr_o: GRANT USAGE ON SCHEMA gr_s TO gr_g
gr_a: SELECT * FROM gr_s.z
gr_o: GRANT SELECT ON gr_s.z TO gr_g WITH GRANT OPTION
gr_a: SELECT * FROM gr_s.z
gr_n: SELECT * FROM gr_s.z
gr_n: SET ROLE gr_g
gr_n: SELECT * FROM gr_s.z
gr_n: SELECT current_user, session_user, current_role
gr_n: RESET ROLE
gr_n: SELECT current_user, session_user
gr_n: SET ROLE gr_o
gr_n: SET ROLE gr_nobody
gr_n: SET SESSION AUTHORIZATION gr_o
gr_a: GRANT SELECT ON gr_s.z TO gr_b
gr_b: SELECT * FROM gr_s.z
gr_o: REVOKE SELECT ON gr_s.z FROM gr_g
gr_o: REVOKE GRANT OPTION FOR SELECT ON gr_s.z FROM gr_g CASCADE
super: SELECT relacl FROM pg_class WHERE relname = 'z'
gr_o: GRANT ALL ON q TO gr_b
gr_b: SELECT nextval('q')
gr_b: SELECT currval('q')
gr_b: SELECT setval('q', 10)
gr_o: REVOKE UPDATE, USAGE ON SEQUENCE q FROM gr_b
gr_b: SELECT nextval('q')
gr_b: SELECT currval('q')
gr_b: SELECT setval('q', 10)
gr_o: GRANT INSERT ON u, k TO gr_b
gr_b: INSERT INTO k (a) VALUES (1)
gr_b: INSERT INTO u (a) VALUES (1)
gr_o: GRANT USAGE ON SEQUENCE u_id_seq TO gr_b
gr_b: INSERT INTO u (a) VALUES (1)
gr_o: GRANT TRUNCATE ON k TO gr_b
gr_b: TRUNCATE k
gr_o: GRANT nonsense ON t TO gr_b
gr_o: GRANT EXECUTE ON TABLE t TO gr_b
gr_o: GRANT SELECT ON SCHEMA gr_s TO gr_b
gr_o: GRANT CREATE ON TABLE t TO gr_b
gr_o: GRANT DELETE (a) ON t TO gr_b
gr_o: GRANT USAGE ON TABLE t TO gr_b
gr_o: GRANT SELECT ON nothing TO gr_b
gr_o: GRANT SELECT ON t TO gr_nobody
gr_o: GRANT SELECT (nothing) ON t TO gr_b
gr_o: GRANT SELECT ON t TO PUBLIC WITH GRANT OPTION
gr_o: GRANT SELECT ON t_pkey TO gr_b
gr_o: GRANT SELECT ON SEQUENCE t TO gr_b
gr_o: GRANT SELECT ON SCHEMA nothing TO gr_b
gr_o: GRANT CONNECT ON DATABASE nothing TO gr_b
gr_o: GRANT SELECT ON t TO gr_b GRANTED BY gr_a
super: SELECT relname, relacl FROM pg_class WHERE relname IN ('t', 'u', 'k', 'v', 'm', 'q', 'u_id_seq') ORDER BY 1
super: SELECT attname, attacl FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum
super: SELECT nspname, nspacl FROM pg_namespace WHERE nspname IN ('public', 'gr_s') ORDER BY 1
super: SELECT datacl FROM pg_database WHERE datname = '$DB'
super: SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('t', 't_pkey', 'q', 'u_id_seq', 'v') ORDER BY 1
gr_b: SELECT grantor, grantee, table_name, privilege_type, is_grantable FROM information_schema.table_privileges WHERE table_schema = 'public' ORDER BY 3, 2, 4
super: SELECT grantor, grantee, column_name, privilege_type, is_grantable FROM information_schema.column_privileges WHERE table_name = 't' AND grantee <> 'gr_o' ORDER BY 3, 2, 4
super: SELECT (aclexplode(relacl)).* FROM pg_class WHERE relname = 'nothing'
super: SELECT x.privilege_type, x.is_grantable FROM pg_class c, aclexplode(c.relacl) x WHERE c.relname = 'z' ORDER BY 1
gr_o: REVOKE ALL ON t FROM gr_a
gr_a: SELECT a FROM t
super: SELECT attname, attacl FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum
super: DROP ROLE gr_b
super: DROP ROLE gr_o
gr_o: REVOKE INSERT ON t FROM gr_o
gr_o: INSERT INTO t VALUES (99)
gr_o: GRANT INSERT ON t TO gr_o
gr_o: INSERT INTO t VALUES (99)
gr_o: REVOKE SELECT ON t FROM gr_o
gr_b: SELECT a FROM v WHERE a = 1
gr_o: GRANT SELECT ON t TO gr_o
gr_a: CREATE TABLE gr_s.lk (LIKE gr_s.z)
gr_o: REVOKE ALL ON k FROM gr_a
gr_a: CREATE TEMP TABLE lk (LIKE k)
gr_o: GRANT SELECT (a) ON k TO gr_a
gr_a: CREATE TEMP TABLE lk (LIKE k)
gr_o: GRANT SELECT ON k TO gr_a
gr_a: CREATE TEMP TABLE lk (LIKE k)
gr_a: DROP TABLE lk
gr_o: REVOKE ALL ON k FROM gr_a
super: SELECT r.rolname, m.rolname FROM pg_auth_members x JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member WHERE m.rolname = 'pg_monitor' ORDER BY 1
gr_o: CREATE FUNCTION gr_f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'
gr_a: SELECT has_function_privilege('gr_f(int)', 'EXECUTE'), has_function_privilege('gr_b', 'gr_f(int)', 'EXECUTE WITH GRANT OPTION')
gr_o: REVOKE EXECUTE ON FUNCTION gr_f(int) FROM PUBLIC
gr_a: SELECT has_function_privilege('gr_f(int)', 'EXECUTE')
gr_o: GRANT EXECUTE ON FUNCTION gr_f(int) TO gr_a WITH GRANT OPTION
gr_a: SELECT has_function_privilege('gr_f(int)', 'EXECUTE'), has_function_privilege('gr_b', 'gr_f(int)', 'EXECUTE'), has_function_privilege('gr_f(int)', 'EXECUTE WITH GRANT OPTION')
gr_a: SELECT gr_f(1)
gr_o: DROP FUNCTION gr_f
gr_o: CREATE TABLE fr (a int PRIMARY KEY, b int NOT NULL, c int CHECK (c < 5))
gr_o: GRANT SELECT (a), INSERT, UPDATE ON fr TO gr_a
gr_o: INSERT INTO fr VALUES (1, 1, 1)
gr_a: INSERT INTO fr VALUES (1, 2, 3)
gr_a: INSERT INTO fr (a) VALUES (2)
gr_a: INSERT INTO fr (b, c) VALUES (NULL, 1)
gr_a: INSERT INTO fr VALUES (2, 2, 9)
gr_a: UPDATE fr SET c = 10
gr_a: WITH w AS (UPDATE fr SET c = 11 RETURNING a) SELECT * FROM w
gr_a: INSERT INTO fr (b) VALUES (1)
gr_o: DROP TABLE fr
super: CREATE SCHEMA gr_ds
super: ALTER DEFAULT PRIVILEGES IN SCHEMA gr_ds GRANT SELECT ON TABLES TO gr_b
super: DROP SCHEMA gr_ds
super: SELECT count(*) FROM pg_default_acl
super: GRANT gr_a TO pg_database_owner
super: GRANT pg_signal_backend TO gr_a
gr_a: SELECT pg_has_role('pg_signal_backend', 'USAGE')
super: REVOKE pg_signal_backend FROM gr_a
gr_o: CREATE TABLE r (a int PRIMARY KEY)
gr_a: CREATE TABLE gr_s.w (a int REFERENCES r)
gr_o: GRANT CREATE ON SCHEMA gr_s TO gr_a
gr_a: CREATE TABLE gr_s.w (a int REFERENCES r)
gr_o: GRANT REFERENCES ON r TO gr_a
gr_a: CREATE TABLE gr_s.w (a int REFERENCES r)
gr_o: DROP TABLE gr_s.w
gr_o: ALTER DEFAULT PRIVILEGES IN SCHEMA gr_s GRANT SELECT ON TABLES TO gr_b
gr_o: ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO gr_b
gr_o: ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO PUBLIC
gr_o: ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC
gr_o: ALTER DEFAULT PRIVILEGES IN SCHEMA gr_s GRANT USAGE ON SCHEMAS TO gr_b
gr_o: ALTER DEFAULT PRIVILEGES FOR ROLE gr_a GRANT SELECT ON TABLES TO gr_b
gr_o: REVOKE USAGE ON TYPE e FROM PUBLIC
gr_a: CREATE TABLE gr_s.w (a int, b e)
gr_o: GRANT USAGE ON TYPE e TO gr_a
gr_a: CREATE TABLE gr_s.w (a int, b e)
gr_o: DROP TABLE gr_s.w
gr_o: CREATE TABLE gr_s.d (a int)
gr_o: CREATE TABLE d (a int)
gr_o: CREATE SEQUENCE gr_s.ds
gr_o: CREATE TYPE gr_s.dt AS ENUM ('x')
super: SELECT relname, relacl FROM pg_class WHERE relname IN ('d', 'ds') ORDER BY 1, relnamespace
super: SELECT typacl FROM pg_type WHERE typname = 'dt'
super: SELECT r.rolname, coalesce(n.nspname, '-'), defaclobjtype, defaclacl FROM pg_default_acl d JOIN pg_roles r ON r.oid = defaclrole LEFT JOIN pg_namespace n ON n.oid = defaclnamespace ORDER BY 2, 3
gr_o: ALTER DEFAULT PRIVILEGES REVOKE INSERT ON TABLES FROM gr_b
super: SELECT count(*) FROM pg_default_acl
super: GRANT gr_a TO gr_o
gr_o: ALTER TABLE d OWNER TO gr_b
gr_o: ALTER TABLE d OWNER TO gr_a
super: GRANT CREATE ON SCHEMA public TO gr_a
gr_o: ALTER TABLE d OWNER TO gr_a
gr_o: ALTER SCHEMA gr_s OWNER TO gr_a
super: SELECT relname, pg_get_userbyid(relowner), relacl FROM pg_class WHERE relname = 'd' ORDER BY 1, relnamespace
super: SELECT pg_has_role('gr_a', 'gr_g', 'MEMBER'), pg_has_role('gr_n', 'gr_g', 'USAGE'), pg_has_role('gr_n', 'gr_g', 'MEMBER'), pg_has_role('gr_a', 'gr_g', 'MEMBER WITH ADMIN OPTION'), pg_has_role('gr_b', 'gr_g', 'MEMBER')
super: SELECT has_table_privilege('gr_b', 'd', 'INSERT'), has_table_privilege('public', 'v', 'SELECT'), has_database_privilege('gr_o', '$DB', 'CREATE'), has_database_privilege('gr_b', '$DB', 'CREATE'), has_sequence_privilege('gr_b', 'q', 'SELECT'), has_type_privilege('gr_b', 'e', 'USAGE')
super: SELECT has_table_privilege('gr_nobody', 'd', 'INSERT')
super: SELECT has_table_privilege('gr_b', 'd', 'EAT')
super: SELECT has_column_privilege('gr_b', 'd', 'nothing', 'SELECT')
super: GRANT pg_read_all_data TO gr_b
gr_b: SELECT count(*) FROM d
gr_b: INSERT INTO d VALUES (1)
gr_b: SELECT count(*) FROM gr_s.z
super: REASSIGN OWNED BY gr_o TO gr_b
super: SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('t', 'q', 'v', 'm') ORDER BY 1
gr_a: DROP OWNED BY gr_b
super: DROP OWNED BY gr_b CASCADE
super: DROP OWNED BY gr_o CASCADE
super: DROP OWNED BY gr_a CASCADE
super: DROP OWNED BY gr_n, gr_g
super: SELECT count(*) FROM pg_class WHERE relname IN ('t', 'u', 'v', 'z', 'd', 'q')
super: DROP ROLE gr_o, gr_a, gr_b, gr_n, gr_g
`

// TestGrantsAgainstPostgres: who may do what, and how it is told, is PostgreSQL's, statement by statement.
func TestGrantsAgainstPostgres(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	newBoth(t, ctx, s).script(grantStatements)
}

// TestRandomGrantsAgainstPostgres: whatever was granted, revoked, given away and joined, lists, has_…_privilege and statements are PostgreSQL's.
func TestRandomGrantsAgainstPostgres(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	b := newBoth(t, ctx, s)
	seed, err := strconv.ParseUint(os.Getenv("TRIBUTARY_TEST_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	roles := []string{"rg_a", "rg_b", "rg_c", "rg_d"}
	for _, role := range roles {
		b.run("super: CREATE ROLE " + role + " LOGIN")
	}
	b.run("super: CREATE TABLE rt (a int, b int)")
	b.run("super: INSERT INTO rt VALUES (1, 2)")
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	who := func() string { return pick("super", "rg_a", "rg_b", "rg_c", "rg_d") }
	privs := func() string {
		if r.IntN(4) == 0 {
			return pick("SELECT", "INSERT", "UPDATE", "REFERENCES", "ALL") + pick(" (a)", " (b)", " (a, b)")
		}
		return pick("SELECT", "INSERT", "UPDATE", "DELETE", "SELECT, UPDATE", "ALL", "TRUNCATE")
	}
	step := func() string {
		to := pick(append(roles, "PUBLIC")...)
		switch r.IntN(12) {
		case 0:
			return "super: GRANT " + pick(roles...) + " TO " + pick(roles...) + pick("", " WITH ADMIN OPTION")
		case 1:
			return "super: REVOKE " + pick(roles...) + " FROM " + pick(roles...)
		case 2:
			return "super: ALTER TABLE rt OWNER TO " + pick(append(roles, "CURRENT_USER")...)
		case 3:
			return "super: ALTER ROLE " + pick(roles...) + pick(" INHERIT", " NOINHERIT")
		case 4, 5, 6:
			return who() + ": REVOKE " + pick("", "", "GRANT OPTION FOR ") + privs() + " ON rt FROM " + to + pick("", " CASCADE", " RESTRICT")
		}
		return who() + ": GRANT " + privs() + " ON rt TO " + to + pick("", "", " WITH GRANT OPTION")
	}
	for i := range 250 {
		b.run(step())
		b.run("super: SELECT relacl, pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'rt'")
		b.run("super: SELECT attacl FROM pg_attribute WHERE attrelid = 'rt'::regclass AND attnum > 0 ORDER BY attnum")
		if i%10 == 0 {
			for _, role := range roles {
				var asks []string
				for _, p := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "SELECT WITH GRANT OPTION"} {
					asks = append(asks, fmt.Sprintf("has_table_privilege('%s', 'rt', '%s')", role, p))
				}
				asks = append(asks, fmt.Sprintf("has_column_privilege('%s', 'rt', 'a', 'UPDATE')", role), fmt.Sprintf("has_any_column_privilege('%s', 'rt', 'SELECT')", role))
				b.run("super: SELECT " + strings.Join(asks, ", "))
				for _, sql := range []string{"SELECT a FROM rt", "SELECT b FROM rt", "SELECT count(*) FROM rt", "UPDATE rt SET a = 1", "UPDATE rt SET b = a + 1", "DELETE FROM rt WHERE a = 7", "INSERT INTO rt (b) SELECT 3 WHERE false"} {
					b.run(role + ": " + sql)
				}
			}
		}
		if t.Failed() {
			for _, sql := range []string{
				"SELECT relacl, pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'rt'", "SELECT attacl FROM pg_attribute WHERE attrelid = 'rt'::regclass AND attnum > 0",
				"SELECT roleid::regrole, member::regrole, admin_option FROM pg_auth_members", "SELECT rolname, rolinherit FROM pg_roles WHERE rolname LIKE 'rg_%'",
			} {
				t.Log(roleOutcome(ctx, b.conns["super"][0], sql))
			}
			t.Fatalf("step %d", i)
		}
	}
	b.run("super: DROP TABLE rt")
	b.run("super: DROP ROLE " + strings.Join(roles, ", "))
}
