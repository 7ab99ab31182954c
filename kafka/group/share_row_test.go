package group

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

var update = flag.Bool("update", false, "write the golden files")

// golden holds bytes to the file of this name, in hexadecimal.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(hex.Dump(got)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != hex.Dump(got) {
		t.Errorf("%s is now\n%s", name, hex.Dump(got))
	}
}

func sampleShares() *shares {
	rack := "r1"
	s := newShares(&group{})
	s.epoch = 7
	tp := TopicPartition{Topic: log.TopicID{1, 2}, Index: 3}
	s.members["m1"] = &shareMember{id: "m1", rack: &rack, clientID: "c", host: "/127.0.0.1", epoch: 7, previous: 6, subscribed: []string{"a", "b"}, assigned: []TopicPartition{tp}}
	s.members["m2"] = &shareMember{id: "m2", epoch: 6, previous: 5, subscribed: []string{"a"}}
	return s
}

func sampleShare() *sharePartition {
	return &sharePartition{start: 10, end: 25, runs: []shareRun{
		{first: 10, last: 11, state: shareAvailable, count: 2},
		{first: 12, last: 14, state: shareAcquired, count: 1, owner: "m1", until: time.Unix(9, 0)},
		{first: 15, last: 24, state: shareDone},
	}}
}

func sampleConfigs() map[string]string {
	return map[string]string{shareReset: "earliest", shareLock: "15000"}
}

// TestShareRowsGolden: rows of share groups are written as they always were, and read back.
func TestShareRowsGolden(t *testing.T) {
	s := sampleShares()
	row := appendShares(nil, s)
	golden(t, "shares.golden", row)
	var back group
	if err := decodeGroup(row, &back); err != nil {
		t.Fatal(err)
	}
	if back.shares.epoch != s.epoch || !reflect.DeepEqual(back.shares.members, s.members) {
		t.Errorf("%+v came back as %+v", s.members, back.shares.members)
	}
	row = appendShare(nil, sampleShare())
	golden(t, "share.golden", row)
	p, err := decodeShare(row)
	if err != nil {
		t.Fatal(err)
	}
	// What a member had is to be delivered again: nobody has it after a restart.
	want := sharePartition{start: 10, end: 25, runs: []shareRun{
		{first: 10, last: 11, state: shareAvailable, count: 2}, {first: 12, last: 14, state: shareAvailable, count: 1}, {first: 15, last: 24, state: shareDone}}}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("%+v came back, want %+v", p, want)
	}
	row = appendConfigs(nil, sampleConfigs())
	golden(t, "shareconfigs.golden", row)
	set, err := decodeConfigs(row)
	if err != nil || !reflect.DeepEqual(set, sampleConfigs()) {
		t.Errorf("%v, %v", set, err)
	}
}

// FuzzShareRows: what is stored of share groups is refused as corrupt or read, and then written as it was read.
func FuzzShareRows(f *testing.F) {
	for _, row := range [][]byte{appendShares(nil, sampleShares()), appendShare(nil, sampleShare()), appendConfigs(nil, sampleConfigs())} {
		f.Add(row[:len(row)-4])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		row := appendSum(bytes.Clone(body)) // a wrong checksum is refused before anything is read
		if p, err := decodeShare(row); err == nil {
			for i := range p.runs {
				if r := &p.runs[i]; r.first > r.last || i == 0 && r.first != p.start || i > 0 && r.first != p.runs[i-1].last+1 || i == len(p.runs)-1 && r.last != p.end-1 {
					t.Fatalf("run %d of %+v", i, p)
				}
			}
			again, err := decodeShare(appendShare(nil, &p))
			if err != nil || again.start != p.start || again.end != p.end || !slices.Equal(again.runs, p.runs) {
				t.Fatalf("%+v is read back as %+v, %v", p, again, err)
			}
		} else if !errors.Is(err, meta.ErrCorrupt) {
			t.Fatal(err)
		}
		if set, err := decodeConfigs(row); err == nil {
			if again, err := decodeConfigs(appendConfigs(nil, set)); err != nil || !reflect.DeepEqual(again, set) {
				t.Fatalf("%v is read back as %v, %v", set, again, err)
			}
		} else if !errors.Is(err, meta.ErrCorrupt) {
			t.Fatal(err)
		}
		g := NewMachine(testLimits(), func() string { return "" }).add("g")
		if err := decodeGroup(row, g); err != nil && !errors.Is(err, meta.ErrCorrupt) {
			t.Fatal(err)
		}
		if g.shares != nil {
			appendShares(nil, g.shares)
		}
	})
}
