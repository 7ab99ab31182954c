package server

import (
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

// verdict is what a start may do with what it found.
type verdict struct {
	// loss is what is given up, nil = nothing.
	loss *loss
	// begin is a timeline that has to be added, nil = none.
	begin *log.Timeline
}

// loss is a state to go on from: the newest one that still exists.
type loss struct {
	kept     log.CommitSeq
	readable bool // the metadata can be read up to kept
	noLog    bool // of the log only a snapshot is left
}

// judge refuses what would be wrong, with the way on in the same line. It is pure.
// acceptLoss and takeOver are what the operator has agreed to.
func (f *findings) judge(acceptLoss, takeOver string) (v verdict, err error) {
	if f.isFresh() {
		v, err = f.judgeFresh(takeOver)
	} else {
		v, err = f.judgeUsed(&acceptLoss, takeOver)
	}
	if err != nil {
		return verdict{}, err
	}
	if v.loss == nil && acceptLoss != "" {
		return verdict{}, fmt.Errorf("accept_loss %s does not fit: nothing is missing; remove it", acceptLoss)
	}
	if takeOver != "" && takeOver != f.owner() {
		return verdict{}, fmt.Errorf("take_over %s does not fit: there is nothing to take over from it; remove it", takeOver)
	}
	return v, nil
}

// isFresh: nothing was ever committed in this metadata.
func (f *findings) isFresh() bool {
	return f.damage == nil && !f.extent.Exists && f.proven.Last == 0
}

// owner names whom the object store belongs to, as --take-over repeats it.
func (f *findings) owner() string {
	switch {
	case f.writerKnown:
		return f.writer.Meta
	case f.cluster != "":
		return f.cluster
	}
	return "unknown"
}

func (f *findings) judgeFresh(takeOver string) (verdict, error) {
	if !f.others {
		return verdict{}, nil
	}
	if takeOver == f.owner() {
		return verdict{begin: &log.Timeline{Number: f.nextTimeline()}}, nil
	}
	return verdict{}, fmt.Errorf("object store %s belongs to cluster %s of metadata %s, but the metadata in %s is new: "+
		"start with the data directory that belongs to it, %sor begin an empty database there with --take-over %s",
		f.storeURL, orUnknown(f.cluster), orUnknown(f.writer.Meta), f.metaPath, f.recoverable(), f.owner())
}

// recoverable is the way on with an object store that has all of a database.
func (f *findings) recoverable() string {
	if f.chain == nil || f.chain.Empty() {
		return ""
	}
	return "make it anew from the object store with tributary recover, "
}

func orUnknown(id string) string {
	if id == "" {
		return "unknown"
	}
	return id
}

// nextTimeline is above every timeline that left a trace.
func (f *findings) nextTimeline() uint32 {
	n := max(f.identity.timeline(), f.writer.Newest())
	for _, p := range f.proofs {
		n = max(n, p.timeline)
	}
	return n + 1
}

func (f *findings) judgeUsed(acceptLoss *string, takeOver string) (verdict, error) {
	ours := f.writerKnown && f.writer.Meta == f.identity.meta
	taken := f.writerKnown && f.identity.meta != "" && !ours
	store, own := f.cluster, f.identity.cluster
	if f.writerKnown {
		store = f.writer.Cluster // it has a checksum, and cluster.json none
	}
	switch {
	case store != "" && own != "" && store != own:
		return verdict{}, fmt.Errorf("metadata %s in %s belongs to cluster %s, but object store %s to cluster %s of metadata %s: give it an object_store of its own",
			orUnknown(f.identity.meta), f.metaPath, own, f.storeURL, store, orUnknown(f.writer.Meta))
	case !f.others && f.cluster == "" && f.extent.Last > 0:
		return verdict{}, fmt.Errorf("object store %s is empty, but metadata %s in %s has %d commits whose records lie in one: is object_store right?",
			f.storeURL, f.identity.meta, f.metaPath, f.extent.Last)
	case taken && takeOver != f.writer.Meta:
		return verdict{}, fmt.Errorf("object store %s of cluster %s is written by metadata %s, not by metadata %s in %s: start that one, or take the store over with --take-over %s",
			f.storeURL, store, f.writer.Meta, f.identity.meta, f.metaPath, f.writer.Meta)
	}
	if f.chained && !f.standing.Follows {
		return verdict{}, fmt.Errorf("the metadata in %s is not a beginning of the chain in object store %s (link %d): another server has gone on with it, or objects are missing; "+
			"move %[1]s away and make it anew with tributary recover", f.metaPath, f.storeURL, f.position.Number)
	}
	why := f.missing(taken)
	if why == "" {
		if taken {
			return verdict{begin: &log.Timeline{Number: f.nextTimeline(), Kept: uint64(f.extent.Last)}}, nil
		}
		return verdict{}, nil
	}
	l := f.lossToAccept()
	token := fmt.Sprintf("%d:%d", max(f.identity.timeline(), f.writer.Newest()), l.kept)
	if f.chained {
		return verdict{}, fmt.Errorf("%s; restore what is missing, or move %s away and make it anew with tributary recover", why, f.metaPath)
	}
	if *acceptLoss != token {
		if f.damage != nil && f.recoverable() != "" {
			why += "; move it away and " + strings.TrimSuffix(f.recoverable(), ", ")
		}
		return verdict{}, fmt.Errorf("%s; restore what is missing, or go on with what commit %d had with --accept-loss %s", why, l.kept, token)
	}
	return verdict{loss: &l, begin: &log.Timeline{Number: f.nextTimeline(), Kept: uint64(l.kept), NoLog: l.noLog}}, nil
}

// missing says what the start has less of than there was; "" = nothing. The store's proofs are
// another metadata's when it is taken over.
func (f *findings) missing(taken bool) string {
	if f.damage != nil {
		return fmt.Sprintf("metadata directory %s: %v", f.metaPath, f.damage)
	}
	most := proof{}
	for _, p := range f.proofs {
		own := p.by == f.metaPath+".proof"
		if (own || !taken) && p.timeline >= f.identity.timeline() && p.last > most.last {
			most = p
		}
	}
	if most.last > f.extent.Last || !taken && most.timeline > f.identity.timeline() {
		return fmt.Sprintf("the metadata in %s ends at commit %d of timeline %d, but %s proves commit %d of timeline %d",
			f.metaPath, f.extent.Last, f.identity.timeline(), most.by, most.last, most.timeline)
	}
	if !f.restorable(f.extent) {
		return fmt.Sprintf("object store %s has no whole snapshot of the log that the metadata in %s, which begins at commit %d, can go on from",
			f.storeURL, f.metaPath, f.extent.Floor)
	}
	return ""
}

// restorable: a start can build the log's state from the records in e.
func (f *findings) restorable(e meta.Extent) bool {
	if !e.Exists || e.Floor <= 1 {
		return e.Exists
	}
	return f.snapshot.found && f.snapshot.needs >= e.Floor && f.snapshot.seq <= e.Last
}

// lossToAccept finds the newest state that there is: the metadata as far as it goes, or a
// snapshot.
func (f *findings) lossToAccept() loss {
	e := f.extent
	if f.damage != nil {
		e = f.readable
	}
	l := loss{readable: e.Exists}
	if f.restorable(e) {
		l.kept = e.Last
	} else {
		l.noLog = true
	}
	if f.snapshot.found && f.snapshot.seq > l.kept {
		l.kept, l.noLog = f.snapshot.seq, true
	}
	return l
}
