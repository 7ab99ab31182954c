package exec

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/temprun"
)

// RelationID is a relation's OID.
type RelationID = plan.RelationID

// ErrStop is Emit's answer when nobody wants more rows. It is no failure: the driver ends the
// sources that feed only that edge, and EndInput follows.
var ErrStop = errors.New("no more rows wanted")

// Tick moves a dataflow over (From, To] of commit sequences.
type Tick struct {
	From, To log.CommitSeq
	Time     time.Time // commit time of To; zero where that is no longer known
	// Now is what now() is: Time or, if nobody reads To, that of a later version before which nobody reads.
	Now time.Time
	// Once: the dataflow runs this one tick and ends; operators may then choose cheaper ways
	// (no state kept for later ticks).
	Once bool
	// Hold: this is a part of the first tick, and others follow. An operator may keep back what it would
	// put out at its end, if the next part would replace it. Due: this is the last part, in which no
	// source gives anything; what was kept back is due.
	Hold, Due bool
}

// Progress of an edge at the end of a tick.
type Progress struct {
	// Watermark in microseconds since 2000-01-01: no later row is on time before it.
	// NoWatermark when the edge has none yet.
	Watermark int64
	// Done: no row will ever come again.
	Done bool
}

// NoWatermark is before every time.
const NoWatermark = -1 << 63

// Next is what an operator answers at the end of a tick.
type Next struct {
	More bool      // call EndTick again: there is more to emit
	Wake time.Time // what it gave changes then, though nothing comes in; zero = it does not
	Out  Progress  // of the operator's output edge; meaningful once More is false
}

// Out takes an operator's output. The batch is borrowed until Emit returns.
type Out interface {
	Emit(d *delta.Batch) error
}

// Operator is one step of a dataflow, driven by calls from one goroutine. It never calls its
// neighbours except through Out, starts no goroutine and owns no state that must survive a
// tick other than what it opened from Env.
//
// Life: Open, then for every tick, per port in order: Push*, EndInput; after the last port
// EndTick until More is false. Open again resets it for the next one-shot run.
type Operator interface {
	Open(env Env) error
	Push(ctx context.Context, port int, in *delta.Batch, out Out) error
	EndInput(ctx context.Context, port int, p Progress, out Out) error
	EndTick(ctx context.Context, t Tick, out Out) (Next, error)
	Close() error
}

// Timed is an operator that is told of a tick before any of its rows come.
type Timed interface {
	BeginTick(t Tick)
}

// Waker is a source whose progress moves as time passes.
type Waker interface {
	// Wake is when it next does, as of the last tick; zero = it does not.
	Wake() time.Time
}

// Spiller is an operator that puts rows into temporary runs when a one-shot run has no memory for
// them. The work memory of a run is divided among those there are.
type Spiller interface{ Spills() bool }

// Source is a leaf: the driver pulls it. Begin sets the range of a tick; Next fills dst with
// borrowed rows until more is false.
type Source interface {
	Open(env Env) error
	Begin(ctx context.Context, t Tick) error
	Next(ctx context.Context, dst *delta.Batch) (more bool, err error)
	Progress() Progress
	Close() error
}

// Parted is a source of one of several shards: it reads some parts of a leaf's rows, the others read the
// rest. A Next reads one part only, and each part has a Next, though perhaps without rows.
type Parted interface {
	Source
	// Part is the part that the last Next read: its place in the order of all that the shards read.
	Part() int64
}

// Narrower is a source that can leave out rows for which a condition over them is not true. Narrow is called before Open,
// by who has it evaluated for the rows that come.
type Narrower interface {
	Source
	Narrow(cond plan.Expr)
}

// BlockReader is a source that tells how many blocks it has read, and how many it could pass by.
type BlockReader interface {
	Blocks() (read, skipped int64)
}

// GroupsOut takes groups beside rows: what is put together before an exchange.
type GroupsOut interface {
	Out
	// EmitGroups takes rows of an aggregation's keys and of its cells, dense. Borrowed as by Emit.
	EmitGroups(d *delta.Batch) error
}

// Combiner is an operator that takes such groups beside rows.
type Combiner interface {
	Combine(ctx context.Context, groups *delta.Batch, out Out) error
}

// Scanner is a source whose first tick reads a relation as it stands at the tick's end, and which can do
// that in parts.
type Scanner interface {
	Source
	// Size is about how many rows there are at t.To.
	Size(t Tick) (int64, error)
	// BeginPart begins the next part of the scan. Next ends it, with more false, at the end of the
	// relation, after as many rows as `most`, or where enough, asked with how many rows the part has
	// given, says so.
	BeginPart(ctx context.Context, t Tick, most int64, enough func(rows int64) bool) error
	// Place is the last row of the parts so far, nil when there is none, and whether nothing is left
	// behind it. Resume has the next part begin there.
	Place() (last []delta.Column, whole bool)
	Resume(last []delta.Column)
}

// LogReader is a source that reads the changes of the log in a tick's range.
type LogReader interface {
	Source
	ReadsLog()
}

// Divisible is a source that several goroutines can read together from some place of a tick's range on.
type Divisible interface {
	Source
	// Divide asks, between two calls of Next, whether what is left of the range can be read in parts. From true
	// on NextPart takes the place of Next, and EndParts that of the last one.
	Divide() bool
	// NextPart gives the next part, of about so many bytes as they lie in the log, nil after the last. It belongs to who
	// asked; old, if not nil, is one that is needed no more.
	NextPart(ctx context.Context, bytes int, old Part) (Part, error)
	// EndParts ends the range. All parts were judged, and nobody reads any.
	EndParts() error
	// NewPartReader makes a reader for a goroutine of its own. REQUIRES: the source is open.
	NewPartReader() (PartReader, error)
}

// Part is some of what a Divisible reads, that nobody has decoded yet.
type Part any

// PartReader makes rows of parts.
//
//	Begin(part), then until Fill says that the part is whole: Fill, Judge, Next until false
type PartReader interface {
	// Begin turns to a part, which is borrowed until it was filled whole.
	Begin(p Part)
	// Fill decodes the next rows of the part: all if whole, else as many as may be held at once.
	Fill(ctx context.Context, breathe func() error) (whole bool, err error)
	// Judge follows each Fill. Where Judged says so, the source keeps account of event time in it: then it is called
	// for all parts in their order, by one goroutine at a time.
	Judged() bool
	Judge() error
	// Next gives the next of the rows, borrowed until the next call; false when there are no more.
	Next(dst *delta.Batch) bool
	Close()
}

// Env is what a dataflow gives its operators. State is named within the operator; the runtime
// adds the operator's place in the plan, checkpoints all of it and restores it before Open.
// In a one-shot run state is scratch.
type Env interface {
	// Once is true for a one-shot run (SELECT): state lives for one tick only.
	Once() bool
	Settings() *plan.Settings
	// Params are the statement's $1…, one constant column each.
	Params() []delta.Column
	// Meter bounds the work: Breathe stands in every loop that may run long, and expressions
	// charge it. It may be nil.
	Meter() *meter.Meter
	// Account charges memory before it is used; negative gives it back. Over the budget: 53200.
	Account(bytes int64) error
	// WorkMemory is about how many bytes the operator may hold in a one-shot run before it puts rows
	// into temporary runs; 0 = any number, and there are no runs.
	WorkMemory() int64
	// NewRun begins a temporary run of rows of these types, in blocks of room bytes.
	NewRun(types []sqltype.OID, room int) *temprun.Writer
	// Held is the bytes that are charged for the operator now, its states among them; it is known
	// where there is a limit to WorkMemory.
	Held() int64
	Flat(name string, key []sqltype.OID, cells []state.CellType) (state.Flat, error)
	// Groups opens flat state that may go on past memory, in the order of key column lead.
	Groups(name string, key []sqltype.OID, cells []state.CellType, lead int) (*state.Groups, error)
	// Arrangement opens an arrangement of rows by the columns key; order is of rows with equal
	// keys.
	Arrangement(name string, row []sqltype.OID, key []int, order ...state.Order) (state.Arrangement, error)
	// Late tells of a row that an ON WINDOW CLOSE operator left out because every window it belongs
	// to had been closed by the watermark made by the commits before its own, or because it had no
	// finite time; and of a row that a source kept but did not move the watermark by. from is the
	// record behind the row, nil where it is not known to be one.
	Late(weight int64, from *delta.Origin, why LateReason) error
}

// LateReason says why ON WINDOW CLOSE left a row out: the reason text of error relations.
type LateReason string

const (
	ReasonLate   LateReason = "late"
	ReasonNoTime LateReason = "no_time"
	// ReasonAhead: late in the other direction. The record is kept by everybody, but does not move
	// the watermark.
	ReasonAhead LateReason = "ahead"
)

// FiniteTime reports whether a timestamp can be an event time: infinity and -infinity cannot.
func FiniteTime(micros int64) bool { return micros != math.MaxInt64 && micros != math.MinInt64 }
