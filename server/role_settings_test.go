package server_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

const roleSettingStatements = `
super: CREATE ROLE rs_a LOGIN
super: CREATE ROLE rs_b LOGIN CREATEROLE
super: CREATE ROLE rs_s SUPERUSER LOGIN
super: ALTER ROLE rs_a SET search_path = a, "B c", public
super: ALTER ROLE rs_a SET statement_timeout = '7s'
super: ALTER ROLE rs_a SET nosuch = 1
super: ALTER ROLE rs_a SET my.x = 'y z'
super: ALTER ROLE rs_a SET work_mem = 'abc'
super: ALTER ROLE rs_a IN DATABASE nodb SET jit = on
super: ALTER ROLE rs_a IN DATABASE $DB SET IntervalStyle = iso_8601
super: ALTER ROLE rs_a SET IntervalStyle = sql_standard
super: ALTER ROLE rs_nobody SET jit = on
super: ALTER ROLE rs_a SET server_version = '1'
super: ALTER ROLE ALL SET extra_float_digits = 0
super: ALTER DATABASE $DB SET lock_timeout = 9
super: ALTER DATABASE nodb SET lock_timeout = 9
super: SELECT setrole::regrole, setdatabase <> 0, setconfig FROM pg_db_role_setting ORDER BY 2, setrole
super: SELECT rolname, rolconfig FROM pg_roles WHERE rolname LIKE 'rs_%' ORDER BY 1
super: SELECT usename, useconfig FROM pg_user WHERE usename LIKE 'rs_%' ORDER BY 1
super: ALTER ROLE rs_a RESET nosuch
super: ALTER ROLE rs_a RESET jit
super: ALTER ROLE rs_a SET statement_timeout TO DEFAULT
super: SET ROLE rs_a
super: ALTER ROLE rs_a SET application_name = 'x'
super: ALTER ROLE rs_b SET application_name = 'x'
super: ALTER ROLE rs_s SET application_name = 'x'
super: ALTER ROLE ALL SET application_name = 'x'
super: ALTER DATABASE $DB SET application_name = 'x'
super: ALTER ROLE ALL IN DATABASE $DB SET application_name = 'x'
super: SET ROLE rs_b
super: ALTER ROLE rs_a SET TIME ZONE 'Europe/Paris'
super: ALTER ROLE rs_s SET application_name = 'x'
super: ALTER ROLE ALL RESET ALL
super: RESET ROLE
super: SET datestyle = german
super: ALTER ROLE rs_a SET datestyle FROM CURRENT
super: RESET datestyle
super: BEGIN
super: ALTER ROLE rs_a SET jit = on
super: ROLLBACK
super: SELECT rolname, rolconfig FROM pg_roles WHERE rolname LIKE 'rs_%' ORDER BY 1
rs_a: SHOW search_path
rs_a: SHOW TimeZone
rs_a: SHOW DateStyle
rs_a: SHOW application_name
rs_a: SHOW my.x
rs_a: SHOW extra_float_digits
rs_a: SHOW IntervalStyle
rs_a: SHOW lock_timeout
rs_a: SET TimeZone = 'UTC'
rs_a: RESET TimeZone
rs_a: SHOW TimeZone
rs_b: SHOW lock_timeout
rs_b: SHOW extra_float_digits
rs_b: SHOW search_path
super: ALTER ROLE rs_a RESET ALL
super: ALTER ROLE rs_s SET role = rs_b
rs_s: SELECT current_user
super: SELECT setrole::regrole, setdatabase <> 0, setconfig FROM pg_db_role_setting ORDER BY 2, setrole
super: ALTER ROLE ALL RESET ALL
super: ALTER DATABASE $DB RESET ALL
super: DROP ROLE rs_a, rs_b, rs_s
super: SELECT count(*) FROM pg_db_role_setting
`

// TestRoleSettingsAgainstPostgres: what sessions begin with, who may say so and how it is told is PostgreSQL's.
func TestRoleSettingsAgainstPostgres(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	newBoth(t, ctx, s).script(roleSettingStatements)
}

// TestRoleSettings: they are there after a restart, and one that cannot be set any more keeps nobody out.
func TestRoleSettings(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(filepath.Join(t.TempDir(), "data"))
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	for _, sql := range []string{
		"CREATE ROLE gone", "CREATE ROLE rs LOGIN", "GRANT gone TO rs", "ALTER ROLE rs SET role = gone", "ALTER ROLE rs SET statement_timeout = 1234",
		"ALTER DATABASE tributary SET \"app.x\" = 'kept'", "DROP ROLE gone",
	} {
		exec(t, ctx, db, sql)
	}
	stop(t, s)
	s = start(t, ctx, cfg)
	defer stop(t, s)
	as, err := asRole(t, ctx, ownDSN(s), "rs")
	if err != nil {
		t.Fatal(err)
	}
	if got := roleOutcome(ctx, as, "SELECT current_user, current_setting('statement_timeout'), current_setting('app.x')"); got != "rs|1234ms|kept; SELECT 1" {
		t.Error(got)
	}
}
