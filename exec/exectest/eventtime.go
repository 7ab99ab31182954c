package exectest

import "github.com/tributary-db/tributary/exec"

// Instant is a record with an event time.
type Instant struct {
	Partition int32
	At        int64
}

// Commit is the records of one commit, and when it was made; times are microseconds.
type Commit struct {
	Time    int64
	Records []Instant
}

// EventTime is the rule of a stream's watermark as it is written down (docs/decisions), slowly:
// sources are held against it.
type EventTime struct {
	Now int64 // the watermark

	delay, idle, jump int64
	partitions        int
	awake             bool
	wake, last        int64 // commit times of the awakening and of the last record
	largest, heard    map[int32]int64
	high, raised      int64 // largest time of all, and the commit time at which it came
}

// NewEventTime makes the rule of a stream of so many partitions; jump 0 is no limit.
func NewEventTime(delay, idle, jump int64, partitions int) *EventTime {
	return &EventTime{
		Now: exec.NoWatermark, delay: delay, idle: idle, jump: jump, partitions: partitions,
		largest: map[int32]int64{}, heard: map[int32]int64{}, high: exec.NoWatermark,
	}
}

// Grow gives the topic more partitions, before the next commit.
func (m *EventTime) Grow(partitions int) { m.partitions = partitions }

// Pass says that it is so late, and that nothing has come behind what was taken: idle partitions hold no longer, but for those
// that spoke last.
func (m *EventTime) Pass(now int64) {
	if !m.awake || now < m.wake+m.idle {
		return
	}
	low, any := int64(0), false
	for p, at := range m.largest {
		if m.heard[p] != m.last && m.isIdle(p, now) {
			continue
		}
		if !any || at < low {
			low, any = at, true
		}
	}
	m.Now = max(m.Now, low-m.delay)
}

// Take moves the watermark behind a commit and tells which of its records jump too far ahead. What the records are judged by is
// where Pass with its time has brought it.
func (m *EventTime) Take(c Commit) (ahead []bool) {
	m.Pass(c.Time)
	ahead, fresh := m.jumps(c)
	if len(fresh) == 0 {
		return ahead
	}
	if !m.awake || c.Time > m.last+m.idle {
		m.awake, m.wake = true, c.Time
	}
	m.last = c.Time
	for p, at := range fresh {
		if old, ok := m.largest[p]; !ok || at > old {
			m.largest[p] = at
		}
		m.heard[p] = c.Time
		if at > m.high {
			m.high, m.raised = at, c.Time
		}
	}
	low, any := int64(0), false
	for p := range int32(m.partitions) {
		if _, spoke := fresh[p]; !spoke && m.isIdle(p, c.Time) {
			continue
		}
		at, ok := m.largest[p]
		if !ok {
			return ahead // it holds, and nothing is known of it
		}
		if !any || at < low {
			low, any = at, true
		}
	}
	m.Now = max(m.Now, low-m.delay)
	return ahead
}

func (m *EventTime) isIdle(p int32, now int64) bool {
	quiet := m.wake
	if h, ok := m.heard[p]; ok {
		quiet = max(quiet, h)
	}
	return now >= quiet+m.idle
}

// jumps judges the records of a commit, and gives the largest good time of each partition in it.
func (m *EventTime) jumps(c Commit) (ahead []bool, fresh map[int32]int64) {
	ahead, fresh = make([]bool, len(c.Records)), map[int32]int64{}
	for i, r := range c.Records {
		from, allowed := m.high, m.jump
		if m.high != exec.NoWatermark {
			allowed += c.Time - m.raised
		}
		before, ok := fresh[r.Partition]
		if ok {
			from = max(from, before)
		}
		if ahead[i] = m.jump > 0 && from != exec.NoWatermark && r.At > from+allowed; !ahead[i] && (!ok || r.At > before) {
			fresh[r.Partition] = r.At
		}
	}
	return ahead, fresh
}
