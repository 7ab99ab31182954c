package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/storage/meta"
)

// clusterKey holds the cluster id that the metadata belongs to.
var clusterKey = []byte("cluster/id")

// claimCluster checks that metadata and object store are of one cluster; fresh metadata takes
// the store's id.
func claimCluster(ctx context.Context, m meta.Store, id string) error {
	var have string
	read := func() error {
		return m.Read(ctx, func(s meta.Snapshot) error {
			v, _, err := s.Get(clusterKey)
			have = string(v)
			return err
		})
	}
	if err := read(); err != nil {
		return err
	}
	if have == "" {
		err := m.Commit(ctx, meta.Txn{
			Checks: []meta.Check{{Key: clusterKey}},
			Writes: []meta.Write{{Key: clusterKey, Value: []byte(id)}},
		})
		if err != nil && !errors.Is(err, meta.ErrConflict) {
			return err
		}
		if err := read(); err != nil {
			return err
		}
	}
	if have != id {
		return fmt.Errorf("metadata belongs to cluster %s, the object store to cluster %s", have, id)
	}
	return nil
}
