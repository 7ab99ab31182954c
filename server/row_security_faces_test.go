package server_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/tributary-db/tributary/server"
)

// hiddenRows makes a table of which role ann sees one row of two.
func hiddenRows(t *testing.T, ctx context.Context, s *server.Server, password string) {
	t.Helper()
	db, err := login(t, s, password)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, db, `CREATE USER ann PASSWORD 'pw'; CREATE TABLE t (a int PRIMARY KEY, who name); INSERT INTO t VALUES (1, 'ann'), (2, 'bob');
		GRANT ALL ON t TO ann; GRANT CREATE ON SCHEMA public TO ann; CREATE POLICY p ON t USING (who = current_user); ALTER TABLE t ENABLE ROW LEVEL SECURITY`)
}

// TestPoliciesOfSubscriptions: who follows a table sees the changes of the rows that are hers, and keeps no others.
func TestPoliciesOfSubscriptions(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	hiddenRows(t, ctx, s, "")
	db := connect(t, ctx, s)
	ann, err := asRole(t, ctx, ownDSN(s), "ann")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, ann, "BEGIN; DECLARE c CURSOR FOR SUBSCRIBE TO t")
	follow := func(want string) {
		t.Helper()
		got := roleOutcome(ctx, ann, "FETCH ALL FROM c WITH (timeout = '2s')")
		var rows []string
		for _, row := range strings.Split(got, "; ") {
			if cells := strings.Split(row, "|"); len(cells) == 4 && cells[2] != "NULL" {
				rows = append(rows, strings.Join(cells[1:], "|"))
			}
		}
		if text := strings.Join(rows, " "); text != want {
			t.Errorf("the subscription gave %q (%s), want %q", text, got, want)
		}
	}
	follow("1|1|ann")
	exec(t, ctx, db, "INSERT INTO t VALUES (3, 'bob'), (4, 'ann')")
	follow("1|4|ann")
	exec(t, ctx, db, "UPDATE t SET who = 'bob' WHERE a = 1; UPDATE t SET who = 'ann' WHERE a = 2; DELETE FROM t WHERE a = 3")
	follow("-1|1|ann 1|2|ann")
	exec(t, ctx, ann, "ROLLBACK")
	const refused = `0A000 row-level security policies of table "t" decide what its rows are for who defines this`
	for _, c := range []struct{ sql, want string }{
		{"CREATE MATERIALIZED VIEW m AS SELECT a FROM t", refused},
		{"CREATE SINK k TO TOPIC 'x' AS SELECT a FROM t", refused},
		{"EXPLAIN CREATE MATERIALIZED VIEW m AS SELECT a FROM t", refused},
		{"CREATE VIEW v AS SELECT * FROM t", "CREATE VIEW"},
		{"CREATE MATERIALIZED VIEW m AS SELECT a FROM v", refused},
		{"SET row_security = off; SUBSCRIBE TO t", `42501 query would be affected by row-level security policy for table "t"`},
		{"SELECT count(*) FROM tributary.segments WHERE false", "0; SELECT 1"},
		{"RESET row_security; CREATE TABLE c AS SELECT a FROM t; SELECT * FROM c", "RESET; SELECT 2; 2; 4; SELECT 2"},
	} {
		if got := roleOutcome(ctx, ann, c.sql); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.sql, got, c.want)
		}
	}
	// What is there of all rows is nobody's who may not see them.
	exec(t, ctx, db, "CREATE TABLE u (a int PRIMARY KEY); GRANT SELECT ON u TO ann")
	exec(t, ctx, ann, "CREATE MATERIALIZED VIEW mu AS SELECT a FROM u")
	if got := roleOutcome(ctx, db, "ALTER TABLE u ENABLE ROW LEVEL SECURITY"); !strings.HasPrefix(got, `0A000 row-level security policies of table "u" would decide`) {
		t.Error(got)
	}
	exec(t, ctx, db, "ALTER MATERIALIZED VIEW mu OWNER TO tributary; ALTER TABLE u ENABLE ROW LEVEL SECURITY")
	if got := roleOutcome(ctx, db, "ALTER MATERIALIZED VIEW mu OWNER TO ann"); !strings.HasPrefix(got, "0A000 ") {
		t.Error(got)
	}
	if got := roleOutcome(ctx, db, "CREATE STREAM st (a int); ALTER TABLE st ENABLE ROW LEVEL SECURITY"); got != `42809 "st" is not a table` {
		t.Error(got)
	}
}

// TestPoliciesOfOtherFaces: HTTP has the rows of the role that asks, and the topic of a table none for who does not see them all.
func TestPoliciesOfOtherFaces(t *testing.T) {
	s := guarded(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	hiddenRows(t, ctx, s, "first")
	db, err := login(t, s, "first")
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.HTTPAddr.String()+"/query", strings.NewReader("SELECT a FROM t"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/sql")
	req.SetBasicAuth("ann", "pw")
	_, text, err := bodyOf(req)
	if err != nil || text != `{"a":1}`+"\n" {
		t.Errorf("over HTTP: %s, %v", text, err)
	}
	read := func() error {
		cl, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.SASL(scram.Auth{User: "ann", Pass: "pw"}.AsSha256Mechanism()),
			kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepRetryableFetchErrors())
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		for {
			f := cl.PollFetches(ctx)
			if err := f.Err(); err != nil || f.NumRecords() > 0 {
				return err
			}
		}
	}
	for _, step := range []struct {
		sql  string
		want error
	}{
		{"", kerr.TopicAuthorizationFailed},
		{"GRANT SELECT ON TOPIC t TO ann", kerr.TopicAuthorizationFailed},
		{"ALTER TABLE t DISABLE ROW LEVEL SECURITY", nil},
		{"ALTER TABLE t ENABLE ROW LEVEL SECURITY", kerr.TopicAuthorizationFailed},
		{"ALTER TABLE t OWNER TO ann", nil},
		{"ALTER TABLE t FORCE ROW LEVEL SECURITY", kerr.TopicAuthorizationFailed},
		{"ALTER ROLE ann BYPASSRLS", nil},
	} {
		if step.sql != "" {
			exec(t, ctx, db, step.sql)
		}
		if err := read(); !errors.Is(err, step.want) {
			t.Errorf("after %q the topic: %v, want %v", step.sql, err, step.want)
		}
	}
}

// TestPoliciesOverRestart: policies are there after a restart, and what is made of all rows goes on with them.
func TestPoliciesOverRestart(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(filepath.Join(t.TempDir(), "data"))
	s := start(t, ctx, cfg)
	hiddenRows(t, ctx, s, "")
	exec(t, ctx, connect(t, ctx, s), "CREATE MATERIALIZED VIEW m AS SELECT a FROM t; GRANT SELECT ON m TO ann; CREATE POLICY q ON t AS RESTRICTIVE FOR DELETE USING (EXISTS (SELECT 1 FROM m WHERE m.a = t.a))")
	stop(t, s)
	s = start(t, ctx, cfg)
	defer stop(t, s)
	exec(t, ctx, connect(t, ctx, s), "INSERT INTO t VALUES (5, 'bob')")
	ann, err := asRole(t, ctx, ownDSN(s), "ann")
	if err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{
		"SELECT a FROM t ORDER BY a": "1; SELECT 1", "SELECT a FROM m ORDER BY a": "1; 2; 5; SELECT 3",
		"SELECT polname, polcmd, pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY 1": "p|*|(who = CURRENT_USER); q|d|(EXISTS (SELECT 1 FROM public.m WHERE m.a = t.a)); SELECT 2",
	} {
		if got := roleOutcome(ctx, ann, sql); got != want {
			t.Errorf("%s\n got %s\nwant %s", sql, got, want)
		}
	}
}
