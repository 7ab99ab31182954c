package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/storage/objstore"
)

const (
	formatVersion = 1
	pointPrefix   = "points/"
	pointSuffix   = ".json"
	// ObjectsPrefix is where copies lie, under their keys.
	ObjectsPrefix = "objects"
	ownerKey      = "backup.json"
)

var (
	// ErrCorrupt: bytes are not what was written.
	ErrCorrupt = errors.New("backup corrupt")
	// ErrForeign: the backup is of another database.
	ErrForeign = errors.New("backup of another database")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Object is a copy.
type Object struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
	Sum  uint32 `json:"crc32c"`
}

// Point is one consistent state of a database: its metadata, and copies of all objects that there were. It exists once it is
// written, which is the last act of a backup. Format: docs/formats/backup.md.
type Point struct {
	FormatVersion int    `json:"format_version"`
	Name          string `json:"name"`
	Cluster       string `json:"cluster_id"`
	Meta          string `json:"meta_id"`
	// Timelines behind the first, in order.
	Timelines  []objstore.Timeline `json:"timelines,omitempty"`
	Commit     uint64              `json:"commit"`
	Floor      uint64              `json:"floor"` // first commit record that is in it
	TimeMillis int64               `json:"time"`
	Objects    []Object            `json:"objects"`
	Sum        uint32              `json:"crc32c"` // of the object with 0 here
}

// Bytes of all copies.
func (p *Point) Bytes() (n int64) {
	for _, o := range p.Objects {
		n += o.Size
	}
	return n
}

func (p *Point) baseKey() string { return pointPrefix + p.Name + ".base" }
func (p *Point) key() string     { return pointPrefix + p.Name + pointSuffix }

func (p Point) encode() ([]byte, uint32, error) {
	p.Sum = 0
	text, err := json.Marshal(p)
	if err != nil {
		return nil, 0, err
	}
	p.Sum = crc32.Checksum(text, castagnoli)
	text, err = json.Marshal(p)
	return append(text, '\n'), p.Sum, err
}

func decodePoint(text []byte) (*Point, error) {
	p := &Point{}
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	_, sum, err := p.encode()
	if err != nil || sum != p.Sum {
		return nil, fmt.Errorf("%w: checksum", ErrCorrupt)
	}
	if p.FormatVersion != formatVersion {
		return nil, fmt.Errorf("backup format %d is of a newer version", p.FormatVersion)
	}
	return p, nil
}

// Points lists what a backup has, oldest first. damaged is told of those that cannot be read; nil = they are an error.
func Points(ctx context.Context, to objstore.Store, damaged func(key string, err error)) (out []*Point, err error) {
	for info, err := range to.List(ctx, pointPrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list the backup: %w", err)
		}
		if !strings.HasSuffix(info.Key, pointSuffix) {
			continue
		}
		p, err := readPoint(ctx, to, info)
		if errors.Is(err, ErrCorrupt) && damaged != nil {
			damaged(info.Key, err)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", info.Key, err)
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b *Point) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func readPoint(ctx context.Context, to objstore.Store, info objstore.ObjectInfo) (*Point, error) {
	text, err := readAll(ctx, to, info.Key, info.Size)
	if err != nil {
		return nil, err
	}
	p, err := decodePoint(text)
	if err == nil && p.key() != info.Key {
		err = fmt.Errorf("%w: its name", ErrCorrupt)
	}
	return p, err
}

func readAll(ctx context.Context, s objstore.Store, key string, size int64) ([]byte, error) {
	text := make([]byte, size)
	if size == 0 {
		return text, nil
	}
	n, err := s.GetRange(ctx, key, 0, text)
	return text[:n], err
}

// own makes a place for backups the cluster's, or refuses one that is another's or has something else in it.
func own(ctx context.Context, to objstore.Store, cluster string) error {
	text := []byte(fmt.Sprintf("{\"cluster_id\": %q, \"format_version\": %d}\n", cluster, formatVersion))
	info, err := to.Stat(ctx, ownerKey)
	if errors.Is(err, objstore.ErrNotFound) {
		for o, err := range to.List(ctx, "", "") {
			if err != nil {
				return err
			}
			return fmt.Errorf("%w: it is no backup, and not empty: it has %s", ErrForeign, o.Key)
		}
		if _, err = to.Put(ctx, ownerKey, [][]byte{text}, objstore.Condition{IfAbsent: true}); err == nil {
			return nil
		}
		info, err = to.Stat(ctx, ownerKey)
	}
	if err != nil {
		return err
	}
	there, err := readAll(ctx, to, ownerKey, min(info.Size, maxOwner))
	if err != nil || bytes.Equal(there, text) {
		return err
	}
	var of struct {
		Cluster string `json:"cluster_id"`
		Version int    `json:"format_version"`
	}
	switch err := json.Unmarshal(there, &of); {
	case err != nil || of.Cluster == "":
		return fmt.Errorf("%w: %s is damaged, so whose backup it is cannot be told: if its points are of this database, write %s there, else give another place",
			ErrCorrupt, ownerKey, bytes.TrimSpace(text))
	case of.Cluster == cluster:
		return fmt.Errorf("%s says format %d, this is format %d: give another place", ownerKey, of.Version, formatVersion)
	}
	return fmt.Errorf("%w: %s says cluster %q, this is %q", ErrForeign, ownerKey, of.Cluster, cluster)
}

// maxOwner is more than backup.json ever has.
const maxOwner = 4 << 10
