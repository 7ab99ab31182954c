package server_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// TestGrantsOfTopics: a Kafka client reads, writes, makes and deletes what its role may, from the request after the GRANT or REVOKE on.
func TestGrantsOfTopics(t *testing.T) {
	s := guarded(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	db, err := login(t, s, "first")
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"CREATE USER shop PASSWORD 'pw'", "CREATE TOPIC orders", "CREATE TABLE t (a int PRIMARY KEY)", "INSERT INTO t VALUES (1)",
		"CREATE STREAM st (a int) WITH (topic = 'orders', format = 'json')",
	} {
		exec(t, ctx, db, sql)
	}
	client := func(opts ...kgo.Opt) *kgo.Client {
		t.Helper()
		cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(s.KafkaAddr.String()), kgo.SASL(scram.Auth{User: "shop", Pass: "pw"}.AsSha256Mechanism()),
			kgo.RecordRetries(1), kgo.UnknownTopicRetries(1))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cl.Close)
		return cl
	}
	producer := client()
	admin := kadm.NewClient(producer)
	write := func(topic string) error {
		return producer.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte(`{"a": 1}`)}).FirstErr()
	}
	read := func(topic string) error {
		cl := client(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepRetryableFetchErrors())
		for {
			f := cl.PollFetches(ctx)
			if err := f.Err(); err != nil || f.NumRecords() > 0 {
				return err
			}
		}
	}
	create := func(name string) error {
		resp, err := admin.CreateTopic(ctx, 1, 1, nil, name)
		if err != nil {
			return err
		}
		return resp.Err
	}
	drop := func(name string) error {
		resp, err := admin.DeleteTopic(ctx, name)
		if err != nil {
			return err
		}
		return resp.Err
	}
	denied := kerr.TopicAuthorizationFailed
	for _, step := range []struct {
		grant string
		do    func(string) error
		topic string
		want  error
	}{
		{"", write, "orders", denied},
		{"", drop, "orders", denied},
		{"GRANT INSERT ON TOPIC orders TO shop", write, "orders", nil},
		{"", read, "orders", denied},
		{"GRANT SELECT ON STREAM st TO shop", read, "orders", denied},
		{"GRANT SELECT ON TOPIC orders TO shop", read, "orders", nil},
		{"REVOKE ALL ON TOPIC orders FROM shop", read, "orders", denied},
		{"", write, "orders", denied},
		{"GRANT INSERT ON STREAM st TO shop", write, "orders", nil},
		{"", read, "t", denied},
		{"GRANT SELECT (a) ON t TO shop", read, "t", denied},
		{"GRANT SELECT ON t TO shop", read, "t", nil},
		{"", create, "mine", denied},
		{"GRANT CREATE ON DATABASE tributary TO shop", create, "mine", nil},
		{"", write, "mine", nil},
		{"", read, "mine", nil},
		{"", drop, "mine", nil},
		{"ALTER ROLE shop SUPERUSER", read, "orders", nil},
	} {
		if step.grant != "" {
			exec(t, ctx, db, step.grant)
		}
		if err := step.do(step.topic); !errors.Is(err, step.want) {
			t.Errorf("after %q, topic %s: %v, want %v", step.grant, step.topic, err, step.want)
		}
	}
	if got := roleOutcome(ctx, db, "DROP ROLE shop"); got != `2BP01 role "shop" cannot be dropped because some objects depend on it privileges for column a of table t; privileges for database tributary; privileges for stream st; privileges for table t` {
		t.Error(got)
	}
}

// TestRevokeHoldsForPrepared: a statement that was prepared is looked at again each time that it runs, and a subscription where it begins.
func TestRevokeHoldsForPrepared(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE USER ann; CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1); GRANT SELECT ON t TO ann")
	ann, err := asRole(t, ctx, ownDSN(s), "ann")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, ann, "PREPARE p AS SELECT a FROM t WHERE a = 1")
	const refused = "42501 permission denied for table t"
	for _, step := range [][2]string{{"", "1; SELECT 1"}, {"REVOKE SELECT ON t FROM ann", refused}, {"GRANT SELECT (a) ON t TO ann", "1; SELECT 1"}, {"REVOKE ALL ON t FROM ann", refused}} {
		if step[0] != "" {
			exec(t, ctx, db, step[0])
		}
		for _, sql := range []string{"EXECUTE p", "SELECT a FROM t WHERE a = 1", "BEGIN; DECLARE c CURSOR FOR SELECT a FROM t; FETCH c; COMMIT"} {
			got := roleOutcome(ctx, ann, sql)
			exec(t, ctx, ann, "ROLLBACK")
			if want := step[1]; got != want && !(want != refused && got == "BEGIN; DECLARE CURSOR; 1; FETCH 1; COMMIT") {
				t.Errorf("after %q: %s: %s, want %s", step[0], sql, got, want)
			}
		}
	}
	for _, sql := range []string{"SUBSCRIBE TO t", "COPY t TO STDOUT", "COPY (SUBSCRIBE TO t) TO STDOUT", "EXPLAIN SELECT * FROM t", "CREATE MATERIALIZED VIEW m AS SELECT a FROM t", "WITH w AS (DELETE FROM t RETURNING a) SELECT * FROM w"} {
		if got := roleOutcome(ctx, ann, sql); got != refused && got != "42501 permission denied for schema public" {
			t.Errorf("%s: %s", sql, got)
		}
	}
}
