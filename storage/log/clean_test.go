package log_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// compacting is a log with one compacted topic, which is cleaned by hand.
type compacting struct {
	*retaining
	id log.TopicID
}

func newCompacting(t *testing.T, configs map[string]string) *compacting {
	r := newRetaining(t)
	r.limits = levelLimits(3)
	r.limits.CleanBytes = 1
	r.restart()
	all := map[string]string{"cleanup.policy": "compact"}
	for name, value := range configs {
		all[name] = value
	}
	return &compacting{r, r.topic("c", all)}
}

// write appends a record; a value of "" is a tombstone.
func (c *compacting) write(key, value string) log.Appended {
	b := recordbatch.NewBuilder(0)
	v := []byte(value)
	if value == "" {
		v = nil
	}
	if err := b.Add([]byte(key), v, nil, c.clock.Now().UnixMilli()); err != nil {
		c.t.Fatal(err)
	}
	return logtest.Append(c.t, c.db, &log.Entry{Appends: []log.Append{{Partition: part(c.id, 0), RecordBatches: b.AppendTo(nil)}}})
}

func (c *compacting) clean() {
	c.t.Helper()
	if err := c.db.Clean(ctx); err != nil {
		c.t.Fatal(err)
	}
}

// left are the records that a consumer finds, as "offset=key:value".
func (c *compacting) left() (out []string) {
	x := &txnModel{t: c.t, db: c.db, decode: decodeKeyed}
	ends, err := c.db.Ends(ctx, []log.Partition{part(c.id, 0)}, true)
	if err != nil {
		c.t.Fatal(err)
	}
	x.stable, x.starts = &ends[0], map[log.Partition]int64{part(c.id, 0): ends[0].LogStart}
	for _, r := range x.consume(part(c.id, 0), false, 1000) {
		var at int64
		var record string
		if _, err := fmt.Sscanf(r, "%d=%s", &at, &record); err != nil {
			c.t.Fatal(err)
		}
		for i := range record {
			if record[i] == '@' {
				out = append(out, fmt.Sprintf("%d=%s", at, record[:i]))
			}
		}
	}
	return out
}

// TestCleanIsDue: by the share of bytes that were not compacted, by the largest lag, not before the least
// one, and never what a view still needs.
func TestCleanIsDue(t *testing.T) {
	all, last := []string{"0=k:a", "1=k:b"}, []string{"1=k:b"}
	for _, x := range []struct {
		what    string
		configs map[string]string
		needs   log.Needs
		pass    time.Duration
		want    []string
	}{
		{what: "at once", want: last, needs: log.NoNeeds},
		{what: "before the least lag", configs: map[string]string{"min.compaction.lag.ms": "60000"}, needs: log.NoNeeds, pass: 59 * time.Second, want: all},
		{what: "behind the least lag", configs: map[string]string{"min.compaction.lag.ms": "60000"}, needs: log.NoNeeds, pass: 61 * time.Second, want: last},
		{what: "a view has not read it", needs: log.Needs{Read: 1 << 40, Keep: 1}, want: all},
		{what: "a view has not read it within the grace", needs: log.Needs{Read: 1 << 40, Keep: 1}, pass: 23 * time.Hour, want: all},
		{what: "a view has not read it for too long", needs: log.Needs{Read: 1 << 40, Keep: 1}, pass: 25 * time.Hour, want: last},
		{what: "an old version is read for long", needs: log.Needs{Read: 1, Keep: 1}, pass: 25 * time.Hour, want: all},
		{what: "an old version is read", needs: log.Needs{Read: 1, Keep: 1 << 40}, want: all},
	} {
		t.Run(x.what, func(t *testing.T) {
			c := newCompacting(t, x.configs)
			c.needs = x.needs
			c.write("k", "a")
			c.write("k", "b")
			c.clock.pass(x.pass)
			c.clean()
			equal(t, "left", c.left(), x.want)
		})
	}
	t.Run("dirty ratio", func(t *testing.T) {
		c := newCompacting(t, map[string]string{"max.compaction.lag.ms": "60000"})
		for i := range 8 {
			c.write(fmt.Sprint("k", i), "a")
		}
		c.clean()
		c.write("k0", "b")
		c.clean()
		if n := len(c.left()); n != 9 {
			t.Errorf("%d records are left: a ninth was compacted", n)
		}
		c.clock.pass(61 * time.Second)
		c.clean()
		if n := len(c.left()); n != 8 {
			t.Errorf("%d records are left behind the largest lag", n)
		}
	})
	t.Run("few bytes wait", func(t *testing.T) {
		c := newCompacting(t, nil)
		c.limits.CleanBytes = 1 << 20
		c.restart()
		c.write("k", "a")
		c.write("k", "b")
		c.clean()
		equal(t, "left", c.left(), all)
		c.clock.pass(61 * time.Minute)
		c.clean()
		equal(t, "left an hour later", c.left(), last)
	})
}

// TestCleanTombstones: a tombstone stays for delete.retention.ms behind the compaction that saw it first,
// also while the clock cannot be believed, and nothing older comes back with it gone.
func TestCleanTombstones(t *testing.T) {
	c := newCompacting(t, map[string]string{"delete.retention.ms": "3600000", "min.cleanable.dirty.ratio": "0"})
	c.write("k", "a")
	c.write("k", "")
	c.write("other", "x")
	c.clean()
	equal(t, "first", c.left(), []string{"1=k:-", "2=other:x"})
	c.clock.pass(59 * time.Minute)
	c.write("other", "y")
	c.clean()
	equal(t, "before the horizon", c.left(), []string{"1=k:-", "3=other:y"})
	c.clock.set(time.Hour) // no time has passed
	c.write("other", "z")
	c.clean()
	equal(t, "after a step of the clock", c.left(), []string{"1=k:-", "4=other:z"})
	c.clock.pass(25 * time.Hour)
	c.restart()
	c.write("other", "zz")
	c.clean()
	equal(t, "behind it", c.left(), []string{"5=other:zz"})
}

// TestCleanRaces: a partition that is changed while it is compacted is left as it is, the others are
// compacted; a dropped topic ends the pass.
func TestCleanRaces(t *testing.T) {
	for _, race := range []string{"drop", "truncate", "not compacted any more"} {
		t.Run(race, func(t *testing.T) {
			c := newCompacting(t, nil)
			other := c.topic("d", map[string]string{"cleanup.policy": "compact"})
			held := &heldStore{Store: c.objects, reached: make(chan struct{}), release: make(chan struct{})}
			change := c.change
			c.change = func(cfg *log.Config) { change(cfg); cfg.Objects = held }
			c.restart()
			for i := range 6 {
				c.write("k", fmt.Sprint(i))
				id := c.id
				c.id = other
				c.write("k", fmt.Sprint(i))
				c.id = id
			}
			held.armed.Store(true)
			done := make(chan error, 1)
			go func() { done <- c.db.Clean(ctx) }()
			<-held.reached
			alter := func(x log.Change) { logtest.Append(t, c.db, &log.Entry{Changes: []log.Change{x}}) }
			switch race {
			case "drop":
				alter(log.DeleteTopicChange(c.id))
			case "truncate":
				alter(log.TruncateChange(log.TruncateRecords, []log.LogStart{{Partition: part(c.id, 0), Offset: 3}}))
				c.retain()
			case "not compacted any more":
				alter(log.ConfigTopicChange(c.id, []log.TopicConfig{{Name: "cleanup.policy", Value: "delete"}}))
			}
			close(held.release)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			c.clean()
			c.id, other = other, c.id
			for range 2 {
				equal(t, "the other", c.left(), []string{"5=k:5"})
				c.retain()
				c.restart()
			}
			if race == "truncate" {
				c.id = other
				equal(t, "truncated", c.left(), []string{"5=k:5"})
			}
		})
	}
}

// TestCleanOldVersions: who reads at a version before a compaction reads what it had then, whatever becomes
// of the partition meanwhile.
func TestCleanOldVersions(t *testing.T) {
	c := newCompacting(t, map[string]string{"min.cleanable.dirty.ratio": "0"})
	for i := range 20 {
		c.write(fmt.Sprint("k", i%3), fmt.Sprint(i))
	}
	v := newest(t, c.db)
	before := changes(t, c.db, 0, v, 1000, c.id)
	c.needs = log.Needs{Read: v, Keep: v}
	c.clean()
	for i := range 20 {
		c.write(fmt.Sprint("k", i%3), fmt.Sprint(i))
	}
	for range 3 {
		if err := errors.Join(c.db.Level(ctx), c.db.Clean(ctx), c.db.Snapshot(ctx), c.db.Retain(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "the version", changes(t, c.db, 0, v, 1000, c.id), before)
	if n := len(changes(t, c.db, 0, newest(t, c.db), 1000, c.id)); n != 23 {
		t.Errorf("%d records are left", n)
	}
	if _, err := c.db.Changes(ctx, 1, newest(t, c.db), log.Filter{Topics: []log.TopicFilter{{Topic: c.id}}}); !errors.Is(err, log.ErrTruncated) {
		t.Errorf("who begins before what was removed: %v", err)
	}
	c.needs = log.NoNeeds
	for range 2 {
		if err := errors.Join(c.db.Clean(ctx), c.db.Retain(ctx), c.db.Level(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.segments(); n > 8 {
		t.Errorf("%d objects are left", n)
	}
	if n := len(c.left()); n != 3 {
		t.Errorf("%d records are left", n)
	}
}

// TestCleanDamage: a partition with a damaged object is not compacted: behind it a tombstone would bring
// an old value back.
func TestCleanDamage(t *testing.T) {
	c := newCompacting(t, nil)
	for i := range 5 {
		c.write("k", fmt.Sprint(i))
	}
	keys := objects(t, c.objects, "log/")
	c.objects.Inject(objstoretest.Fault{Op: objstoretest.OpGet, Prefix: keys[0], FlipBit: true, FlipAt: 50})
	c.clean()
	c.objects.Heal()
	c.clean()
	if n := len(c.left()); n != 5 {
		t.Errorf("%d records are left", n)
	}
	c.restart() // asks anew
	c.clean()
	equal(t, "healed", c.left(), []string{"4=k:4"})
}

// TestCleanBesideHangingTransaction: what lies before the first record of an open transaction is compacted, nothing behind it
// is, however often and over a restart, until the transaction ends: then its records count if it was committed.
func TestCleanBesideHangingTransaction(t *testing.T) {
	for _, commits := range []bool{true, false} {
		t.Run(fmt.Sprint(commits), func(t *testing.T) {
			c := newCompacting(t, map[string]string{"min.cleanable.dirty.ratio": "0"})
			for range 3 {
				c.write("a", "old")
				c.write("b", "old")
			}
			who := initTxn(t, c.db, "x", log.NoIdentity)
			hang := func(key, value string, sequence int32) {
				t.Helper()
				b := recordbatch.NewBuilder(0)
				if err := b.Add([]byte(key), []byte(value), nil, c.clock.Now().UnixMilli()); err != nil {
					t.Fatal(err)
				}
				raw := b.AppendTo(nil)
				logtest.SetTransactional(raw, who.ID, who.Epoch, sequence)
				logtest.Append(t, c.db, &log.Entry{Appends: []log.Append{{Partition: part(c.id, 0), RecordBatches: raw, TransactionalID: "x", Implicit: true}}})
			}
			hang("a", "hangs", 0) // offset 6
			c.write("a", "new")
			c.write("b", "new")
			hang("c", "hangs", 1)
			c.write("b", "newer")
			open := []string{"4=a:old", "5=b:old", "6=a:hangs", "7=a:new", "8=b:new", "9=c:hangs", "10=b:newer"}
			for i := range 3 {
				c.clean()
				if got := c.left(); !slices.Equal(got, open) {
					t.Fatalf("beside the open transaction %v are left, want %v", got, open)
				}
				if i == 1 {
					c.restart()
				}
			}
			if _, err := c.db.EndTransaction(ctx, "x", who, commits, true); err != nil {
				t.Fatal(err)
			}
			c.write("d", "last")
			c.clean()
			want := []string{"7=a:new", "10=b:newer", "12=d:last"}
			if commits {
				want = []string{"7=a:new", "9=c:hangs", "10=b:newer", "12=d:last"}
			}
			if got := c.left(); !slices.Equal(got, want) {
				t.Fatalf("behind it %v are left, want %v", got, want)
			}
		})
	}
}
