package flow

import (
	"sync/atomic"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/temprun"
)

// Env is what a flow's parts see. The zero value with Values set runs a SELECT.
type Env struct {
	Values
	path   string
	states *States
	// Of a one-shot run that may spill: the operator's part of WorkMemory, and what it holds.
	share int64
	held  *atomic.Int64
	trace *stepTrace // of a run that is looked at
}

// Values are the parts of an Env that the caller of Open chooses.
type Values struct {
	RunOnce bool
	Session *plan.Settings
	Args    []delta.Column
	// Meter bounds the flow's work; from Open on it is the flow's, which closes it.
	Meter *meter.Meter
	// Inner: the flow runs in a tick of another, whose meter it has.
	Inner bool
	// WorkMemory is what a one-shot run may keep in memory before it puts rows into Temp; 0 or no
	// Temp = everything.
	WorkMemory int64
	Temp       *temprun.File
	// Trace, if not nil, is told what each node does in this one run.
	Trace *Trace
	// Beside takes work off the flow's arrangements, where it ticks; nil = nobody does.
	Beside state.Beside
	// OnLate is told of Env.Late.
	OnLate func(weight int64, from *delta.Origin, why exec.LateReason) error
}

var _ exec.Env = (*Env)(nil)

func (e *Env) Once() bool               { return e.RunOnce }
func (e *Env) Settings() *plan.Settings { return e.Session }
func (e *Env) Params() []delta.Column   { return e.Args }

// Now is the start of the statement's transaction, where there is one.
func (e *Env) Now() (micros int64, ok bool) {
	if e.Session == nil || e.Session.Session == nil {
		return 0, false
	}
	return e.Session.Session.Now, true
}

// Meter is the flow's.
func (e *Env) Meter() *meter.Meter { return e.Values.Meter }

// Account charges memory to the flow.
func (e *Env) Account(bytes int64) error {
	err := e.Values.Meter.Charge(bytes)
	if err == nil && e.held != nil {
		e.held.Add(bytes)
	}
	return err
}

// WorkMemory, NewRun and Held are of a one-shot run.
func (e *Env) WorkMemory() int64 { return e.share }

func (e *Env) NewRun(types []sqltype.OID, room int) *temprun.Writer {
	w := e.Values.Temp.NewRun(types, room)
	if e.trace != nil {
		w.CountIn(&e.trace.temp)
	}
	return w
}

func (e *Env) Held() int64 {
	if e.held == nil {
		return 0
	}
	return e.held.Load()
}

// Late passes rows left out of a closing window to the caller.
func (e *Env) Late(weight int64, from *delta.Origin, why exec.LateReason) error {
	if e.OnLate == nil {
		return nil
	}
	return e.OnLate(weight, from, why)
}

func (e *Env) Flat(name string, key []sqltype.OID, cells []state.CellType) (state.Flat, error) {
	return e.states.flat(e.path+"/"+name, key, cells, e.options(), e.held)
}

// Groups of a one-shot run are in memory; the operator spills by itself.
func (e *Env) Groups(name string, key []sqltype.OID, cells []state.CellType, lead int) (*state.Groups, error) {
	if e.RunOnce {
		return e.states.scratch(e.path+"/"+name, key, cells, e.options(), e.held)
	}
	return e.states.groups(e.path+"/"+name, key, cells, lead, e.options())
}

// options of every state: who works on it long breathes.
func (e *Env) options() state.Options {
	o := state.Options{Breathe: e.Values.Meter.Breathe}
	if !e.RunOnce {
		o.Beside = e.Values.Beside
	}
	return o
}

func (e *Env) Arrangement(name string, row []sqltype.OID, key []int, order ...state.Order) (state.Arrangement, error) {
	options := e.options()
	options.Order = order
	return e.states.arrangement(e.path+"/"+name, row, key, options, e.held)
}
