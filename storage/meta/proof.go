package meta

import (
	"fmt"

	"github.com/cockroachdb/pebble/vfs"
)

// Proven is how far the log was certainly durable, of which metadata, in which timeline.
type Proven struct {
	Meta     string
	Timeline uint32
	Last     CommitSeq
}

const proofFormat = "proof 1 meta=%s timeline=%d last=%d"

// Proof is a small file beside the metadata directory that says how far the log went. It is
// written after the fact, so that it never says too much, and tells a start that finds less.
// One caller at a time.
type Proof struct {
	slots slotFile
	last  Proven
}

// OpenProof reads the proof of the metadata in directory path; a file that is gone or damaged
// proves nothing. It changes nothing.
func OpenProof(path string) (*Proof, error) {
	p := &Proof{slots: slotFile{fs: vfs.Default, path: path + ".proof"}}
	line, _, err := p.slots.read()
	if err != nil {
		return nil, err
	}
	var v Proven
	if n, err := fmt.Sscanf(line, proofFormat, &v.Meta, &v.Timeline, &v.Last); err == nil && n == 3 {
		p.last = v
	}
	return p, nil
}

// Proven is what the file says; the zero value when it says nothing.
func (p *Proof) Proven() Proven { return p.last }

// Put makes v durable, unless that is what the file says already.
func (p *Proof) Put(v Proven) error {
	if v == p.last {
		return nil
	}
	if err := p.slots.write(fmt.Sprintf(proofFormat, v.Meta, v.Timeline, v.Last)); err != nil {
		return err
	}
	p.last = v
	return nil
}

// Close releases the file.
func (p *Proof) Close() error { return p.slots.close() }
