package log

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tributary-db/tributary/storage/objstore"
)

// NamedObject is an object that the index names, and one of the runs in it.
type NamedObject struct {
	Key   string
	Size  int64
	Topic string
	Index int32 // partition
	// First and Next bound the offsets of the partition that lie in it.
	First, Next int64
	Partitions  int // with runs in it
}

// State is what a start of the log would find.
type State struct {
	Seq     CommitSeq
	Objects []NamedObject // by key
}

// Inspect restores the log's state as Open does, of what cfg says, and changes nothing.
func Inspect(ctx context.Context, cfg Config) (State, error) {
	cfg.Parts = []Part{anyCatalog{}}
	if err := cfg.check(); err != nil {
		return State{}, err
	}
	db := &DB{cfg: cfg, limits: cfg.Limits, clock: cfg.Clock}
	if err := db.restore(ctx); err != nil {
		return State{}, err
	}
	byKey := map[string]*NamedObject{}
	for _, t := range db.mu.fold.topics {
		for index, p := range t.partitions {
			last := ""
			for i := range p.runs {
				r := &p.runs[i]
				if r.block.key == "" {
					continue
				}
				n := byKey[r.block.key]
				if n == nil {
					n = &NamedObject{Key: r.block.key, Size: r.block.size, Topic: t.Name, Index: int32(index), First: r.base}
					byKey[r.block.key] = n
				}
				if n.Topic == t.Name && n.Index == int32(index) {
					n.Next = r.next()
				}
				if last != r.block.key {
					n.Partitions++
					last = r.block.key
				}
			}
		}
	}
	s := State{Seq: db.mu.fold.seq}
	for _, n := range byKey {
		s.Objects = append(s.Objects, *n)
	}
	slices.SortFunc(s.Objects, func(a, b NamedObject) int { return strings.Compare(a.Key, b.Key) })
	return s, nil
}

func (n NamedObject) String() string {
	s := fmt.Sprintf("%s (%s/%d, offsets %d to %d", n.Key, n.Topic, n.Index, n.First, n.Next-1)
	if n.Partitions > 1 {
		s += fmt.Sprintf(", and %d more partitions", n.Partitions-1)
	}
	return s + ")"
}

// anyCatalog takes the catalog's changes for true and keeps nothing.
type anyCatalog struct{}

func (anyCatalog) Name() string                    { return partOfCatalog }
func (anyCatalog) Check(Condition, []Change) error { return nil }
func (anyCatalog) Apply(CommitSeq, Change) error   { return nil }
func (anyCatalog) Save() func(io.Writer) error     { return func(io.Writer) error { return nil } }
func (anyCatalog) Load(io.Reader) error            { return nil }

// RecordTime is the commit time of an encoded commit record.
func RecordTime(record []byte) (time.Time, error) {
	r, err := decodeRecord(record)
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(r.TimeMillis), nil
}

// UsableSnapshots are the keys of snapshots that a start on these timelines may use, newest first.
func UsableSnapshots(ctx context.Context, objects objstore.Store, timelines []Timeline) ([]string, error) {
	names, err := usableSnapshots(ctx, objects, timelines)
	keys := make([]string, len(names))
	for i, n := range names {
		keys[i] = n.key
	}
	return keys, err
}
