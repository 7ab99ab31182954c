package log

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/segment"
)

// mixedPrefix is where segments lie that were written before their commit.
const mixedPrefix = "log/"

// proof of the newest durable commit, for a segment that is written now.
func (db *DB) proof() segment.Proof {
	if p := db.durable.Load(); p != nil {
		return *p
	}
	return segment.Proof{}
}

// SegmentProofs are what the newest segment of each writer says of how far the log went. It lists
// all mixed segments and reads one a writer; one that cannot be read proves nothing.
func SegmentProofs(ctx context.Context, objects objstore.Store) (out []CommitProof, err error) {
	newest := map[uint32]mixedName{}
	for info, err := range objects.List(ctx, mixedPrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list segments: %w", err)
		}
		if n, ok := parseMixedKey(info.Key); ok && n.after(newest[n.writer]) {
			newest[n.writer] = n
		}
	}
	for _, n := range newest {
		r, err := segment.Open(ctx, objects, n.key)
		switch {
		case errors.Is(err, segment.ErrCorrupt), errors.Is(err, segment.ErrVersion), errors.Is(err, objstore.ErrNotFound):
			continue
		case err != nil:
			return nil, err
		}
		if p := r.Proof(); p.Newest > 0 {
			out = append(out, CommitProof{Key: n.key, Timeline: p.Timeline, Seq: CommitSeq(p.Newest)})
		}
	}
	return out, nil
}

// mixedName is the name of a mixed segment: log/<2 hex>/<writer>-<fence>-<seal>-<random>.strm.
type mixedName struct {
	key         string
	writer      uint32
	fence, seal uint64
}

func (n mixedName) after(o mixedName) bool {
	return o.key == "" || n.fence > o.fence || n.fence == o.fence && n.seal > o.seal
}

func parseMixedKey(key string) (n mixedName, ok bool) {
	fields := strings.Split(strings.TrimSuffix(path.Base(key), ".strm"), "-")
	if len(fields) != 4 {
		return n, false
	}
	writer, err1 := strconv.ParseUint(fields[0], 10, 32)
	fence, err2 := strconv.ParseUint(fields[1], 10, 64)
	seal, err3 := strconv.ParseUint(fields[2], 10, 64)
	return mixedName{key, uint32(writer), fence, seal}, errors.Join(err1, err2, err3) == nil
}
