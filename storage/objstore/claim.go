package objstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
)

// ErrFenced: another server has claimed the store since this one did.
var ErrFenced = errors.New("another server has taken this object store over")

const writerKey = "writer.json"

// Timeline is the database between two accepted losses. What an older timeline wrote above Kept
// is of commits that no longer exist, though their numbers come again.
type Timeline struct {
	Number uint32 `json:"number"` // the first is 1 and has no entry
	Kept   uint64 `json:"kept"`   // newest commit of the timelines before that is in this one
	// NoLog: no commit record up to Kept was left, only a snapshot; records that lay in the log
	// itself are lost with it.
	NoLog bool `json:"no_log,omitempty"`
}

// WriterInfo is what writer.json says: who writes to the store. It is replaced at a start and at
// a stop in order, and at no other time. Format: docs/formats/start.md.
type WriterInfo struct {
	FormatVersion int    `json:"format_version"`
	Cluster       string `json:"cluster_id"`
	Meta          string `json:"meta_id"`     // of the metadata that names the objects
	Instance      string `json:"instance_id"` // of the start
	// Timelines behind the first, in order.
	Timelines []Timeline `json:"timelines,omitempty"`
	Writer    uint32     `json:"writer"` // broker id
	Fence     uint64     `json:"fence"`  // grows with every start
	Clean     bool       `json:"clean"`  // stopped in order
	// Last commit that was certainly durable; what is less has lost something.
	Last uint64 `json:"last"`
	Sum  uint32 `json:"crc32c"` // of the other fields, as JSON with 0 here
}

// sum is over what the fields say, so that a flipped bit in one is seen.
func (w WriterInfo) sum() uint32 {
	w.Sum = 0
	text, err := json.Marshal(w)
	if err != nil {
		panic(err) // plain data
	}
	return crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli))
}

// ReadWriter reads writer.json and its ETag: ErrNotFound, ErrFormatVersion, or ErrDamaged with the
// ETag.
func ReadWriter(ctx context.Context, s Store) (w WriterInfo, etag string, err error) {
	info, err := readManifest(ctx, s, writerKey, &w)
	if err == nil {
		if err = checkFormat(w.FormatVersion); err != nil {
			as := w
			as.FormatVersion = FormatVersion
			if as.sum() == w.Sum { // a flipped bit in the number is damage
				err = fmt.Errorf("%w: its version", ErrDamaged)
			}
		}
	}
	if err == nil && (w.Sum != w.sum() || !isID(w.Cluster) || !isID(w.Meta) || !isID(w.Instance)) {
		err = fmt.Errorf("%w: checksum", ErrDamaged)
	}
	if err != nil {
		return WriterInfo{}, info.ETag, fmt.Errorf("read %s: %w", writerKey, err)
	}
	return w, info.ETag, nil
}

// Newest is the number of the newest timeline.
func (w WriterInfo) Newest() uint32 {
	if len(w.Timelines) == 0 {
		return 1
	}
	return w.Timelines[len(w.Timelines)-1].Number
}

// Claim is a server's hold on a store. Nobody renews it and no clock ends it: it holds until
// another server replaces it. Safe for concurrent use.
type Claim struct {
	store Store
	lost  chan struct{} // closed once another server is known to have the store
	mu    struct {
		sync.Mutex
		info   WriterInfo
		etag   string
		fenced error
	}
}

// Take replaces writer.json, which has the ETag etag ("" = it does not exist). ErrFenced when
// another server was faster.
func Take(ctx context.Context, s Store, etag string, info WriterInfo) (*Claim, error) {
	c := &Claim{store: s, lost: make(chan struct{})}
	c.mu.etag = etag
	if err := c.replace(ctx, info); err != nil {
		return nil, err
	}
	return c, nil
}

// Info is what the claim says.
func (c *Claim) Info() WriterInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.info
}

// Lost is closed once Look has found another server's claim; Err then says whose.
func (c *Claim) Lost() <-chan struct{} { return c.lost }

// Err is nil until the claim is lost.
func (c *Claim) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.fenced
}

// Lose says that another server has the store, which something else than writer.json has told.
func (c *Claim) Lose(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.fenced == nil {
		c.mu.fenced = cause
		close(c.lost)
	}
}

// Look reads writer.json again: ErrFenced when it is no longer ours. To be called before
// anything in the store is deleted or replaced.
func (c *Claim) Look(ctx context.Context) error {
	if err := c.Err(); err != nil {
		return err
	}
	info, err := c.store.Stat(ctx, writerKey)
	if err != nil {
		return fmt.Errorf("look whether the object store is still ours: %w", err)
	}
	c.mu.Lock()
	same := info.ETag == c.mu.etag
	c.mu.Unlock()
	if same {
		return nil
	}
	return c.compare(ctx)
}

// compare reads the file whole: an ETag may change without the content.
func (c *Claim) compare(ctx context.Context) error {
	w, etag, err := ReadWriter(ctx, c.store)
	if err != nil {
		return fmt.Errorf("look whether the object store is still ours: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.Instance == c.mu.info.Instance {
		c.mu.etag = etag
		return nil
	}
	if c.mu.fenced == nil {
		c.mu.fenced = fmt.Errorf("%w: instance %s of metadata %s, fence %d; this is instance %s of metadata %s, fence %d", ErrFenced,
			w.Instance, w.Meta, w.Fence, c.mu.info.Instance, c.mu.info.Meta, c.mu.info.Fence)
		close(c.lost)
	}
	return c.mu.fenced
}

// Release says that the server stopped in order, with last as its newest durable commit.
func (c *Claim) Release(ctx context.Context, last uint64) error {
	if err := c.Look(ctx); err != nil {
		return err
	}
	info := c.Info()
	info.Clean, info.Last = true, max(info.Last, last)
	return c.replace(ctx, info)
}

func (c *Claim) replace(ctx context.Context, info WriterInfo) error {
	info.FormatVersion = FormatVersion
	info.Sum = info.sum()
	data, err := json.Marshal(info)
	if err != nil {
		return err
	}
	c.mu.Lock()
	cond := Condition{IfMatch: c.mu.etag, IfAbsent: c.mu.etag == ""}
	c.mu.Unlock()
	put, err := c.store.Put(ctx, writerKey, [][]byte{append(data, '\n')}, cond)
	etag := put.ETag
	if errors.Is(err, ErrUnknown) || errors.Is(err, ErrPrecondition) {
		// Ours may have got there and its answer not back.
		var there WriterInfo
		var readErr error
		if there, etag, readErr = ReadWriter(ctx, c.store); readErr == nil && there.Sum == info.Sum {
			err = nil
		} else if readErr == nil && there.Instance != info.Instance && errors.Is(err, ErrPrecondition) {
			err = fmt.Errorf("%w: instance %s of metadata %s", ErrFenced, there.Instance, there.Meta)
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", writerKey, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.info, c.mu.etag = info, etag
	return nil
}
