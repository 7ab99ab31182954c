package kafka

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// fill gives every field of a kmsg struct a random value: arrays of 0 to 3 elements, strings
// and bytes of 0 to 20.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[kmsg.Tags]() {
			if tags := v.Addr().Interface().(*kmsg.Tags); r.IntN(4) == 0 {
				tags.Set(100+r.Uint32N(100), make([]byte, r.IntN(10)))
			}
			return
		}
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Version" {
				fill(r, v.Field(i))
			}
		}
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.Slice:
		n := r.IntN(4)
		if v.Type().Elem().Kind() == reflect.Uint8 {
			n = r.IntN(20)
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(r, v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.String:
		b := make([]byte, r.IntN(20))
		for i := range b {
			b[i] = 'a' + byte(r.IntN(26))
		}
		v.SetString(string(b))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(r.Uint64()) >> (64 - 8*v.Type().Size()))
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(256)))
	}
}

// TestShapes: for every key and version, preflight of what kmsg writes ends exactly at its end,
// and no cut of it passes for whole.
func TestShapes(t *testing.T) {
	s := start(t, nil)
	r := rand.New(rand.NewPCG(1, 2))
	for _, a := range s.apis {
		if a == nil {
			continue
		}
		for version := a.min; version <= a.max; version++ {
			for range 100 {
				req := kmsg.RequestForKey(a.key)
				fill(r, reflect.ValueOf(req).Elem())
				req.SetVersion(version)
				body := req.AppendTo(nil)
				if a.flexible(version) != req.IsFlexible() {
					t.Fatalf("key %d version %d: flexible is %v", a.key, version, a.flexible(version))
				}
				w := walker{cursor: cursor{src: body, flexible: req.IsFlexible()}, version: version}
				w.fields(a.shape)
				w.tags()
				if w.bad || len(w.src) != 0 {
					t.Fatalf("key %d version %d: %d bytes left of %d, bad %v\n%+v", a.key, version, len(w.src), len(body), w.bad, req)
				}
				cut := body[:r.IntN(len(body)+1)]
				if _, err := a.shape.preflight(cut, version, req.IsFlexible()); len(cut) < len(body) && !errors.Is(err, errMalformed) {
					t.Fatalf("key %d version %d: %d bytes of %d pass", a.key, version, len(cut), len(body))
				}
			}
		}
	}
}

// TestPreflightCounts: counts and tagged fields that the bytes cannot hold are refused before
// anything is built; kmsg would loop over 2^32 tagged fields that are not there.
func TestPreflightCounts(t *testing.T) {
	metadata := parseShape("[{u:10- s}] 1:4- 1:8-10 1:8-")
	many := binary.AppendUvarint(nil, 1<<32-1)
	for name, body := range map[string][]byte{
		"elements":        many,
		"tagged fields":   append([]byte{1, 0, 0}, many...),
		"tag size":        append([]byte{1, 0, 0, 1, 7}, many...),
		"string":          append(append([]byte{2}, make([]byte, 16)...), many...),
		"uvarint too big": {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
	} {
		if _, err := metadata.preflight(body, 12, true); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	start := time.Now()
	body := append([]byte{0, 0, 0xff, 0xff}, make([]byte, 6<<16)...)
	if _, err := parseShape("[{s [s]}]").preflight(body, 0, false); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("walking 384 KiB took %v", d)
	}
}

// TestFetchEncoding: kmsg reads from every version what was written.
func TestFetchEncoding(t *testing.T) {
	f := &fetchRequest{topics: []fetchTopic{
		{name: "a", id: log.TopicID{1}, asked: 2}, {name: "quiet", id: log.TopicID{3}, asked: 1}, {name: "b", id: log.TopicID{2}, asked: 2},
	}, partitions: []fetchPartition{
		{topic: 0, index: 0, read: 0}, {topic: 0, index: 7, read: -1, code: 3},
		{topic: 1, index: 0, read: 1, quiet: true},
		{topic: 2, index: 1, read: 1, quiet: true}, {topic: 2, index: 2, read: 1},
	}}
	res := &log.FetchResult{Partitions: []log.PartitionData{
		{Ends: log.Ends{LogStart: 1, HighWatermark: 9, LastStableOffset: 8}, RecordBatches: []byte("records"), Aborted: []log.AbortedTxn{{ProducerID: 5, FirstOffset: 6}}},
		{Ends: log.Ends{LogStart: 0, HighWatermark: 4, LastStableOffset: 4}},
	}}
	for version := int16(4); version <= 18; version++ {
		var body []byte
		for _, p := range encodeFetch(version, 0, time.Second, f, res) {
			body = append(body, p...)
		}
		got := kmsg.NewPtrFetchResponse()
		got.Version = version
		if err := got.ReadFrom(body); err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		if again := got.AppendTo(nil); version >= 12 && len(again) != len(body) {
			t.Errorf("version %d: %d bytes, kmsg writes %d", version, len(body), len(again))
		}
		start := func(n int64) int64 {
			if version < 5 {
				return -1
			}
			return n
		}
		part := func(index int32, code int16, hw, lso, start int64, records string) kmsg.FetchResponseTopicPartition {
			p := kmsg.NewFetchResponseTopicPartition()
			p.Partition, p.ErrorCode, p.HighWatermark, p.LastStableOffset, p.LogStartOffset = index, code, hw, lso, start
			p.RecordBatches = []byte(records)
			return p
		}
		first := part(0, 0, 9, 8, start(1), "records")
		first.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 5, FirstOffset: 6}}
		want := []kmsg.FetchResponseTopic{
			{Topic: "a", TopicID: [16]byte{1}, Partitions: []kmsg.FetchResponseTopicPartition{first, part(7, 3, -1, -1, -1, "")}},
			{Topic: "b", TopicID: [16]byte{2}, Partitions: []kmsg.FetchResponseTopicPartition{part(2, 0, 4, 4, start(0), "")}},
		}
		for i := range want {
			if version >= 13 {
				want[i].Topic = ""
			} else {
				want[i].TopicID = [16]byte{}
			}
		}
		if d := cmp.Diff(want, got.Topics, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(kmsg.Tags{})); d != "" {
			t.Errorf("version %d: %s", version, d)
		}
	}
}
