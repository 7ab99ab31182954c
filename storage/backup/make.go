package backup

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// Progress of copying.
type Progress struct {
	Objects, OfObjects int
	Bytes, OfBytes     int64
}

// Options of copying; Clock is required.
type Options struct {
	Clock    clock.Clock
	Rate     int64 // bytes a second; 0 = no bound
	Progress func(Progress)
}

// Source is a database of which nothing is deleted meanwhile.
type Source struct {
	Objects objstore.Store
	Image   *meta.Image // taken after that began
	Cluster string
	Meta    string
	// Timelines of the image.
	Timelines []objstore.Timeline
	Rand      io.Reader
}

// prefixes of the objects that the metadata may name. The chain is not among them: the image has all that is in it.
var prefixes = []string{"log/", "meta/snap/", "seg/", "state/ckpt/"}

const (
	copiesAtOnce = 4
	pieceBytes   = 4 << 20
)

// Made is what Make did.
type Made struct {
	Point  *Point
	Copied Progress // what was not there
}

// Make writes a point. What the newest point has of the objects is not copied again. A crash leaves copies that the next Make
// writes over.
func Make(ctx context.Context, src Source, to objstore.Store, o Options) (m Made, err error) {
	if err := own(ctx, to, src.Cluster); err != nil {
		return m, err
	}
	points, err := Points(ctx, to, func(string, error) {})
	if err != nil {
		return m, err
	}
	there := map[string]Object{}
	if len(points) > 0 {
		if there, err = copies(ctx, to, points[len(points)-1]); err != nil {
			return m, err
		}
	}
	now := o.Clock.Now().UnixMilli()
	var random [4]byte
	if _, err := io.ReadFull(src.Rand, random[:]); err != nil {
		return m, err
	}
	p := &Point{FormatVersion: formatVersion, Name: fmt.Sprintf("%020d-%s", now, hex.EncodeToString(random[:])), Cluster: src.Cluster, Meta: src.Meta,
		Timelines: src.Timelines, Commit: uint64(src.Image.Last), Floor: uint64(src.Image.Floor), TimeMillis: now}
	var todo []Object
	for _, prefix := range prefixes {
		for info, err := range src.Objects.List(ctx, prefix, "") {
			if err != nil {
				return m, fmt.Errorf("list objects: %w", err)
			}
			if have, ok := there[info.Key]; ok && have.Size == info.Size {
				p.Objects = append(p.Objects, have)
				continue
			}
			todo = append(todo, Object{Key: info.Key, Size: info.Size})
		}
	}
	c := &copier{from: src.Objects, to: to, toPrefix: ObjectsPrefix + "/", options: o}
	if err := c.run(ctx, todo); err != nil {
		return m, err
	}
	p.Objects = append(p.Objects, todo...)
	slices.SortFunc(p.Objects, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	info := chain.BaseInfo{TimeMillis: now}
	if n := len(src.Timelines); n > 0 {
		info.Timeline = src.Timelines[n-1].Number
	}
	if _, err := chain.WriteBase(ctx, to, p.baseKey(), info, src.Image); err != nil {
		return m, fmt.Errorf("write %s: %w", p.baseKey(), err)
	}
	if _, err := chain.ReadBase(ctx, to, p.baseKey(), func(_, _ []byte) error { return nil }); err != nil {
		return m, fmt.Errorf("read %s back: %w", p.baseKey(), err)
	}
	text, sum, err := p.encode()
	if err != nil {
		return m, err
	}
	p.Sum = sum
	if _, err := to.Put(ctx, p.key(), [][]byte{text}, objstore.Condition{IfAbsent: true}); err != nil {
		return m, fmt.Errorf("write %s: %w", p.key(), err) // with an unknown outcome it may be there: a whole one
	}
	return Made{p, c.done}, nil
}

// copies are those of a point that are there.
func copies(ctx context.Context, to objstore.Store, p *Point) (map[string]Object, error) {
	sizes := map[string]int64{}
	for info, err := range to.List(ctx, ObjectsPrefix+"/", "") {
		if err != nil {
			return nil, fmt.Errorf("list the backup: %w", err)
		}
		sizes[strings.TrimPrefix(info.Key, ObjectsPrefix+"/")] = info.Size
	}
	out := map[string]Object{}
	for _, o := range p.Objects {
		if size, ok := sizes[o.Key]; ok && size == o.Size {
			out[o.Key] = o
		}
	}
	return out, nil
}

// Fetch copies objects of a backup to a store, and holds each to its size and checksum.
func Fetch(ctx context.Context, from objstore.Store, objects []Object, to objstore.Store, o Options) (Progress, error) {
	c := &copier{from: from, fromPrefix: ObjectsPrefix + "/", to: to, options: o, verify: true}
	err := c.run(ctx, slices.Clone(objects))
	return c.done, err
}

// ReadMeta visits the entries of the metadata of a point.
func ReadMeta(ctx context.Context, from objstore.Store, p *Point, visit func(key, value []byte) error) error {
	info, err := chain.ReadBase(ctx, from, p.baseKey(), visit)
	if err == nil && (uint64(info.Newest) != p.Commit || info.TimeMillis != p.TimeMillis) {
		err = fmt.Errorf("%w: it is of another point", chain.ErrCorrupt)
	}
	if errors.Is(err, chain.ErrCorrupt) || errors.Is(err, objstore.ErrNotFound) {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, p.baseKey(), err)
	}
	return err
}

// copier copies some objects at once.
type copier struct {
	from, to             objstore.Store
	fromPrefix, toPrefix string
	verify               bool // sizes and sums are known; else sums are set
	options              Options

	mu   sync.Mutex
	done Progress
	next time.Time // before it nothing more is read
}

func (c *copier) run(ctx context.Context, todo []Object) error {
	c.done.OfObjects = len(todo)
	for _, o := range todo {
		c.done.OfBytes += o.Size
	}
	c.tell(0, 0)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(copiesAtOnce)
	for i := range todo {
		g.Go(func() error {
			if err := c.copy(ctx, &todo[i]); err != nil {
				return fmt.Errorf("copy %s: %w", todo[i].Key, err)
			}
			return nil
		})
	}
	return g.Wait()
}

func (c *copier) copy(ctx context.Context, o *Object) error {
	up, err := c.to.Create(ctx, c.toPrefix+o.Key)
	if err != nil {
		return err
	}
	defer func() { _ = up.Abort() }() // harmless behind Commit
	buf := make([]byte, min(o.Size, pieceBytes))
	sum := uint32(0)
	for off := int64(0); off < o.Size; {
		n, err := c.from.GetRange(ctx, c.fromPrefix+o.Key, off, buf[:min(o.Size-off, pieceBytes)])
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%w: it ends early", ErrCorrupt)
		}
		sum = crc32.Update(sum, castagnoli, buf[:n])
		if _, err := up.Write(buf[:n]); err != nil {
			return err
		}
		off += int64(n)
		if err := c.pace(ctx, int64(n)); err != nil {
			return err
		}
		c.tell(0, int64(n))
	}
	if c.verify && sum != o.Sum {
		return fmt.Errorf("%w: its checksum", ErrCorrupt)
	}
	o.Sum = sum
	if _, err := up.Commit(); err != nil {
		return err
	}
	c.tell(1, 0)
	return nil
}

func (c *copier) tell(objects int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done.Objects += objects
	c.done.Bytes += bytes
	if c.options.Progress != nil {
		c.options.Progress(c.done)
	}
}

// pace waits until n bytes more may be copied.
func (c *copier) pace(ctx context.Context, n int64) error {
	if c.options.Rate <= 0 {
		return ctx.Err()
	}
	c.mu.Lock()
	now := c.options.Clock.Now()
	if c.next.Before(now) {
		c.next = now
	}
	c.next = c.next.Add(time.Duration(float64(n) / float64(c.options.Rate) * float64(time.Second)))
	pause := c.next.Sub(now)
	c.mu.Unlock()
	select {
	case <-c.options.Clock.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
