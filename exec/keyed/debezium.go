package keyed

import (
	"fmt"

	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/internal/delta"
)

// debezium reads the change events of Debezium, with and without the schema beside the payload.
type debezium struct {
	event   *envelope // the members of the value, or of its payload
	payload *envelope
	rows    *decode.Decoder
	// old reads the key's columns of the row before.
	old *decode.Decoder
}

const (
	memberOp = iota
	memberBefore
	memberAfter
)

func newDebezium(d *Decoder) (*debezium, error) {
	z := &debezium{}
	var err error
	if z.event, err = newEnvelope("op", "before", "after"); err != nil {
		return nil, err
	}
	if z.payload, err = newEnvelope("schema", "payload", "op"); err != nil {
		return nil, err
	}
	if z.rows, err = decode.New(decode.JSON, d.columns, all(len(d.columns)), decode.Options{}); err != nil {
		return nil, err
	}
	z.old, err = decode.New(decode.JSON, d.keys.columns, all(len(d.keys.columns)), decode.Options{})
	return z, err
}

// read takes c (create), r (read, of a snapshot), u (update) and d (delete). What a tombstone, which
// follows a delete, says is done already, or is all that compaction has left of it.
func (z *debezium) read(d *Decoder, key, value []byte, keys, row []*delta.Builder) (Change, *decode.Fault) {
	if value == nil {
		change, _ := d.goes(key, keys, nil)
		return change, nil
	}
	if !z.payload.read(value) {
		return d.goes(key, keys, &z.payload.fault)
	}
	if z.payload.field(1) != nil && z.payload.field(2) == nil {
		value = z.payload.field(1)
	}
	if !z.event.read(value) {
		return d.goes(key, keys, &z.event.fault)
	}
	switch op := z.event.word(memberOp); op {
	case "c", "r", "u":
		return z.comes(d, key, keys, row)
	case "d":
		if before := z.event.field(memberBefore); before != nil {
			if _, ok := z.old.Decode(before, keys); ok {
				return Change{Goes: true}, nil
			}
		}
		return d.goes(key, keys, nil)
	case "":
		return d.goes(key, keys, &decode.Fault{Reason: decode.Undecodable, Message: "the event has no op"})
	default:
		return d.goes(key, keys, &decode.Fault{Reason: decode.Undecodable, Message: fmt.Sprintf("op %q of an event is not known", op)})
	}
}

// comes takes the row after a change. The row before has a key of its own where the change is one of
// the key.
func (z *debezium) comes(d *Decoder, key []byte, keys, row []*delta.Builder) (Change, *decode.Fault) {
	after := z.event.field(memberAfter)
	if after == nil {
		return d.goes(key, keys, &decode.Fault{Reason: decode.Undecodable, Message: "the event has no row after the change"})
	}
	if f, ok := z.rows.Decode(after, row); !ok {
		return d.goes(key, keys, &f)
	}
	before := z.event.field(memberBefore)
	if before == nil {
		return Change{Comes: true}, nil
	}
	_, known := z.old.Decode(before, keys) // a row before without its key has that of the row after
	return Change{Goes: known, Comes: true}, nil
}
