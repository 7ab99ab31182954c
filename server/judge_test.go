package server

import (
	"errors"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// TestJudge: what each state of metadata and store means, without any of them.
func TestJudge(t *testing.T) {
	own := func(change func(f *findings)) *findings {
		f := &findings{
			metaPath: "dir/meta", storeURL: "file://dir/objects", extent: meta.Extent{Exists: true, Floor: 1, Last: 40},
			identity: identity{cluster: "C", meta: "M"}, cluster: "C", writerETag: "e", writerKnown: true, others: true,
			writer: objstore.WriterInfo{Cluster: "C", Meta: "M", Instance: "I", Last: 40},
		}
		if change != nil {
			change(f)
		}
		return f
	}
	lost := errors.New("MANIFEST-000009 is missing")
	for _, tt := range []struct {
		name             string
		f                *findings
		accept, takeOver string
		want             string // of the refusal; "" = it starts
		begins           uint32 // timeline
		kept             uint64
	}{
		{name: "nothing at all", f: &findings{}},
		{name: "a store with a cluster.json alone", f: &findings{cluster: "C"}},
		{name: "new metadata, used store", f: own(func(f *findings) { f.extent, f.identity = meta.Extent{}, identity{} }), want: "--take-over M"},
		{name: "new metadata takes over", f: own(func(f *findings) { f.extent, f.identity = meta.Extent{}, identity{} }), takeOver: "M", begins: 2},
		{name: "new metadata, store without a readable writer", f: own(func(f *findings) {
			f.extent, f.identity, f.writer, f.writerKnown = meta.Extent{}, identity{}, objstore.WriterInfo{}, false
		}), want: "--take-over C"},
		{name: "as it was left", f: own(nil)},
		{name: "no writer.json", f: own(func(f *findings) { f.writer, f.writerKnown, f.writerETag = objstore.WriterInfo{}, false, "" })},
		{name: "no cluster.json", f: own(func(f *findings) { f.cluster = "" })},
		{name: "cluster.json with a flipped bit", f: own(func(f *findings) { f.cluster = "D" })},
		{name: "another cluster", f: own(func(f *findings) { f.writer.Cluster, f.writer.Meta, f.cluster = "D", "N", "D" }), want: "of its own"},
		{name: "another cluster, whatever is agreed to", f: own(func(f *findings) { f.writer.Cluster, f.writer.Meta = "D", "N" }), takeOver: "N", want: "of its own"},
		{name: "an empty store", f: own(func(f *findings) {
			f.writer, f.writerKnown, f.writerETag, f.cluster, f.others = objstore.WriterInfo{}, false, "", "", false
		}), want: "is object_store right?"},
		{name: "other metadata", f: own(func(f *findings) { f.writer.Meta = "N" }), want: "--take-over N"},
		{name: "other metadata is taken over from", f: own(func(f *findings) { f.writer.Meta, f.writer.Last = "N", 900 }), takeOver: "N", begins: 2, kept: 40},
		{name: "a flag that is left", f: own(nil), takeOver: "N", want: "take_over N does not fit"},
		{name: "a flag that is left after a loss", f: own(nil), accept: "1:40", want: "accept_loss 1:40 does not fit"},
		{name: "more is proven", f: own(func(f *findings) { f.proofs = []proof{{"x", 1, 41}} }), want: "x proves commit 41 of timeline 1; restore what is missing, or go on with what commit 40 had with --accept-loss 1:40"},
		{name: "more is proven, and the loss accepted", f: own(func(f *findings) { f.proofs = []proof{{"x", 1, 41}} }), accept: "1:40", begins: 2, kept: 40},
		{name: "another loss is accepted", f: own(func(f *findings) { f.proofs = []proof{{"x", 1, 41}} }), accept: "1:39", want: "--accept-loss 1:40"},
		{name: "an older timeline proves nothing", f: own(func(f *findings) {
			f.identity.timelines = []log.Timeline{{Number: 2, Kept: 30}}
			f.writer.Timelines = f.identity.timelines
			f.proofs = []proof{{"x", 1, 99}}
		})},
		{name: "metadata of before a loss", f: own(func(f *findings) {
			f.writer.Timelines = []log.Timeline{{Number: 2, Kept: 30}}
			f.proofs = []proof{{"writer.json", 2, 20}}
		}), want: "of timeline 2"},
		{name: "damage with a snapshot", f: own(func(f *findings) {
			f.damage, f.extent, f.snapshot = lost, meta.Extent{}, foundSnapshot{true, 33, 30}
		}), want: "MANIFEST-000009 is missing; restore what is missing, or go on with what commit 33 had with --accept-loss 1:33"},
		{name: "damage that reads further than a snapshot", f: own(func(f *findings) {
			f.damage, f.extent, f.readable, f.snapshot = lost, meta.Extent{}, meta.Extent{Exists: true, Floor: 20, Last: 35}, foundSnapshot{true, 33, 30}
		}), want: "--accept-loss 1:35"},
		{name: "trimmed, no snapshot", f: own(func(f *findings) { f.extent.Floor = 20 }), want: "no whole snapshot"},
		{name: "trimmed, a snapshot fits", f: own(func(f *findings) { f.extent.Floor, f.snapshot = 20, foundSnapshot{true, 25, 20} })},
		{name: "trimmed above the snapshot", f: own(func(f *findings) { f.extent.Floor, f.snapshot = 27, foundSnapshot{true, 25, 20} }), want: "--accept-loss 1:25"},
	} {
		v, err := tt.f.judge(tt.accept, tt.takeOver)
		switch {
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case err == nil && (v.begin == nil) != (tt.begins == 0):
			t.Errorf("%s: begins %+v", tt.name, v.begin)
		case v.begin != nil && (v.begin.Number != tt.begins || v.begin.Kept != tt.kept):
			t.Errorf("%s: begins %+v, want %d from %d", tt.name, v.begin, tt.begins, tt.kept)
		}
	}
}
