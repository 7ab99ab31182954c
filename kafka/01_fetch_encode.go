package kafka

import (
	"encoding/binary"
	"time"

	"github.com/tributary-db/tributary/storage/log"
)

// fetchEncoder writes a Fetch answer as pieces: what it writes itself, and between that the
// record batches as the log gave them, which are not copied.
type fetchEncoder struct {
	dst      []byte
	cuts     []fetchCut
	version  int16
	flexible bool
}

// fetchCut puts records behind dst[:at].
type fetchCut struct {
	at      int
	records []byte
}

// encodeFetch is the whole answer behind the response header. f is nil with a code for the request as a whole.
func encodeFetch(version, code int16, wait time.Duration, f *fetchRequest, res *log.FetchResult) [][]byte {
	e := fetchEncoder{version: version, flexible: version >= 12}
	if f == nil {
		f = &fetchRequest{}
	}
	e.int32(throttleMillis(wait))
	if version >= 7 {
		e.int16(code)
		e.int32(f.session.answered)
	}
	told := make([]int, len(f.topics)) // partitions of each topic
	topics := 0
	for i := range f.partitions {
		if p := &f.partitions[i]; !p.quiet {
			if told[p.topic]++; told[p.topic] == 1 {
				topics++
			}
		}
	}
	e.count(topics)
	for at := f.partitions; len(at) > 0; {
		n := f.topics[at[0].topic].asked
		if told[at[0].topic] > 0 {
			e.topic(&f.topics[at[0].topic], told[at[0].topic], at[:n], res)
		}
		at = at[n:]
	}
	e.tags()
	return e.parts()
}

func (e *fetchEncoder) topic(t *fetchTopic, told int, partitions []fetchPartition, res *log.FetchResult) {
	if e.version >= fetchTopicIDs {
		e.dst = append(e.dst, t.id[:]...)
	} else {
		e.string(t.name)
	}
	e.count(told)
	for i := range partitions {
		if p := &partitions[i]; !p.quiet {
			data, code := p.found(res)
			e.partition(p.index, code, data, p.diverging)
		}
	}
	e.tags()
}

// nothingFound is what is told of a partition that is not there.
var nothingFound = log.PartitionData{Ends: log.Ends{LogStart: -1, HighWatermark: -1, LastStableOffset: -1}}

// found is what there is of a partition.
func (p *fetchPartition) found(res *log.FetchResult) (*log.PartitionData, int16) {
	if p.read < 0 {
		return &nothingFound, p.code
	}
	return &res.Partitions[p.read], fetchCode(res.Partitions[p.read].Err)
}

// fetchCode maps an error of one partition. A client must never meet what it does not expect
// here, so whatever is not about the partition is a storage error, which it retries.
func fetchCode(err error) int16 {
	if err == nil {
		return 0
	}
	if code := codeOf(err); code > 0 {
		return code
	}
	return codeOf(log.ErrUnavailable)
}

func (e *fetchEncoder) partition(index int32, code int16, d *log.PartitionData, parted *divergence) {
	e.int32(index)
	e.int16(code)
	e.int64(d.HighWatermark)
	e.int64(d.LastStableOffset)
	if e.version >= 5 {
		e.int64(d.LogStart)
	}
	e.count(len(d.Aborted))
	for _, a := range d.Aborted {
		e.int64(a.ProducerID)
		e.int64(a.FirstOffset)
		e.tags()
	}
	if e.version >= 11 {
		e.int32(-1) // no other replica is nearer
	}
	if parted == nil {
		e.records(d.RecordBatches)
		e.tags()
		return
	}
	e.records(nil)
	e.dst = append(e.dst, 1, 0, 13) // one tag, the first, of 13 bytes
	e.int32(parted.epoch)
	e.int64(parted.end)
	e.tags()
}

func (e *fetchEncoder) records(b []byte) {
	if e.flexible {
		e.dst = binary.AppendUvarint(e.dst, uint64(len(b))+1)
	} else {
		e.int32(int32(len(b)))
	}
	if len(b) > 0 {
		e.cuts = append(e.cuts, fetchCut{at: len(e.dst), records: b})
	}
}

func (e *fetchEncoder) parts() [][]byte {
	parts := make([][]byte, 0, 2*len(e.cuts)+1)
	from := 0
	for _, c := range e.cuts {
		parts = append(parts, e.dst[from:c.at], c.records)
		from = c.at
	}
	return append(parts, e.dst[from:])
}

func (e *fetchEncoder) int16(v int16) { e.dst = binary.BigEndian.AppendUint16(e.dst, uint16(v)) }
func (e *fetchEncoder) int32(v int32) { e.dst = binary.BigEndian.AppendUint32(e.dst, uint32(v)) }
func (e *fetchEncoder) int64(v int64) { e.dst = binary.BigEndian.AppendUint64(e.dst, uint64(v)) }

func (e *fetchEncoder) count(n int) {
	if e.flexible {
		e.dst = binary.AppendUvarint(e.dst, uint64(n)+1)
	} else {
		e.int32(int32(n))
	}
}

func (e *fetchEncoder) string(s string) {
	if e.flexible {
		e.dst = binary.AppendUvarint(e.dst, uint64(len(s))+1)
	} else {
		e.int16(int16(len(s)))
	}
	e.dst = append(e.dst, s...)
}

func (e *fetchEncoder) tags() {
	if e.flexible {
		e.dst = append(e.dst, 0)
	}
}
