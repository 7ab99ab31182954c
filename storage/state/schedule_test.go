package state

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
)

// TestSchedules runs random orders of everything that can happen to an arrangement against a map of
// every version: append, publish, merges of any neighbouring runs that end at any later time or not
// at all, pins, versions opened late, Keep, captures, and a crash that goes back to a capture.
// TRIBUTARY_STATE_SEEDS asks for more than 500 seeds.
func TestSchedules(t *testing.T) {
	seeds := 500
	if text := os.Getenv("TRIBUTARY_STATE_SEEDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		seeds = n
	}
	shrink(t, 3, 64)
	chunkBytes = 4 << 10 // of several blocks, or nothing is gained on disk
	smallDisk(t)
	reads, linked, warmed, fetched := uint64(0), uint64(0), uint64(0), uint64(0)
	for seed := range uint64(seeds) {
		s := newSchedule(t, seed)
		for range 60 {
			s.step()
		}
		s.end()
		st := s.tier.Stats()
		reads, linked, warmed, fetched = reads+st.Reads, linked+st.Linked, warmed+st.Warmed, fetched+st.Fetched
	}
	t.Logf("%d blocks came from disk; %d chunks linked, %d warmed, %d fetched", reads, linked, warmed, fetched)
	if linked == 0 || warmed == 0 || fetched == 0 {
		t.Error("something did not happen")
	}
	if reads < 10*uint64(seeds) {
		t.Fatalf("only %d blocks came from disk", reads)
	}
}

var scheduleTypes = []sqltype.OID{sqltype.Int8, sqltype.Text}

// schedule is one run: the arrangement, and what it must be.
type schedule struct {
	t       *testing.T
	r       *rand.Rand
	seed    uint64
	account int64
	a       *RunSet
	pool    *Pool
	tier    *Tier
	pieces  *piecetest.Memory // of all captures
	short   bool              // of memory

	at       map[CommitSeq]map[string]int64 // every version
	last     CommitSeq
	kept     CommitSeq
	gone     map[CommitSeq]bool // versions that deltas put together pass over
	pins     []pinned
	jobs     []mergeJob
	captures []capture
}

type pinned struct {
	view View
	seq  CommitSeq
}

// capture is a list of pieces, the version it is of, and the oldest that can be read with it.
type capture struct {
	list []byte
	seq  CommitSeq
	from CommitSeq
	gone map[CommitSeq]bool
}

func newSchedule(t *testing.T, seed uint64) *schedule {
	s := &schedule{t: t, r: rand.New(rand.NewPCG(seed, 7)), seed: seed, at: map[CommitSeq]map[string]int64{0: {}}, gone: map[CommitSeq]bool{}}
	s.tier = openTier(t, func() int64 {
		if s.short {
			return 1 << 40
		}
		return 0
	})
	s.pool = NewPool(s.tier)
	s.pieces = &piecetest.Memory{Remote: seed%2 == 1}
	s.a = s.open()
	return s
}

// smallDisk makes every chunk worth a place on disk, and packs small.
func smallDisk(t testing.TB) {
	a, b := minCold, packBytes
	minCold, packBytes = 0, 2000
	t.Cleanup(func() { minCold, packBytes = a, b })
}

// openTier makes a tier of 4,000 bytes of memory, of which so much is used.
func openTier(t testing.TB, used func() int64) *Tier {
	t.Helper()
	tier, err := NewTier(TierConfig{Dir: t.TempDir(), Limit: 4000, Used: used, Charge: func(int64) {}, OpenFiles: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tier.Close)
	return tier
}

func (s *schedule) open() *RunSet {
	o := Options{History: true, Account: func(n int64) error { s.account += n; return nil }}
	if s.seed%4 != 0 {
		o.Merges = s.pool
	}
	return NewArrangement(scheduleTypes, []int{0}, o)
}

func (s *schedule) fatalf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("seed %d: %s", s.seed, fmt.Sprintf(format, args...))
}

func (s *schedule) step() {
	switch s.r.IntN(18) {
	case 0, 1, 2, 3:
		s.publish()
	case 4:
		s.beginMerge()
	case 5:
		s.endMerge()
	case 6:
		s.pool.Step(context.Background())
	case 7:
		s.openAt(s.last)
	case 8:
		s.openAt(s.pick(s.last))
	case 9:
		s.release()
	case 10:
		s.kept = s.pick(s.last)
		s.a.Keep(s.kept)
	case 11:
		if s.r.IntN(3) > 0 || len(s.captures) == 0 {
			s.capture()
		} else {
			s.crash()
		}
	case 12:
		s.short = !s.short
	case 13:
		s.tier.putAwayNow(1 + s.r.Int64N(2000))
	case 14, 15:
		s.tier.bringNearer()
	case 16, 17:
		s.condense()
	}
	for _, p := range s.pins {
		s.check(p.view, p.seq)
	}
}

// pick is a version up to v that can be opened.
func (s *schedule) pick(v CommitSeq) CommitSeq {
	for {
		if at := s.kept + CommitSeq(s.r.Uint64N(uint64(v-s.kept)+1)); !s.gone[at] {
			return at
		}
	}
}

// condense has some versions read from now on, and those behind one.
func (s *schedule) condense() {
	to := s.pick(s.last)
	var read []CommitSeq
	for v := s.kept; v <= to; v++ {
		if !s.gone[v] && (s.r.IntN(3) == 0 || v == s.kept || v == to) {
			read = append(read, v)
		}
	}
	var breathe func() error
	if s.r.IntN(4) == 0 {
		left := s.r.IntN(3)
		breathe = func() error {
			if left--; left < 0 {
				return errClosed
			}
			return nil
		}
	}
	if err := s.a.Condense(read, to, breathe); err != nil && !errors.Is(err, errClosed) {
		s.fatalf("condense: %v", err)
	}
	for v := s.kept; v <= to; v++ {
		if w, err := s.a.At(v); err == nil {
			s.check(w, v)
			w.Release()
		} else if s.gone[v] = true; !errors.Is(err, ErrSnapshotTooOld) || slices.Contains(read, v) {
			s.fatalf("at %d after condensing for %v: %v", v, read, err)
		}
	}
}

// publish makes the next version, at times in two parts.
func (s *schedule) publish() {
	v := s.last + 1 + CommitSeq(s.r.IntN(2))
	now := maps.Clone(s.at[s.last])
	for range 1 + s.r.IntN(2) {
		b := delta.NewBatchBuilder(scheduleTypes)
		for range s.r.IntN(12) {
			key, text := s.r.Int64N(8), fmt.Sprint(s.r.IntN(5))
			w := int64(1)
			if id := image(key, text); now[id] > 0 && s.r.IntN(2) == 0 {
				w = -now[id]
			}
			if now[image(key, text)] += w; now[image(key, text)] == 0 {
				delete(now, image(key, text))
			}
			row(key, text, w)(b)
		}
		d := b.Batch()
		if err := errors.Join(s.a.Append(&d), s.a.Publish(v)); err != nil {
			s.fatalf("publish %d: %v", v, err)
		}
	}
	for gap := s.last + 1; gap < v; gap++ {
		s.at[gap] = s.at[s.last]
	}
	s.at[v], s.last = now, v
}

func image(key int64, text string) string { return fmt.Sprint(key, text) }

// beginMerge begins to merge any runs that stand next to each other.
func (s *schedule) beginMerge() {
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	content := s.a.mu.version.content
	if len(content) < 2 {
		return
	}
	from := s.r.IntN(len(content) - 1)
	to := from + 2 + s.r.IntN(len(content)-from-1)
	job := mergeJob{runs: content[from:to]}
	for _, r := range job.runs {
		if r.merging {
			return
		}
	}
	s.a.beginLocked(job)
	s.jobs = append(s.jobs, job)
}

// endMerge ends a merge: it is installed, or given up.
func (s *schedule) endMerge() {
	if len(s.jobs) == 0 {
		return
	}
	i := s.r.IntN(len(s.jobs))
	job := s.jobs[i]
	s.jobs = append(s.jobs[:i], s.jobs[i+1:]...)
	var breathe func() error
	if s.r.IntN(4) == 0 {
		left := s.r.IntN(3)
		breathe = func() error {
			if left--; left < 0 {
				return errClosed
			}
			return nil
		}
	}
	if err := s.a.merge(job, breathe); err != nil && !errors.Is(err, errClosed) {
		s.fatalf("merge: %v", err)
	}
}

func (s *schedule) openAt(v CommitSeq) {
	w, err := s.a.At(v)
	if err != nil {
		s.fatalf("at %d, kept %d, last %d: %v", v, s.kept, s.last, err)
	}
	s.pins = append(s.pins, pinned{w, v})
	s.checkChanges(w, v)
}

func (s *schedule) release() {
	if n := len(s.pins); n > 0 {
		i := s.r.IntN(n)
		s.pins[i].view.Release()
		s.pins = append(s.pins[:i], s.pins[i+1:]...)
	}
}

// check compares a version with what it must be.
func (s *schedule) check(w View, v CommitSeq) {
	s.t.Helper()
	got, rows := map[string]int64{}, int64(0)
	cuts, err := w.(Divider).Cuts(context.Background(), 1+s.r.Int64N(20))
	if err != nil {
		s.fatalf("parts of %d: %v", v, err)
	}
	from := []delta.Column(nil)
	for _, before := range append(cuts, nil) {
		rows += s.scan(w, v, Range{From: from, Before: before}, got)
		from = before
	}
	if !maps.Equal(got, s.at[v]) {
		s.fatalf("version %d is %v, must be %v", v, got, s.at[v])
	}
	if w.Rows() != rows {
		s.fatalf("version %d says %d rows, has %d", v, w.Rows(), rows)
	}
}

// scan adds the rows of a range to got, and counts them.
func (s *schedule) scan(w View, v CommitSeq, rng Range, got map[string]int64) (rows int64) {
	s.t.Helper()
	cur, err := w.Scan(context.Background(), rng)
	if err != nil {
		s.fatalf("scan of %d: %v", v, err)
	}
	defer cur.Close()
	var d delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(context.Background(), &d); err != nil {
			s.fatalf("scan of %d: %v", v, err)
		}
		for _, i := range liveRows(&d) {
			got[image(delta.Values[int64](&d.Cols[0])[i], string(d.Cols[1].Bytes(i)))] += d.Weight(i)
			rows += d.Weight(i)
		}
	}
	return rows
}

// checkChanges replays from a kept version to w.
func (s *schedule) checkChanges(w View, v CommitSeq) {
	s.t.Helper()
	after := min(v, s.pick(s.last))
	cur, err := w.Changes(context.Background(), after)
	if err != nil {
		s.fatalf("changes after %d, kept %d: %v", after, s.kept, err)
	}
	defer cur.Close()
	now := maps.Clone(s.at[after])
	var d delta.Batch
	for more := true; more; {
		var seq CommitSeq
		if seq, more, err = cur.Next(context.Background(), &d); err != nil || d.Len > 0 && (seq <= after || seq > v) {
			s.fatalf("change of version %d in (%d, %d], %v", seq, after, v, err)
		}
		for _, i := range liveRows(&d) {
			id := image(delta.Values[int64](&d.Cols[0])[i], string(d.Cols[1].Bytes(i)))
			if now[id] += d.Weight(i); now[id] == 0 {
				delete(now, id)
			}
		}
	}
	if !maps.Equal(now, s.at[v]) {
		s.fatalf("changes (%d, %d] lead to %v, not %v", after, v, now, s.at[v])
	}
}

// capture saves a version as a checkpoint does, from a pin.
func (s *schedule) capture() {
	v := s.pick(s.last)
	from := s.pick(v)
	w, err := s.a.At(v)
	if err != nil {
		s.fatalf("at %d: %v", v, err)
	}
	defer w.Release()
	list, err := SaveView(s.pieces, w, from)
	if err != nil {
		s.fatalf("save of %d: %v", v, err)
	}
	s.captures = append(s.captures, capture{list, v, from, maps.Clone(s.gone)})
}

// crash loses everything but a capture.
func (s *schedule) crash() {
	s.close()
	c := s.captures[s.r.IntN(len(s.captures))]
	s.a = s.open()
	if err := s.a.Load(s.pieces, c.list); err != nil {
		s.fatalf("load of %d: %v", c.seq, err)
	}
	// What was published behind the capture never was.
	for v := range s.at {
		if v > c.seq {
			delete(s.at, v)
		}
	}
	s.captures = []capture{c}
	s.last, s.kept, s.gone = c.seq, c.from, maps.Clone(c.gone)
	w, err := s.a.At(c.seq)
	if err != nil {
		s.fatalf("restored at %d: %v", c.seq, err)
	}
	s.check(w, c.seq)
	s.checkChanges(w, c.seq)
	w.Release()
}

// close ends the arrangement and proves that its memory comes back.
func (s *schedule) close() {
	for _, job := range s.jobs {
		if err := s.a.merge(job, func() error { return errClosed }); err != nil && !errors.Is(err, errClosed) {
			s.fatalf("merge: %v", err)
		}
	}
	s.jobs = nil
	for len(s.pins) > 0 {
		s.release()
	}
	if s.a.Held() != 0 {
		s.fatalf("%d bytes held by nobody", s.a.Held())
	}
	s.a.Free()
	if s.account != 0 {
		s.fatalf("%d bytes are still charged", s.account)
	}
	if _, err := s.a.At(s.last); !errors.Is(err, ErrSnapshotTooOld) {
		s.fatalf("a freed arrangement opens: %v", err)
	}
}

func (s *schedule) end() {
	for len(s.jobs) > 0 {
		s.endMerge()
	}
	for s.pool.Step(context.Background()) {
	}
	s.tier.putAwayNow(1 << 40)
	for v := s.kept; v <= s.last; v++ {
		if s.gone[v] {
			continue
		}
		s.openAt(v)
		s.check(s.pins[len(s.pins)-1].view, v)
	}
	s.close()
}
