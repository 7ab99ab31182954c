package keyed

import (
	"fmt"

	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/internal/delta"
)

// changelog reads {"op":"+I","data":{…}}: what a sink with format changelog writes, and Flink's
// changelog-json.
type changelog struct {
	event *envelope
	rows  *decode.Decoder
	old   *decode.Decoder // of a row that goes only the key matters
}

func newChangelog(d *Decoder) (*changelog, error) {
	c := &changelog{}
	var err error
	if c.event, err = newEnvelope("op", "data"); err != nil {
		return nil, err
	}
	if c.rows, err = decode.New(decode.JSON, d.columns, all(len(d.columns)), decode.Options{}); err != nil {
		return nil, err
	}
	c.old, err = decode.New(decode.JSON, d.keys.columns, all(len(d.keys.columns)), decode.Options{})
	return c, err
}

// read takes +I (insert), +U (the row after an update) and -D (delete). A -U, the row before an update,
// is passed over: the row after it follows, with the same primary key.
func (c *changelog) read(d *Decoder, key, value []byte, keys, row []*delta.Builder) (Change, *decode.Fault) {
	if value == nil {
		return d.goes(key, keys, nil)
	}
	if !c.event.read(value) {
		return d.goes(key, keys, &c.event.fault)
	}
	op, data := c.event.word(0), c.event.field(1)
	switch {
	case op != "+I" && op != "+U" && op != "-U" && op != "-D":
		return d.goes(key, keys, &decode.Fault{Reason: decode.Undecodable, Message: fmt.Sprintf("op %q of a change is not known", op)})
	case data == nil:
		return d.goes(key, keys, &decode.Fault{Reason: decode.Undecodable, Message: "the change has no data"})
	case op == "-U":
		return Change{}, nil
	case op == "-D":
		if f, ok := c.old.Decode(data, keys); !ok {
			return d.goes(key, keys, &f)
		}
		return Change{Goes: true}, nil
	}
	if f, ok := c.rows.Decode(data, row); !ok {
		return d.goes(key, keys, &f)
	}
	return Change{Comes: true}, nil
}
