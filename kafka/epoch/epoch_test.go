package epoch_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/kafka/epoch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

func at(topic byte, index int32) log.Partition {
	return log.Partition{Topic: log.TopicID{topic}, Index: index}
}

// TestEpochs: what is asked of a partition that saw two losses, of one that is younger than the first, and of
// one that is younger than both.
func TestEpochs(t *testing.T) {
	old, younger, youngest := at(1, 0), at(2, 0), at(3, 0)
	e := epoch.New([]epoch.Row{{old: 10}, {old: 15, younger: 3}})
	if e.Current() != 2 {
		t.Fatal(e.Current())
	}
	for _, c := range []struct {
		p      log.Partition
		offset int64
		want   int32
	}{{old, 0, 0}, {old, 9, 0}, {old, 10, 1}, {old, 14, 1}, {old, 15, 2}, {old, 99, 2}, {younger, 2, 1}, {younger, 3, 2}, {youngest, 0, 2}} {
		if got := e.At(c.p, c.offset); got != c.want {
			t.Errorf("%v: offset %d has epoch %d, want %d", c.p, c.offset, got, c.want)
		}
	}
	for _, c := range []struct {
		p     log.Partition
		epoch int32
		found int32
		end   int64
	}{
		{old, 0, 0, 10}, {old, 1, 1, 15}, {old, 2, 2, epoch.Open}, {old, 3, -1, -1}, {old, -1, -1, -1},
		{younger, 0, 0, 0}, {younger, 1, 1, 3}, {younger, 2, 2, epoch.Open}, {youngest, 1, 1, 0}, {youngest, 2, 2, epoch.Open},
	} {
		if found, end := e.End(c.p, c.epoch); found != c.found || end != c.end {
			t.Errorf("%v: epoch %d ends as (%d, %d), want (%d, %d)", c.p, c.epoch, found, end, c.found, c.end)
		}
	}
	// A loss took all of an epoch away.
	e = epoch.New([]epoch.Row{{old: 15}, {old: 12}})
	if found, end := e.End(old, 1); found != 0 || end != 12 || e.At(old, 12) != 2 {
		t.Errorf("(%d, %d)", found, end)
	}
	// What was lost before such rows were written belongs to the epoch that clients saw.
	e = epoch.New([]epoch.Row{nil, {old: 15}})
	if got := e.At(old, 14); got != 0 {
		t.Errorf("epoch %d", got)
	}
	if none := new(epoch.Epochs); none.At(old, 7) != 0 {
		t.Error("the first timeline is epoch 0")
	}
}

func TestPatch(t *testing.T) {
	p := at(1, 0)
	b := recordbatch.NewBuilder(1 << 20)
	var all []byte
	for _, offset := range []int64{8, 9, 10, 11} {
		if err := b.Add(nil, []byte("x"), nil, 0); err != nil {
			t.Fatal(err)
		}
		one := b.AppendTo(nil)
		recordbatch.Patch(one, offset, 0)
		all = append(all, one...)
	}
	epoch.New([]epoch.Row{{p: 10}}).Patch(p, all)
	var got []int32
	for rest := all; len(rest) > 0; {
		h, raw, _, err := recordbatch.Next(rest)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, h.PartitionLeaderEpoch)
		rest = rest[len(raw):]
	}
	if want := []int32{0, 0, 1, 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("epochs %v", got)
	}
}

func TestRow(t *testing.T) {
	r := epoch.Row{at(1, 0): 10, at(1, 1): 0, at(9, 7): 1 << 50}
	b := r.AppendTo(nil)
	back, err := epoch.Decode(b)
	if err != nil || !reflect.DeepEqual(r, back) {
		t.Fatal(back, err)
	}
	for i := range b {
		bad := append([]byte(nil), b...)
		bad[i] ^= 1 << rand.IntN(8)
		if _, err := epoch.Decode(bad); !errors.Is(err, meta.ErrCorrupt) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(epoch.Row{at(1, 0): 10}.AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = epoch.Decode(b) })
}
