package recordbatch

import "fmt"

// RecordError names a record that a topic's rules refuse.
type RecordError struct {
	Index  int // 0-based place in the record batch
	Reason string
}

// CheckRecords walks the records of raw, which VerifyProduced has passed, and checks what only
// the records tell: that there are as many as the header says, with offsets 0, 1, 2, …,
// timestamps in rules and not above the header's maximum, keys where rules ask for them. Refused
// records come back with the error (ErrInvalidRecord or ErrInvalidTimestamp).
func CheckRecords(raw []byte, rules Rules) ([]RecordError, error) {
	var r Reader
	defer r.Release()
	if err := r.Reset(raw, rules.MaxDecodedBytes); err != nil {
		return nil, err
	}
	c := recordCheck{rules: &rules, header: r.Header()}
	for i := 0; r.Next(); i++ {
		c.check(i, r.Record())
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidRecord, err)
	}
	return c.refused, c.err
}

// maxRefused bounds what CheckRecords tells of refused records.
const maxRefused = 1000

type recordCheck struct {
	rules   *Rules
	header  *Header
	refused []RecordError
	err     error
}

func (c *recordCheck) check(i int, rec *Record) {
	if int(rec.OffsetDelta) != i {
		c.refuse(i, fmt.Errorf("%w: offset delta %d at place %d", ErrInvalidRecord, rec.OffsetDelta, i))
		return
	}
	if c.rules.RequireKeys && rec.Key == nil {
		c.refuse(i, fmt.Errorf("%w: a compacted topic takes no record without a key", ErrInvalidRecord))
		return
	}
	if c.rules.LogAppendTime {
		return
	}
	if rec.Timestamp > c.header.MaxTimestamp {
		c.refuse(i, fmt.Errorf("%w: %d is above the record batch's maximum", ErrInvalidTimestamp, rec.Timestamp))
		return
	}
	if err := checkTimestamp(rec.Timestamp, c.rules); err != nil {
		c.refuse(i, err)
	}
}

func (c *recordCheck) refuse(i int, err error) {
	if c.err == nil {
		c.err = err
	}
	// A decompression bomb has millions of records; who reads the answer needs a few.
	if len(c.refused) < maxRefused {
		c.refused = append(c.refused, RecordError{Index: i, Reason: err.Error()})
	}
}
