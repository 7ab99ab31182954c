package objstore

import (
	"context"
	"iter"
	"strings"
)

// WithPrefix shows the objects of s whose keys begin with prefix and "/", without that. Closing
// it closes s.
func WithPrefix(s Store, prefix string) (Store, error) {
	if prefix == "" {
		return s, nil
	}
	if err := CheckKey(prefix); err != nil {
		return nil, err
	}
	return &prefixed{inner: s, prefix: prefix + "/"}, nil
}

type prefixed struct {
	inner  Store
	prefix string
}

var _ Store = (*prefixed)(nil)

func (p *prefixed) Close() error { return Close(p.inner) }

// key checks before the prefix is added, so that "" and ".." do not get past it.
func (p *prefixed) key(key string) (string, error) {
	if err := CheckKey(key); err != nil {
		return "", err
	}
	return p.prefix + key, nil
}

func (p *prefixed) strip(info ObjectInfo) ObjectInfo {
	info.Key = strings.TrimPrefix(info.Key, p.prefix)
	return info
}

func (p *prefixed) Put(ctx context.Context, key string, parts [][]byte, cond Condition) (ObjectInfo, error) {
	full, err := p.key(key)
	if err != nil {
		return ObjectInfo{}, err
	}
	info, err := p.inner.Put(ctx, full, parts, cond)
	return p.strip(info), err
}

func (p *prefixed) Create(ctx context.Context, key string) (Upload, error) {
	full, err := p.key(key)
	if err != nil {
		return nil, err
	}
	u, err := p.inner.Create(ctx, full)
	if err != nil {
		return nil, err
	}
	return &prefixedUpload{Upload: u, prefixed: p}, nil
}

type prefixedUpload struct {
	Upload
	prefixed *prefixed
}

func (u *prefixedUpload) Commit() (ObjectInfo, error) {
	info, err := u.Upload.Commit()
	return u.prefixed.strip(info), err
}

func (p *prefixed) GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error) {
	full, err := p.key(key)
	if err != nil {
		return 0, err
	}
	return p.inner.GetRange(ctx, full, off, dst)
}

func (p *prefixed) Stat(ctx context.Context, key string) (ObjectInfo, error) {
	full, err := p.key(key)
	if err != nil {
		return ObjectInfo{}, err
	}
	info, err := p.inner.Stat(ctx, full)
	return p.strip(info), err
}

func (p *prefixed) List(ctx context.Context, prefix, after string) iter.Seq2[ObjectInfo, error] {
	fullAfter := ""
	if after != "" {
		fullAfter = p.prefix + after
	}
	return func(yield func(ObjectInfo, error) bool) {
		for info, err := range p.inner.List(ctx, p.prefix+prefix, fullAfter) {
			if !yield(p.strip(info), err) {
				return
			}
		}
	}
}

func (p *prefixed) Delete(ctx context.Context, keys ...string) error {
	full := make([]string, len(keys))
	for i, key := range keys {
		var err error
		if full[i], err = p.key(key); err != nil {
			return err
		}
	}
	return p.inner.Delete(ctx, full...)
}
