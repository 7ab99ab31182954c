package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/temprun"
)

const (
	// fanOut is how many partitions rows are put into at once.
	fanOut = 16
	// maxLevel bounds how often a partition is partitioned again: what shares so much of its hash
	// is taken as it is.
	maxLevel = 7
)

// partitions are rows in temporary runs by a hash of their keys, of which each level looks at
// another part: equal keys are in one partition, whatever they look like.
type partitions struct {
	env     exec.Env
	types   []sqltype.OID
	level   int
	writers [fanOut]*temprun.Writer
	rows    [fanOut][]int32
	hashes  []uint64
	charged int64
}

func newPartitions(env exec.Env, types []sqltype.OID, level int) (*partitions, error) {
	p := &partitions{env: env, types: types, level: level}
	p.charged = int64(fanOut * runRoom(env.WorkMemory(), fanOut))
	return p, env.Account(p.charged)
}

// place is the partition of a hash.
func place(hash uint64, level int) int {
	const mixed = 0x9e3779b97f4a7c15
	hash = (hash ^ hash>>29) * mixed
	return int(hash>>(60-4*level)) & (fanOut - 1)
}

// add puts the rows sel of d where their keys belong; skip, if not nil, says which partitions nobody
// wants.
func (p *partitions) add(d *delta.Batch, keys []delta.Column, sel []int32, skip func(partition int) bool) error {
	if len(sel) == 0 {
		return nil
	}
	if cap(p.hashes) < len(sel) {
		p.hashes = make([]uint64, len(sel))
	}
	hashes := p.hashes[:len(sel)]
	delta.HashKeys(keys, d.Len, sel, hashes)
	for i := range p.rows {
		p.rows[i] = p.rows[i][:0]
	}
	for i, row := range sel {
		k := place(hashes[i], p.level)
		p.rows[k] = append(p.rows[k], row)
	}
	for k, rows := range p.rows {
		if len(rows) == 0 || skip != nil && skip(k) {
			continue
		}
		if p.writers[k] == nil {
			p.writers[k] = p.env.NewRun(p.types, runRoom(p.env.WorkMemory(), fanOut))
		}
		if err := p.writers[k].Append(d, rows); err != nil {
			return err
		}
	}
	return nil
}

// finish gives the partitions, nil for those without rows.
func (p *partitions) finish() (runs [fanOut]*temprun.Run, err error) {
	for k, w := range p.writers {
		if w == nil {
			continue
		}
		if runs[k], err = w.Finish(); err != nil {
			return runs, err
		}
	}
	err = p.env.Account(-p.charged)
	p.charged = 0
	return runs, err
}

// eachBatch visits the batches of a run.
func eachBatch(env exec.Env, run *temprun.Run, visit func(d *delta.Batch) error) error {
	for r := run.Open(); ; {
		if err := env.Meter().Breathe(); err != nil {
			return err
		}
		var d delta.Batch
		more, err := r.Next(&d)
		if err != nil || !more {
			return err
		}
		if err := visit(&d); err != nil {
			return err
		}
	}
}
