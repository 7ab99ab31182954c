package rpc

import (
	"math/rand/v2"
	"sync"

	"github.com/tributary-db/tributary/storage/log"
)

// murmur2 is the hash of Kafka's Java client, with its seed.
func murmur2(key []byte) uint32 {
	const seed, m, r = 0x9747b28c, 0x5bd1e995, 24
	h := uint32(seed) ^ uint32(len(key))
	for len(key) >= 4 {
		k := uint32(key[0]) | uint32(key[1])<<8 | uint32(key[2])<<16 | uint32(key[3])<<24
		k *= m
		k ^= k >> r
		k *= m
		h = h*m ^ k
		key = key[4:]
	}
	switch len(key) {
	case 3:
		h ^= uint32(key[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(key[1]) << 8
		fallthrough
	case 1:
		h ^= uint32(key[0])
		h *= m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}

// partitionOf is where Kafka's Java client puts a key.
func partitionOf(key []byte, partitions int32) int32 {
	return int32(murmur2(key)&0x7fffffff) % partitions
}

// turns gives the records of a topic that have no key to its partitions in turn.
type turns struct {
	mu   sync.Mutex
	next map[log.TopicID]uint32
}

// maxTurns bounds the topics that are remembered; past it all begin anew.
const maxTurns = 10_000

func (t *turns) take(id log.TopicID, partitions int32) int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, ok := t.next[id]
	if !ok {
		if t.next == nil || len(t.next) >= maxTurns {
			t.next = map[log.TopicID]uint32{}
		}
		n = rand.Uint32()
	}
	t.next[id] = n + 1
	return int32(n % uint32(partitions))
}
