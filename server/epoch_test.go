package server_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestConsumerSeesLoss: a consumer that has read what an accepted loss takes away, and is not behind the end of
// what was written since, is told of it by the leader epochs and goes on where its log parted from this one:
// it skips nothing that is new. Offsets and epochs stay what they are over later starts.
func TestConsumerSeesLoss(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.InlineBytes = 0
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	cfg.KafkaListen = s.KafkaAddr.String() // the same one after a restart
	client := func(opts ...kgo.Opt) *kgo.Client {
		c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(cfg.KafkaListen), kgo.DefaultProduceTopic("t"), kgo.AllowAutoTopicCreation(),
			kgo.MetadataMinAge(50*time.Millisecond), kgo.MetadataMaxAge(time.Second), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	produce := func(what string, n int) {
		t.Helper()
		c := client()
		defer c.Close()
		for i := range n {
			if err := c.ProduceSync(ctx, &kgo.Record{Topic: "t", Value: fmt.Appendf(nil, "%s %d", what, i)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	produce("kept", 10)
	stop(t, s)
	// What says how far the log went; segments stay and prove that it went further.
	logs := []string{"/meta", "/objects/meta"}
	for _, dir := range logs {
		if err := os.CopyFS(cfg.DataDir+"/backup"+dir, os.DirFS(cfg.DataDir+dir)); err != nil {
			t.Fatal(err)
		}
	}
	s = start(t, ctx, cfg)
	produce("lost", 10)
	consumer := client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().AtStart()}}), kgo.FetchMaxWait(100*time.Millisecond))
	var got []string
	var epochs []int32
	lost := false
	read := func(until string) {
		t.Helper()
		for len(got) == 0 || got[len(got)-1] != until {
			f := consumer.PollFetches(ctx)
			if ctx.Err() != nil {
				t.Fatalf("%q, waiting for %q", got, until)
			}
			for _, e := range f.Errors() {
				var loss *kgo.ErrDataLoss
				if errors.As(e.Err, &loss) {
					lost = true
					t.Log(loss)
				}
			}
			f.EachRecord(func(r *kgo.Record) {
				got = append(got, string(r.Value))
				epochs = append(epochs, r.LeaderEpoch)
			})
		}
	}
	read("lost 9")
	stop(t, s)
	for _, dir := range logs {
		if err := errors.Join(os.RemoveAll(cfg.DataDir+dir), os.CopyFS(cfg.DataDir+dir, os.DirFS(cfg.DataDir+"/backup"+dir))); err != nil {
			t.Fatal(err)
		}
	}
	cfg.AcceptLoss = flagIn(t, refused(t, cfg), "--accept-loss")
	s = start(t, ctx, cfg)
	cfg.AcceptLoss = ""
	produce("new", 20)
	got, epochs = nil, nil
	read("new 19")
	want := make([]string, 20)
	for i := range want {
		want[i] = fmt.Sprintf("new %d", i)
	}
	if !lost || !slices.Equal(got, want) {
		t.Errorf("told: %v; read %q", lost, got)
	}
	stop(t, s)
	s = start(t, ctx, cfg)
	defer stop(t, s)
	consumer = client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().AtStart()}}))
	got, epochs = nil, nil
	read("new 19")
	for i, e := range epochs {
		if (e == 0) != (i < 10) {
			t.Errorf("record %d, %q, has epoch %d", i, got[i], e)
		}
	}
	if len(got) != 30 {
		t.Errorf("%d records", len(got))
	}
}
