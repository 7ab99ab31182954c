package log_test

import (
	"io"
	"slices"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// slowPart is saved when the test says so.
type slowPart struct {
	saving chan struct{}
	going  chan struct{}
}

func (*slowPart) Name() string                              { return "catalog" }
func (*slowPart) Check(log.Condition, []log.Change) error   { return nil }
func (*slowPart) Apply(v log.CommitSeq, c log.Change) error { return nil }
func (*slowPart) Load(io.Reader) error                      { return nil }
func (p *slowPart) Save() func(io.Writer) error {
	return func(io.Writer) error {
		p.saving <- struct{}{}
		<-p.going
		return nil
	}
}

// TestSnapshotBesideCommits: while a snapshot is encoded, commits and reads go on, and the
// snapshot is of the commit it was taken at.
func TestSnapshotBesideCommits(t *testing.T) {
	m := newMachine(t, log.Limits{})
	slow := &slowPart{saving: make(chan struct{}), going: make(chan struct{})}
	m.parts = func() []log.Part { return []log.Part{slow} }
	db := m.start()
	topic := logtest.CreateTopic(t, db, "a", 3)
	logtest.Values(t, db, part(topic, 0), "before")
	done := make(chan error)
	go func() { done <- db.Snapshot(ctx) }()
	<-slow.saving
	at := newest(t, db)
	for range 3 { // would wait for ever behind a snapshot that holds the committer or the lock
		logtest.Values(t, db, part(topic, 0), "beside")
	}
	equal(t, "records", fetchAll(t, db, part(topic, 0), 1<<20), []string{"0=before", "1=beside", "2=beside", "3=beside"})
	close(slow.going)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := db.Stats().SnapshotSeq; got != at {
		t.Errorf("the snapshot is of commit %d, it was taken at %d", got, at)
	}
	go func() {
		for range slow.saving { // the one at close
		}
	}()
	db = m.restart()
	close(slow.saving)
	equal(t, "records after a restart", fetchAll(t, db, part(topic, 0), 1<<20), []string{"0=before", "1=beside", "2=beside", "3=beside"})
	slow.saving = make(chan struct{}, 100)
}

// TestCommitsBesideALargeSnapshot prints how long commits take while the snapshot of 10,000
// partitions with 30 runs each is made. The bound is liveness only.
func TestCommitsBesideALargeSnapshot(t *testing.T) {
	if testing.Short() {
		t.Skip("300,000 runs")
	}
	m := newMachine(t, log.Limits{InlineBytes: -1, SnapshotCommits: 1 << 30})
	db := m.start()
	const topics, partitions = 10, 1000
	ids := make([]log.TopicID, topics)
	for i := range ids {
		ids[i] = logtest.CreateTopic(t, db, string(rune('a'+i)), partitions)
	}
	for range 30 {
		e := &log.Entry{}
		for i := range topics * partitions {
			e.Appends = append(e.Appends, log.Append{Partition: part(ids[i/partitions], int32(i%partitions)), RecordBatches: batchOf(t, "x")})
		}
		logtest.Append(t, db, e)
	}
	commit := func() time.Duration {
		began := time.Now()
		logtest.Append(t, db, &log.Entry{Changes: []log.Change{log.ProgressChange("p", 1, 1)}})
		return time.Since(began)
	}
	var alone, beside []time.Duration
	for range 200 {
		alone = append(alone, commit())
	}
	began := time.Now()
	done := make(chan error)
	go func() { done <- db.Snapshot(ctx) }()
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
			beside = append(beside, commit())
		}
	}
	took := time.Since(began)
	t.Logf("commits alone: at most %v; beside a snapshot of %d bytes that took %v: %d commits, at most %v",
		slices.Max(alone), db.Stats().SnapshotBytes, took, len(beside), slices.Max(beside))
	if worst := slices.Max(beside); worst > 5*time.Second {
		t.Errorf("a commit took %v beside a snapshot", worst)
	}
}
