package log_test

import (
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// TestHangingPut: attempts that never answer, or answer that nobody knows, delay their group by
// about an attempt each; the record is there once.
func TestHangingPut(t *testing.T) {
	never := make(chan struct{})
	for name, c := range map[string]struct {
		fault    objstoretest.Fault
		attempts int64
	}{
		"hangs once":            {objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/", Times: 1, Gate: never}, 2},
		"hangs three times":     {objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/", Times: 3, Gate: never}, 4},
		"done, answer is lost":  {objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/", Times: 1, Ambiguous: true}, 1},
		"lost, and Stat hangs":  {objstoretest.Fault{Op: objstoretest.OpStat, Prefix: "log/", Times: 1, Gate: never}, 2},
		"refused, nothing done": {objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/", Times: 1, Err: objstore.ErrUnknown}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, log.Limits{InlineBytes: -1, AttemptTimeout: 20 * time.Millisecond, UploadTimeout: time.Minute})
			db := m.start()
			p := part(logtest.CreateTopic(t, db, "t", 1), 0)
			m.objects.Inject(c.fault)
			if c.fault.Op == objstoretest.OpStat {
				m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/", Times: 1, Ambiguous: true})
			}
			began := time.Now()
			logtest.Values(t, db, p, "a")
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the commit took %v", took)
			}
			s := db.Stats()
			if s.UploadAttempts < c.attempts || s.Uploads != 1 || s.UploadsFailed != 0 {
				t.Errorf("%d attempts, %d uploads, %d failed", s.UploadAttempts, s.Uploads, s.UploadsFailed)
			}
			if hung := c.fault.Gate != nil; hung != (s.UploadHedges > 0) {
				t.Errorf("%d hedges", s.UploadHedges)
			}
			m.objects.Heal()
			db = m.restart()
			logtest.Values(t, db, p, "b")
			equal(t, "log", fetchAll(t, db, p, 1000), []string{"0=a", "1=b"})
		})
	}
}

// TestPutGivesUp: when no attempt is answered the group fails within UploadTimeout, retriably,
// and later ones go on.
func TestPutGivesUp(t *testing.T) {
	m := newMachine(t, log.Limits{InlineBytes: -1, AttemptTimeout: 10 * time.Millisecond, UploadTimeout: 200 * time.Millisecond})
	db := m.start()
	p := part(logtest.CreateTopic(t, db, "t", 1), 0)
	m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/", Gate: make(chan struct{})})
	pending := db.Append(&log.Entry{Appends: []log.Append{{Partition: p, RecordBatches: batchOf(t, "lost")}}})
	<-pending.Done()
	if _, err := pending.Result(); err == nil {
		t.Error("acknowledged without a write")
	}
	m.objects.Heal()
	logtest.Values(t, db, p, "kept")
	got := fetchAll(t, db, p, 1000)
	equal(t, "log", got, []string{"0=kept"})
}
