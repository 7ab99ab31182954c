package faults_test

import (
	"context"

	"github.com/tributary-db/tributary/storage/objstore"
)

// objects is what a process sees of an object store.
type objects struct {
	objstore.Store
	power *power
	name  string // of the store
}

func (o *objects) effect(what, key string, do, half func() error) error {
	return o.power.run(effect{what: o.name + ": " + what + " " + key, do: do, half: half})
}

func (o *objects) Put(ctx context.Context, key string, parts [][]byte, cond objstore.Condition) (info objstore.ObjectInfo, err error) {
	err = o.effect("put", key, func() error { info, err = o.Store.Put(ctx, key, parts, cond); return err }, nil)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	return info, nil
}

// Delete of many is torn in the middle.
func (o *objects) Delete(ctx context.Context, keys ...string) error {
	return o.effect("delete", keys[0], func() error { return o.Store.Delete(ctx, keys...) },
		func() error { return o.Store.Delete(ctx, keys[:len(keys)/2]...) })
}

func (o *objects) Create(ctx context.Context, key string) (up objstore.Upload, err error) {
	err = o.effect("create", key, func() error { up, err = o.Store.Create(ctx, key); return err }, nil)
	if err != nil {
		if up != nil {
			_ = up.Abort()
		}
		return nil, err
	}
	return &upload{up, o, key}, nil
}

type upload struct {
	objstore.Upload
	objects *objects
	key     string
}

func (u *upload) Write(p []byte) (n int, err error) {
	err = u.objects.effect("write", u.key, func() error { n, err = u.Upload.Write(p); return err },
		func() error { _, err := u.Upload.Write(p[:len(p)/2]); return err })
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (u *upload) Commit() (info objstore.ObjectInfo, err error) {
	err = u.objects.effect("commit", u.key, func() error { info, err = u.Upload.Commit(); return err }, nil)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	return info, nil
}
