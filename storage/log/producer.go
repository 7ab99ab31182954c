package log

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

const (
	// producerRing is how many record batches of a producer are remembered for retries.
	producerRing = 5
	// producerExpiryMillis: a producer that wrote nothing for so long is forgotten. Commit
	// times decide, so that every fold forgets alike.
	producerExpiryMillis = 24 * 60 * 60 * 1000
	// forgetEveryMillis of commit time the expired ones are looked for.
	forgetEveryMillis = 60 * 60 * 1000
)

// producerState is what a partition knows of one idempotent producer.
type producerState struct {
	epoch      int16
	count      uint8 // of ring
	lastMillis int64 // commit time of its last record batch
	ring       [producerRing]producedBatch
}

// producedBatch is one record batch of a producer; the newest is last in the ring.
type producedBatch struct {
	baseSequence, lastSequence int32
	offset                     int64
}

func (s *producerState) expired(nowMillis int64) bool {
	return nowMillis-s.lastMillis > producerExpiryMillis
}

// fresh tells that the partition has nothing of the epoch.
func (s *producerState) fresh(epoch int16, nowMillis int64) bool {
	return s.count == 0 || s.epoch != epoch || s.expired(nowMillis)
}

// check decides what to do with a record batch, as Kafka does: duplicate tells that it is one
// of the last five, offset is the first one's then. A producer without state may begin at
// any sequence.
func (s *producerState) check(epoch int16, base, last int32, nowMillis int64) (offset int64, duplicate bool, err error) {
	if s.count == 0 || s.expired(nowMillis) {
		return 0, false, nil
	}
	if epoch < s.epoch {
		return 0, false, fmt.Errorf("%w: %d, the producer's is %d", ErrInvalidEpoch, epoch, s.epoch)
	}
	if epoch > s.epoch {
		if base != 0 {
			return 0, false, fmt.Errorf("%w: a new epoch begins with %d", ErrOutOfOrderSequence, base)
		}
		return 0, false, nil
	}
	for _, b := range s.ring[:s.count] {
		if b.baseSequence == base && b.lastSequence == last {
			return b.offset, true, nil
		}
	}
	want := nextSequence(s.ring[s.count-1].lastSequence)
	if base != want {
		return 0, false, fmt.Errorf("%w: %d, expected %d", ErrOutOfOrderSequence, base, want)
	}
	return 0, false, nil
}

// nextSequence wraps after 2^31-1 to 0.
func nextSequence(last int32) int32 {
	if last == math.MaxInt32 {
		return 0
	}
	return last + 1
}

// add remembers an accepted record batch.
func (s *producerState) add(epoch int16, b producedBatch, nowMillis int64) {
	if epoch != s.epoch || s.expired(nowMillis) {
		s.count = 0
	}
	if s.count == producerRing {
		copy(s.ring[:], s.ring[1:])
		s.count--
	}
	s.ring[s.count] = b
	s.count++
	s.epoch, s.lastMillis = epoch, nowMillis
}

// addProducers remembers the producers of a run and returns how many are new to the partition.
func (part *partition) addProducers(f *fold, r *runPayload, nowMillis int64) (more int) {
	if len(r.Producers) > 0 {
		part.ownProducers(f)
	}
	for _, b := range r.Producers {
		s, known := part.producers[b.ProducerID]
		if !known {
			more++
		}
		s.add(b.Epoch, producedBatch{b.BaseSequence, b.LastSequence, r.Base + b.Relative}, nowMillis)
		part.producers[b.ProducerID] = s
	}
	return more
}

// ownProducers makes the map one that no image shares.
func (part *partition) ownProducers(f *fold) {
	switch {
	case part.producers == nil:
		part.producers = map[int64]producerState{}
	case part.owned != f.captures:
		part.producers = maps.Clone(part.producers)
	}
	part.owned = f.captures
}

// forgetProducers drops those that expired; it never changes what check answers.
func (f *fold) forgetProducers() {
	f.forgotMillis = f.timeMillis
	f.forgetProducersBefore(f.timeMillis - producerExpiryMillis)
}

func (f *fold) forgetProducersBefore(millis int64) {
	for _, t := range f.topics {
		for _, p := range t.partitions {
			for id, s := range p.producers {
				if s.lastMillis < millis {
					p.ownProducers(f)
					delete(p.producers, id)
					f.producers--
				}
			}
		}
	}
}

// boundProducers keeps the number of remembered producers in bounds: past the limit it forgets
// those that expired, and if that does not help, those that wrote longest ago, an eighth at once
// so that it is rarely done. Such a producer may go on, as one without state.
func (f *fold) boundProducers() {
	if f.maxProducers <= 0 || f.producers <= f.maxProducers {
		return
	}
	f.forgetProducers()
	keep := f.maxProducers - f.maxProducers/8
	if f.producers <= keep {
		return
	}
	last := make([]int64, 0, f.producers)
	for _, t := range f.topics {
		for _, p := range t.partitions {
			for _, s := range p.producers {
				last = append(last, s.lastMillis)
			}
		}
	}
	slices.Sort(last)
	before, oldest := f.producers, last[len(last)-keep]
	f.forgetProducersBefore(oldest)
	if f.producers > f.maxProducers { // many wrote last in that commit
		f.forgetProducersBefore(oldest + 1)
	}
	f.evicted += int64(before - f.producers)
}

// countProducers of a topic that goes.
func (t *topic) countProducers() (n int) {
	for _, p := range t.partitions {
		n += len(p.producers)
	}
	return n
}
