package exectest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
	"github.com/tributary-db/tributary/storage/temprun"
)

// memory is all state of one dataflow, and what its operators told.
type memory struct {
	once    bool
	charged int64
	flats   map[string]*state.FlatSet
	runs    map[string]*state.RunSet
	groups  map[string]*state.Groups
	budget  *state.GroupBudget
	late    map[exec.LateReason]int64
	// temp: operators put into temporary runs what they have no room for, which is everything.
	temp *temprun.File
	held map[string]*int64
	// beside works for arrangements; nil = nobody does.
	beside *beside
}

// options of an arrangement.
func (e env) options(order ...state.Order) state.Options {
	o := state.Options{Account: e.Account, Order: order}
	if e.beside != nil && !e.once {
		o.Beside = e.beside
	}
	return o
}

func newMemory(once bool, budget *state.GroupBudget) *memory {
	if budget == nil {
		budget = state.NewGroupBudget(0)
	}
	return &memory{
		groups: map[string]*state.Groups{}, budget: budget,
		once: once, flats: map[string]*state.FlatSet{}, runs: map[string]*state.RunSet{},
		late: map[exec.LateReason]int64{}, held: map[string]*int64{},
	}
}

// env is what one operator sees.
type env struct {
	*memory
	path string
}

var _ exec.Env = env{}

func (e env) Once() bool               { return e.once }
func (e env) Settings() *plan.Settings { return &plan.Settings{} }
func (e env) Params() []delta.Column   { return nil }

func (e env) Meter() *meter.Meter { return nil }

func (e env) WorkMemory() int64 {
	if e.temp == nil {
		return 0
	}
	return 1
}

func (e env) NewRun(types []sqltype.OID, room int) *temprun.Writer { return e.temp.NewRun(types, room) }
func (e env) Held() int64                                          { return *e.own() }

// own is what the operator holds.
func (e env) own() *int64 {
	if e.held[e.path] == nil {
		e.held[e.path] = new(int64)
	}
	return e.held[e.path]
}

func (e env) Account(n int64) error {
	own := e.own()
	*own += n
	if e.charged += n; e.charged < 0 || *own < 0 {
		return fmt.Errorf("%d bytes given back too much", max(-e.charged, -*own))
	}
	return nil
}

func (e env) Flat(name string, key []sqltype.OID, cells []state.CellType) (state.Flat, error) {
	name = e.path + "/" + name
	if e.flats[name] == nil {
		e.flats[name] = state.NewFlat(key, cells, state.Options{Account: e.Account})
	}
	return e.flats[name], nil
}

func (e env) Arrangement(name string, row []sqltype.OID, key []int, order ...state.Order) (state.Arrangement, error) {
	name = e.path + "/" + name
	if e.runs[name] == nil {
		e.runs[name] = state.NewArrangement(row, key, e.options(order...))
	}
	return e.runs[name], nil
}

// behind is what the name of an arrangement behind groups has more than theirs.
const behind = " behind"

func (e env) Groups(name string, key []sqltype.OID, cells []state.CellType, lead int) (*state.Groups, error) {
	mem, err := e.Flat(name, key, cells)
	if err != nil || e.once {
		return state.NewGroups(mem.(*state.FlatSet), nil, 0, nil), err
	}
	name = e.path + "/" + name
	if e.groups[name] == nil {
		row, by := state.GroupRows(key, lead)
		if e.runs[name+behind] == nil {
			e.runs[name+behind] = state.NewArrangement(row, by, e.options())
		}
		e.groups[name] = state.NewGroups(mem.(*state.FlatSet), e.runs[name+behind], lead, e.budget)
	}
	return e.groups[name], nil
}

func (e env) Late(weight int64, _ *delta.Origin, why exec.LateReason) error {
	e.late[why] += weight
	return nil
}

// checkpoint is everything a restart finds.
type checkpoint struct {
	flats, runs map[string][]byte
	pieces      *piecetest.Memory
}

func (m *memory) save() (checkpoint, error) {
	c := checkpoint{map[string][]byte{}, map[string][]byte{}, &piecetest.Memory{}}
	var err error
	for name, f := range m.flats {
		if c.flats[name], err = f.Save(c.pieces); err != nil {
			return c, err
		}
	}
	for name, a := range m.runs {
		if c.runs[name], err = a.Save(c.pieces, ^state.CommitSeq(0)); err != nil {
			return c, err
		}
	}
	return c, nil
}

// load fills state that operators have opened anew.
func (m *memory) load(c checkpoint) error {
	for _, name := range slices.Sorted(maps.Keys(c.flats)) {
		if m.flats[name] == nil {
			return fmt.Errorf("state %s is not opened after a restart", name)
		}
		if err := m.flats[name].Load(c.pieces, c.flats[name]); err != nil {
			return err
		}
	}
	clear(m.groups) // what they are depends on what is loaded
	for _, name := range slices.Sorted(maps.Keys(c.runs)) {
		if m.runs[name] == nil {
			return fmt.Errorf("state %s is not opened after a restart", name)
		}
		if of, ok := strings.CutSuffix(name, behind); ok && m.flats[of].Len() > 0 {
			continue // they are in memory, or were moving
		}
		if err := m.runs[name].Load(c.pieces, c.runs[name]); err != nil {
			return err
		}
	}
	return nil
}
