package recordbatch

// Summary says what some record batches that follow each other hold, as an index keeps it. Offsets
// in it count from the first of them. Begin with [NoSummary].
type Summary struct {
	RecordBatches int
	Records       int64
	Bytes         int64
	// Span is how many offsets they take: of the last one's, plus one.
	Span int64
	// MinTimestamp is the earliest base timestamp (where that is none but a delete horizon, it does not
	// count), MaxTimestamp the latest of all and
	// MaxTimestampOffset where its record batch begins. NoTimestamp = none has one.
	MinTimestamp, MaxTimestamp, MaxTimestampOffset int64
}

// NoSummary is that of nothing.
var NoSummary = Summary{MinTimestamp: NoTimestamp, MaxTimestamp: NoTimestamp}

// Add takes in the record batch that begins at offset relative, which is at or past Span.
func (s *Summary) Add(h *Header, relative int64) {
	if _, horizon := h.Horizon(); !horizon && h.BaseTimestamp >= 0 && (s.MinTimestamp < 0 || h.BaseTimestamp < s.MinTimestamp) {
		s.MinTimestamp = h.BaseTimestamp
	}
	if h.MaxTimestamp > s.MaxTimestamp {
		s.MaxTimestamp, s.MaxTimestampOffset = h.MaxTimestamp, relative
	}
	s.RecordBatches++
	s.Records += int64(h.RecordCount)
	s.Bytes += int64(h.Size())
	s.Span = relative + int64(h.LastOffsetDelta) + 1
}
