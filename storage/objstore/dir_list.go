package objstore

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// List implements Store. It reads a folder at a time; objects that come or go meanwhile may or
// may not be seen.
func (d *Dir) List(ctx context.Context, prefix, after string) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		l := dirLister{ctx: ctx, dir: d, prefix: prefix, after: after, yield: yield}
		l.folder("")
	}
}

type dirLister struct {
	ctx           context.Context // of the List that made it; lives as long as that call
	dir           *Dir
	prefix, after string
	yield         func(ObjectInfo, error) bool
}

// folder lists the keys below base, which is "" or ends in "/"; false = stop.
func (l *dirLister) folder(base string) bool {
	if err := l.ctx.Err(); err != nil {
		l.yield(ObjectInfo{}, err)
		return false
	}
	names, err := l.names(base)
	if err != nil {
		l.yield(ObjectInfo{}, err)
		return false
	}
	for _, name := range names {
		if !l.entry(base + name) {
			return false
		}
	}
	return true
}

// names of the folder's entries in the byte order of keys: that of a folder counts with its "/".
func (l *dirLister) names(base string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(l.dir.root, filepath.FromSlash(base)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		name := e.Name()
		if CheckKey(name) != nil {
			continue // the directory's own, or foreign
		}
		if e.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (l *dirLister) entry(key string) bool {
	if strings.HasSuffix(key, "/") {
		outside := !strings.HasPrefix(key, l.prefix) && !strings.HasPrefix(l.prefix, key)
		// Every key in the folder sorts at or before `after`.
		before := key <= l.after && !strings.HasPrefix(l.after, key)
		return outside || before || l.folder(key)
	}
	if !strings.HasPrefix(key, l.prefix) || key <= l.after {
		return true
	}
	info, err := os.Stat(l.dir.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		l.yield(ObjectInfo{}, err)
		return false
	}
	return l.yield(dirInfo(key, info), nil)
}
