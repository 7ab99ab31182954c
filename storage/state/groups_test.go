package state

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
)

var (
	groupKeys  = []sqltype.OID{sqltype.Text, sqltype.Int8}
	groupCells = []CellType{CellInt64, CellFloat64, Blob(3), CellVar}
)

// groupModel is a Groups, and a map of what it should have; the key of k is its text and k%7.
type groupModel struct {
	t      *testing.T
	r      *rand.Rand
	memory *memoryOf
	budget *GroupBudget
	mem    *FlatSet
	behind *RunSet
	groups *Groups
	model  map[int64]int64
	keys   int
	now    CommitSeq
}

func (m *groupModel) open() {
	if m.groups != nil {
		m.groups.Free()
	}
	row, by := GroupRows(groupKeys, 1)
	m.mem = NewFlat(groupKeys, groupCells, Options{Account: m.memory.charge})
	m.behind = NewArrangement(row, by, Options{Account: m.memory.charge, Merges: NewPool(m.memory.tier)})
}

func (m *groupModel) made() { m.groups = NewGroups(m.mem, m.behind, 1, m.budget) }

func keysOf(ks []int64) []delta.Column {
	texts, sevens := delta.NewBuilder(sqltype.Text), delta.NewBuilder(sqltype.Int8)
	for _, k := range ks {
		texts.AppendString(fmt.Sprintf("key %d", k))
		delta.Append(sevens, k%7)
	}
	return []delta.Column{texts.Take(), sevens.Take()}
}

// check compares cells of a slot with what n additions made of them.
func (m *groupModel) check(k int64, s Slot) {
	m.t.Helper()
	n, want := m.model[k], s != NoSlot
	if want != (n > 0) {
		m.t.Fatalf("key %d: there %v, %d additions", k, want, n)
	}
	if !want {
		return
	}
	g := m.groups
	text := bytes.Repeat([]byte{byte(k)}, int(n%50))
	if g.Int64(0).At(s) != -n || g.Float64(1).At(s) != float64(n)/2 || g.Blob(2, s)[2] != byte(n) || !bytes.Equal(g.Var(3, s), text) {
		m.t.Fatalf("key %d after %d additions: %d %g %x %x", k, n, g.Int64(0).At(s), g.Float64(1).At(s), g.Blob(2, s), g.Var(3, s))
	}
}

// add changes some keys, and forgets some.
func (m *groupModel) add() {
	ks := make([]int64, 1+m.r.IntN(200))
	for i := range ks {
		ks[i] = int64(m.r.IntN(m.keys))
	}
	slices.Sort(ks)
	ks = slices.Compact(ks)
	m.r.Shuffle(len(ks), func(i, j int) { ks[i], ks[j] = ks[j], ks[i] })
	cols, slots := keysOf(ks), make([]Slot, len(ks))
	if m.r.IntN(2) == 0 {
		m.must(m.groups.Fetch(m.t.Context(), cols, nil))
	}
	m.must(m.groups.Probe(m.t.Context(), cols, nil, false, slots))
	for i, k := range ks {
		m.check(k, slots[i])
	}
	m.must(m.groups.Probe(m.t.Context(), cols, nil, true, slots))
	cells := m.groups.Write(slots)
	for i, s := range slots {
		k := ks[i]
		m.model[k]++
		n := m.model[k]
		cells.Int64(0)[s]--
		cells.Float64(1)[s] += 0.5
		cells.Blob(2, s)[2]++
		m.must(m.groups.SetVar(3, s, bytes.Repeat([]byte{byte(k)}, int(n%50))))
	}
	if gone := m.r.IntN(len(ks) + 1); m.r.IntN(3) == 0 {
		m.groups.Delete(slots[:gone])
		for _, k := range ks[:gone] {
			delete(m.model, k)
		}
	}
}

func (m *groupModel) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *groupModel) settle() {
	m.now++
	_, err := m.groups.Settle(m.now)
	m.must(err)
}

// restart saves what there is, changes it meanwhile, and begins from what was saved.
func (m *groupModel) restart() {
	m.settle() // checkpoints are made between ticks
	at := map[int64]int64{}
	for k, n := range m.model {
		at[k] = n
	}
	pieces := &piecetest.Memory{}
	frozen := m.mem.Freeze()
	view, err := m.behind.At(m.now)
	m.must(err)
	for range m.r.IntN(3) {
		m.add()
		m.settle()
	}
	list, err := frozen.Save(pieces)
	m.must(err)
	rows, err := SaveView(pieces, view, view.Version())
	m.must(err)
	frozen.Durable()
	frozen.Release()
	view.Release()
	if m.r.IntN(2) == 0 {
		m.add() // a tick that does not end
	}
	m.model = at
	m.open()
	m.must(m.mem.Load(pieces, list))
	if m.mem.Len() == 0 {
		m.must(m.behind.Load(pieces, rows))
	}
	m.made()
}

// all compares everything, in the order of the leading key.
func (m *groupModel) all() {
	upTo := int64(m.r.IntN(8))
	m.must(m.groups.FetchWhile(m.t.Context(), func(lead *delta.Column, row int32) bool { return delta.Values[int64](lead)[row] < upTo }))
	found := 0
	m.must(m.groups.Scan(func(slots []Slot) bool {
		keys := m.groups.Keys(slots)
		for i, s := range slots {
			if delta.Values[int64](&keys[1])[i] < upTo {
				var k int64
				_, _ = fmt.Sscanf(string(keys[0].Bytes(int32(i))), "key %d", &k)
				m.check(k, s)
				found++
			}
		}
		return true
	}))
	want := 0
	for k := range m.model {
		if k%7 < upTo {
			want++
		}
	}
	if found != want {
		m.t.Fatalf("%d keys below %d, want %d", found, upTo, want)
	}
}

// TestGroups: groups that stay in memory, move behind it in steps, are there from the first tick on, or forget what
// they have in memory as it happens, restarted from checkpoints, have what they were given.
func TestGroups(t *testing.T) {
	shrink(t, 64, 4<<10)
	smallDisk(t)
	eager := eagerKeys
	eagerKeys = 50
	defer func() { eagerKeys = eager }()
	behind := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		m := &groupModel{t: t, r: r, memory: newMemory(t, 4<<20), model: map[int64]int64{}, keys: 1 + r.IntN(4000)}
		past := r.IntN(4)
		m.budget = GroupBudgetBy(func(int64) bool { return r.IntN(4) < past }, 1+r.IntN(500))
		m.open()
		m.made()
		for range 60 {
			switch r.IntN(12) {
			case 0:
				m.restart()
			case 1:
				m.all()
			default:
				m.add()
				if r.IntN(3) > 0 {
					m.settle()
				}
				continue
			}
			m.settle()
		}
		m.all()
		if m.groups.Behind() {
			behind++
		}
		if got := m.memory.peak.Load(); got > 4<<20 {
			t.Fatalf("seed %d: %d bytes", seed, got)
		}
	}
	if behind < 20 {
		t.Errorf("groups went behind memory %d times only", behind)
	}
}

// TestGroupBudget: who has a large part moves when all is taken, and nobody else.
func TestGroupBudget(t *testing.T) {
	b := NewGroupBudget(64 << 20)
	for range 4 {
		b.enter()
	}
	b.used.Add(60 << 20)
	if b.isPast(60 << 20) {
		t.Error("past before all is taken")
	}
	b.used.Add(10 << 20)
	for bytes, want := range map[int64]bool{60 << 20: true, 8 << 20: true, 7 << 20: false, 1 << 20: false} {
		if b.isPast(bytes) != want {
			t.Errorf("%d bytes of 64 MB among 4: past %v", bytes, !want)
		}
	}
	if NewGroupBudget(0).isPast(1 << 40) {
		t.Error("past no limit")
	}
}

// TestGroupsReadBlocksOnce: what a Fetch of many keys reads is each block once, in whatever order they come.
func TestGroupsReadBlocksOnce(t *testing.T) {
	shrink(t, 64, 4<<10)
	smallDisk(t)
	m := &groupModel{t: t, r: rand.New(rand.NewPCG(1, 1)), memory: newMemory(t, 16<<20), model: map[int64]int64{}, keys: 20_000}
	m.budget = GroupBudgetBy(func(int64) bool { return true }, 1<<20)
	m.open()
	m.made()
	for range 400 {
		m.add()
		m.settle()
	}
	m.must(m.behind.Compact())
	for m.memory.tier.putAwayNow(16<<20) > 0 {
	}
	ks := make([]int64, 0, len(m.model))
	for k := range m.model {
		ks = append(ks, k)
	}
	blocks := 0
	for _, r := range m.behind.current().content {
		for _, c := range r.chunks {
			blocks += c.blockCount()
		}
	}
	if blocks < 50 {
		t.Fatalf("%d blocks are too few", blocks)
	}
	before := m.memory.tier.Stats().Reads
	m.must(m.groups.Fetch(context.Background(), keysOf(ks), nil))
	if reads := int(m.memory.tier.Stats().Reads - before); reads > blocks+blocks/10 {
		t.Errorf("%d reads of %d blocks", reads, blocks)
	}
}

// TestGroupsStartWithinTheirShare: what a checkpoint has in flat state goes behind memory at a start with less of it,
// without being there whole; it is what the newest of its levels say, less what was deleted.
func TestGroupsStartWithinTheirShare(t *testing.T) {
	shrink(t, 64, 4<<10)
	smallDisk(t)
	m := &groupModel{t: t, r: rand.New(rand.NewPCG(3, 1)), memory: newMemory(t, 64<<20), model: map[int64]int64{}, keys: 20_000}
	m.budget = NewGroupBudget(0)
	m.open()
	m.made()
	pieces := &piecetest.Memory{}
	var list []byte
	save := func() {
		m.settle()
		var err error
		list, err = m.mem.Save(pieces)
		m.must(err)
	}
	for i := range 6 { // levels
		for range 200 / (1 + 4*i) {
			m.add()
		}
		save()
	}
	whole := m.mem.charged
	if len(m.mem.levels) < 2 {
		t.Fatalf("%d levels", len(m.mem.levels))
	}
	start := func(memory int64) {
		m.memory, m.budget = newMemory(t, memory), NewGroupBudget(whole/8)
		m.open()
		m.must(m.mem.Load(pieces, list))
		m.made()
		m.groups.Owes(0) // a cell that is 0 in no group
	}
	start(whole / 2)
	m.all()
	if !m.groups.Behind() {
		t.Fatal("they are in memory")
	}
	if peak := m.memory.peak.Load(); peak > whole/2 {
		t.Errorf("%d bytes at most, %d in memory", peak, whole)
	}
	m.memory.limit = whole // it has started: what it saves and loads now stands beside what it has
	for range 20 {
		m.add()
		m.settle()
	}
	m.restart()
	m.all()
}

// TestGroupsThatAreOwedStay: at a start with less memory groups stay there while some were not put out, so that these
// are found.
func TestGroupsThatAreOwedStay(t *testing.T) {
	m := &groupModel{t: t, r: rand.New(rand.NewPCG(3, 1)), memory: newMemory(t, 64<<20), model: map[int64]int64{}, keys: 20_000}
	m.budget = NewGroupBudget(0)
	m.open()
	m.made()
	for range 100 {
		m.add()
	}
	owed := make([]Slot, 1)
	m.must(m.groups.Probe(t.Context(), keysOf([]int64{-1}), nil, true, owed))
	pieces := &piecetest.Memory{}
	list, err := m.mem.Save(pieces)
	m.must(err)
	there := m.mem.Len()
	m.budget = NewGroupBudget(1 << 10)
	m.open()
	m.must(m.mem.Load(pieces, list))
	m.made()
	m.groups.Owes(0)
	found := 0
	m.must(m.groups.Scan(func(slots []Slot) bool { found += len(slots); return true }))
	if m.groups.Behind() || found != there {
		t.Errorf("behind %v; %d of %d groups are found", m.groups.Behind(), found, there)
	}
	if rows := m.behind.Head().Rows(); rows != 0 {
		t.Errorf("%d of them are behind too", rows)
	}
}
