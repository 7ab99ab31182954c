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

// TestOffsetsTopicForMonitors: __consumer_offsets is read by members of pg_monitor, and SQL makes no topic of that name.
func TestOffsetsTopicForMonitors(t *testing.T) {
	s := guarded(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	db, err := login(t, s, "first")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, db, "CREATE USER shop PASSWORD 'pw'; CREATE TOPIC orders")
	if _, err := db.Exec(ctx, `CREATE TOPIC "__consumer_offsets"`); err == nil {
		t.Error("SQL makes the topic")
	}
	client := func(opts ...kgo.Opt) *kgo.Client {
		t.Helper()
		cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(s.KafkaAddr.String()), kgo.SASL(scram.Auth{User: "shop", Pass: "pw"}.AsSha256Mechanism()))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cl.Close)
		return cl
	}
	var o kadm.Offsets
	o.AddOffset("orders", 0, 7, -1)
	if err := kadm.NewClient(client()).CommitAllOffsets(ctx, "g", o); err != nil {
		t.Fatal(err)
	}
	read := func() error {
		for cl := client(kgo.ConsumeTopics("__consumer_offsets"), kgo.KeepRetryableFetchErrors()); ; {
			if f := cl.PollFetches(ctx); f.Err() != nil || f.NumRecords() > 0 {
				return f.Err()
			}
		}
	}
	if err := read(); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("without a grant: %v", err)
	}
	exec(t, ctx, db, "GRANT pg_monitor TO shop")
	if err := read(); err != nil {
		t.Errorf("as a monitor: %v", err)
	}
}
