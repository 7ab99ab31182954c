package server_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/server"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// roleOutcome is what a statement did, with what an error adds to its message.
func roleOutcome(ctx context.Context, db *pgx.Conn, sql string) string {
	results, err := db.PgConn().Exec(ctx, sql).ReadAll()
	if e, ok := err.(*pgconn.PgError); ok {
		lines := strings.Split(e.Detail, "\n")
		slices.Sort(lines) // objects come in the order of their OIDs, which are others here
		return strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Code, e.Message, strings.Join(lines, "; ")))
	}
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, r := range results {
		for _, row := range r.Rows {
			var cells []string
			for _, c := range row {
				if c == nil {
					cells = append(cells, "NULL")
				} else {
					cells = append(cells, string(c))
				}
			}
			out = append(out, strings.Join(cells, "|"))
		}
		out = append(out, r.CommandTag.String())
	}
	return strings.Join(out, "; ")
}

// asRole opens a session of a role, on PostgreSQL with its superuser's way in.
func asRole(t *testing.T, ctx context.Context, dsn, role string) (*pgx.Conn, error) {
	t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.User, cfg.Password = role, ""
	db, err := pgx.ConnectConfig(ctx, cfg)
	if err == nil {
		t.Cleanup(func() { _ = db.Close(context.Background()) })
	}
	return db, err
}

func ownDSN(s *server.Server) string {
	return fmt.Sprintf("postgres://tributary@%s/tributary?sslmode=disable", s.PGAddr)
}

// both runs statements as roles on PostgreSQL and here, and compares.
type both struct {
	t     *testing.T
	ctx   context.Context
	dsn   [2]string // of PostgreSQL, ours
	conns map[string][2]*pgx.Conn
}

func newBoth(t *testing.T, ctx context.Context, s *server.Server) *both {
	b := &both{t: t, ctx: ctx, dsn: [2]string{pgoracle.DSN(t), ownDSN(s)}, conns: map[string][2]*pgx.Conn{}}
	pg := pgoracle.Connect(t, b.dsn[0])
	exec(t, ctx, pg, "SET client_min_messages = error")
	b.conns["super"] = [2]*pgx.Conn{pg, connect(t, ctx, s)}
	return b
}

// of gives the sessions of a role.
func (b *both) of(role string) [2]*pgx.Conn {
	b.t.Helper()
	if c, ok := b.conns[role]; ok {
		return c
	}
	var c [2]*pgx.Conn
	for i := range c {
		db, err := asRole(b.t, b.ctx, b.dsn[i], role)
		if err != nil {
			b.t.Fatalf("%s on %d: %v", role, i, err)
		}
		c[i] = db
	}
	b.conns[role] = c
	return c
}

// run runs one "role: statement" line.
func (b *both) run(line string) {
	b.t.Helper()
	role, sql, ok := strings.Cut(line, ": ")
	if !ok {
		b.t.Fatalf("no role: %q", line)
	}
	role, silent := strings.CutSuffix(role, "!") // its tag is another here
	c := b.of(role)
	of := b.conns["super"][0].Config()
	want := strings.NewReplacer(of.Database, "tributary", of.User, "tributary").Replace(roleOutcome(b.ctx, c[0], strings.ReplaceAll(sql, "$DB", of.Database)))
	if got := roleOutcome(b.ctx, c[1], strings.ReplaceAll(sql, "$DB", "tributary")); got != want && !silent {
		b.t.Errorf("%s\n got %s\nwant %s", line, got, want)
	}
}

func (b *both) script(text string) {
	b.t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			b.run(line)
		}
	}
}

const roleStatements = `
super: CREATE ROLE rl_a
super: CREATE ROLE rl_a
super: CREATE USER rl_u PASSWORD 'x' CREATEROLE
super: CREATE ROLE rl_l LOGIN NOINHERIT CONNECTION LIMIT 3 VALID UNTIL '2031-05-06 07:08:09+00'
super: CREATE GROUP rl_g ROLE rl_a, rl_l ADMIN rl_u
super: CREATE ROLE rl_in IN ROLE rl_g, rl_a LOGIN
super: CREATE ROLE rl_bad IN ROLE rl_nobody
super: CREATE ROLE public
super: CREATE ROLE pg_mine
super: CREATE ROLE rl_x CONNECTION LIMIT -2
super: CREATE ROLE rl_x LOGIN NOLOGIN
super: CREATE ROLE rl_x VALID UNTIL 'nonsense'
super: ALTER ROLE rl_nobody LOGIN
super: ALTER ROLE rl_a CREATEDB VALID UNTIL 'infinity'
super: ALTER ROLE pg_read_all_data LOGIN
super: ALTER GROUP rl_g ADD USER rl_in
super: ALTER GROUP rl_g DROP USER rl_in
super: ALTER GROUP rl_g DROP USER rl_in
super: ALTER GROUP rl_g ADD USER rl_g
super: ALTER GROUP rl_a ADD USER rl_g
super: SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil, rolpassword FROM pg_roles WHERE rolname LIKE 'rl%' ORDER BY 1
super: SELECT r.rolname, m.rolname, g.rolname, admin_option FROM pg_auth_members x JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member JOIN pg_roles g ON g.oid = grantor WHERE r.rolname LIKE 'rl%' ORDER BY 1, 2
super: REVOKE ADMIN OPTION FOR rl_g FROM rl_u
super: SELECT m.rolname, admin_option FROM pg_auth_members x JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member WHERE r.rolname = 'rl_g' ORDER BY 1
super: GRANT rl_g TO rl_u WITH ADMIN OPTION
super: SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256$4096:%' FROM pg_authid WHERE rolname LIKE 'rl%' ORDER BY 1
rl_l: CREATE ROLE rl_y
rl_l: ALTER ROLE rl_l PASSWORD 'new'
rl_l: ALTER ROLE rl_l LOGIN
rl_l: ALTER ROLE rl_a PASSWORD 'new'
rl_l: DROP ROLE rl_a
rl_l: ALTER ROLE rl_a RENAME TO rl_b
rl_l: ALTER GROUP rl_g ADD USER rl_in
rl_u: CREATE ROLE rl_y SUPERUSER
rl_u: CREATE ROLE rl_y REPLICATION
rl_u: CREATE ROLE rl_y BYPASSRLS
rl_u: CREATE ROLE rl_y CREATEDB
rl_u: ALTER ROLE rl_y SUPERUSER
rl_u: ALTER ROLE rl_y NOCREATEDB
rl_u: ALTER ROLE rl_y RENAME TO rl_u
rl_u: ALTER ROLE rl_y RENAME TO rl_z
rl_u: ALTER ROLE rl_u RENAME TO rl_z2
rl_u: DROP ROLE rl_u
rl_u: DROP ROLE rl_nobody
rl_u: DROP ROLE IF EXISTS rl_nobody
rl_u: DROP ROLE rl_z
super: BEGIN
super: CREATE ROLE rl_t
super: ROLLBACK
super: SELECT count(*) FROM pg_roles WHERE rolname = 'rl_t'
super: DROP ROLE rl_g, rl_in
super: SELECT count(*) FROM pg_auth_members WHERE roleid NOT IN (SELECT oid FROM pg_roles)
super: SELECT pg_get_userbyid(oid), rolname::regrole FROM pg_roles WHERE rolname = 'rl_a'
super: DROP ROLE rl_a, rl_l
super: DROP ROLE rl_u
`

// TestRolesAgainstPostgres: roles are made, changed and dropped with PostgreSQL's outcomes, by whom it lets.
func TestRolesAgainstPostgres(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	newBoth(t, ctx, s).script(roleStatements)
}

// TestRolesLogIn: who may come in is a matter of the roles, over a restart too.
func TestRolesLogIn(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := guarded(t, nil)
	db, err := login(t, s, "first")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, db, "CREATE USER bob PASSWORD 'pw' CONNECTION LIMIT 1")
	exec(t, ctx, db, "CREATE ROLE locked PASSWORD 'pw'")
	exec(t, ctx, db, "CREATE USER late PASSWORD 'pw' VALID UNTIL '2020-01-01'")
	try := func(role, password string) string {
		db, err := pgx.Connect(ctx, fmt.Sprintf("postgres://%s:%s@%s/tributary?sslmode=disable", role, password, s.PGAddr))
		if err != nil {
			var e *pgconn.PgError
			if errors.As(err, &e) {
				return e.Code + " " + e.Message
			}
			return err.Error()
		}
		t.Cleanup(func() { _ = db.Close(context.Background()) })
		return roleOutcome(ctx, db, "SELECT current_user")
	}
	for _, c := range [][3]string{
		{"bob", "wrong", `28P01 password authentication failed for user "bob"`},
		{"bob", "pw", "bob; SELECT 1"},
		{"bob", "pw", `53300 too many connections for role "bob"`},
		{"locked", "pw", `28000 role "locked" is not permitted to log in`},
		{"locked", "wrong", `28P01 password authentication failed for user "locked"`},
		{"late", "pw", `28P01 password authentication failed for user "late"`},
		{"nobody", "pw", `28P01 password authentication failed for user "nobody"`},
	} {
		if got := try(c[0], c[1]); got != c[2] {
			t.Errorf("%s/%s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
	exec(t, ctx, db, "ALTER ROLE tributary PASSWORD 'second'")
	exec(t, ctx, db, "ALTER ROLE locked LOGIN")
	if got := try("tributary", "first"); !strings.HasPrefix(got, "28P01") {
		t.Errorf("the old password: %s", got)
	}
	if got := try("locked", "pw"); got != "locked; SELECT 1" {
		t.Error(got)
	}
}

// TestRolesOverRestart: roles are there after a restart, with their passwords.
func TestRolesOverRestart(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(filepath.Join(t.TempDir(), "data"))
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE ROLE g; CREATE USER bob IN ROLE g PASSWORD 'pw'")
	const ask = "SELECT rolname, rolcanlogin, (SELECT count(*) FROM pg_auth_members WHERE member = r.oid) FROM pg_roles r WHERE rolname IN ('g', 'bob', 'tributary') ORDER BY 1"
	want := roleOutcome(ctx, db, ask)
	stop(t, s)
	s = start(t, ctx, cfg)
	defer stop(t, s)
	if got := roleOutcome(ctx, connect(t, ctx, s), ask); got != want {
		t.Errorf("after a restart %s, before %s", got, want)
	}
	if _, err := asRole(t, ctx, ownDSN(s), "bob"); err != nil {
		t.Error(err)
	}
}
