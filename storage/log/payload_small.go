package log

import "encoding/binary"

// ProgressChange sets the progress of a sink or generator. Together with ProgressIs it makes
// output happen once.
func ProgressChange(name string, seq CommitSeq, number int64) Change {
	dst := appendBytes(nil, name)
	dst = binary.AppendUvarint(dst, uint64(seq))
	return Change{Kind: KindProgress, Payload: binary.AppendVarint(dst, number)}
}

// DropProgressChange forgets the progress of name.
func DropProgressChange(name string) Change {
	return Change{Kind: KindProgress, Payload: appendBytes(nil, name)}
}

// ProgressIs is the condition that the progress of name is exactly seq (0 = none yet).
func ProgressIs(name string, seq CommitSeq) Condition {
	return Condition{Kind: CondProgress, Name: name, Seq: seq}
}

// TimeChange makes a commit for its time alone: the version is one, and nothing else happened. See Log.Now.
func TimeChange() Change { return Change{Kind: KindTime} }

type timePayload struct{}

func decodeTime(src []byte) (timePayload, error) {
	c := cursor{src: src}
	return timePayload{}, c.end("time change")
}

type progressPayload struct {
	Name   string
	Drop   bool
	Seq    CommitSeq
	Number int64
}

func decodeProgress(src []byte) (*progressPayload, error) {
	c := cursor{src: src}
	p := &progressPayload{Name: c.text()}
	if !c.bad && len(c.src) == 0 {
		p.Drop = true
	} else {
		p.Seq, p.Number = CommitSeq(c.uvarint()), c.varint()
	}
	c.bad = c.bad || p.Name == ""
	return p, c.end("progress change")
}

// FeatureLevel is what this program can write and read; a kind, flag or op that is added raises
// it. Each start notes it for its writer. There is one level so far, so nothing asks yet: with
// the second, who writes keeps to the least level of the writers in the fold.
const FeatureLevel = 1

// writerPayload of KindWriter: a writer starts with a fence above all it had.
type writerPayload struct {
	Writer uint32
	Fence  uint64
	Level  uint64 // its FeatureLevel
}

func writerChange(w writerPayload) Change {
	dst := binary.LittleEndian.AppendUint32(nil, w.Writer)
	dst = binary.LittleEndian.AppendUint64(dst, w.Fence)
	return Change{Kind: KindWriter, Payload: binary.AppendUvarint(dst, w.Level)}
}

func decodeWriter(src []byte) (*writerPayload, error) {
	c := cursor{src: src}
	p := &writerPayload{Writer: c.u32(), Fence: c.u64(), Level: c.uvarint()}
	return p, c.end("writer change")
}

// producerIDsPayload of KindProducer: ids [First, First+Count) are handed out to one broker.
type producerIDsPayload struct{ First, Count int64 }

func producerIDsChange(p producerIDsPayload) Change {
	return Change{Kind: KindProducer, Payload: appendSize(appendSize(nil, p.First), p.Count)}
}

func decodeProducerIDs(src []byte) (*producerIDsPayload, error) {
	c := cursor{src: src}
	p := &producerIDsPayload{First: c.size(), Count: c.size()}
	c.bad = c.bad || p.Count == 0
	return p, c.end("producer id change")
}
