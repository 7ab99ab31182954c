package log

import (
	"io"
	"maps"
	"slices"
)

// savedPart writes the state that a Part had when the image was taken.
type savedPart struct {
	name  string
	write func(io.Writer) error
}

// capture takes an image of the fold: a fold of its own that never changes and shares with f
// what f never changes in place. Runs are only added behind those of the image, or their array
// is replaced; a partition's map of producers is copied at the first change behind the image.
// So it costs a copy of each partition's head, not of the index, and commits go on while the
// image is encoded.
// REQUIRES: called by who changes the fold.
func (f *fold) capture() *fold {
	f.captures++
	image := &fold{
		seq: f.seq, timeline: f.timeline, timeMillis: f.timeMillis, times: f.times.clone(),
		topics:  make(map[TopicID]*topic, len(f.topics)),
		writers: maps.Clone(f.writers), progress: maps.Clone(f.progress), nextProducer: f.nextProducer,
		inline: slices.Clone(f.inline), txns: txnTable{byName: maps.Clone(f.txns.byName)},
	}
	for id, t := range f.topics {
		image.topics[id] = t.capture()
	}
	for _, p := range f.parts {
		image.saved = append(image.saved, savedPart{p.Name(), p.Save()})
	}
	return image
}

// capture copies the heads of the partitions. A topic's map of configs is replaced, never changed.
func (t *topic) capture() *topic {
	image := &topic{Topic: t.Topic, partitions: make([]*partition, len(t.partitions))}
	heads := make([]partition, len(t.partitions))
	for i, p := range t.partitions {
		heads[i] = *p
		image.partitions[i] = &heads[i]
	}
	return image
}
