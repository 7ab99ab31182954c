package recordbatch

import "fmt"

// RecordError names a record that a topic's rules refuse.
type RecordError struct {
	Index  int // 0-based place in the record batch
	Reason string
}

// CheckRecords walks the records of raw, which VerifyProduced has passed, and checks what only
// the records tell: that there are as many as the header says, with offsets 0, 1, 2, …,
// timestamps in rules, keys where rules ask for them. Refused records come back with the error
// (ErrInvalidRecord or ErrInvalidTimestamp).
//
// A maximum timestamp in the header that is not the records' is put right in raw, with the
// CRC32C, as Kafka does it: some producers send a wrong one, and look-ups by time rely on it. So
// raw must not be shared with readers.
func CheckRecords(raw []byte, rules Rules) ([]RecordError, error) {
	var r Reader
	defer r.Release()
	if err := r.Reset(raw, rules.MaxDecodedBytes); err != nil {
		return nil, err
	}
	c := recordCheck{rules: &rules, maxTimestamp: NoTimestamp}
	for i := 0; r.Next(); i++ {
		c.check(i, r.Record())
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidRecord, err)
	}
	if c.err == nil && c.maxTimestamp != r.Header().MaxTimestamp && !rules.LogAppendTime {
		setMaxTimestamp(raw, c.maxTimestamp)
	}
	return c.refused, c.err
}

// maxRefused bounds what CheckRecords tells of refused records.
const maxRefused = 1000

type recordCheck struct {
	rules        *Rules
	maxTimestamp int64
	refused      []RecordError
	err          error
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
	c.maxTimestamp = max(c.maxTimestamp, rec.Timestamp)
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
