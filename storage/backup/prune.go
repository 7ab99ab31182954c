package backup

import (
	"context"
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/storage/objstore"
)

// deletedAtOnce are keys of one request.
const deletedAtOnce = 500

// Prune removes all but the newest points, and the copies that none of those names. A damaged point is refused: what it needs is not known.
// Points go before their copies, so a crash leaves copies that no point names, which the next call removes.
// REQUIRES: nobody writes a point meanwhile, nor restores from one that goes.
func Prune(ctx context.Context, to objstore.Store, keep int) (points, objects int, err error) {
	all, err := Points(ctx, to, nil)
	if err != nil || len(all) == 0 || keep < 1 {
		return 0, 0, err
	}
	old, kept := all[:max(0, len(all)-keep)], all[max(0, len(all)-keep):]
	named := map[string]bool{}
	for _, p := range kept {
		for _, o := range p.Objects {
			named[ObjectsPrefix+"/"+o.Key] = true
		}
		named[p.key()], named[p.baseKey()] = true, true
	}
	for _, p := range old {
		if err := to.Delete(ctx, p.key()); err != nil {
			return points, 0, fmt.Errorf("delete %s: %w", p.key(), err)
		}
		points++
	}
	for _, prefix := range []string{pointPrefix, ObjectsPrefix + "/"} {
		n, err := sweep(ctx, to, prefix, func(key string) bool { return !named[key] && !strings.HasSuffix(key, pointSuffix) })
		if prefix != pointPrefix {
			objects = n
		}
		if err != nil {
			return points, objects, err
		}
	}
	return points, objects, nil
}

// sweep deletes what is to go.
func sweep(ctx context.Context, to objstore.Store, prefix string, goes func(key string) bool) (n int, err error) {
	var keys []string
	for info, err := range to.List(ctx, prefix, "") {
		if err != nil {
			return 0, fmt.Errorf("list the backup: %w", err)
		}
		if goes(info.Key) {
			keys = append(keys, info.Key)
		}
	}
	for len(keys) > 0 {
		k := min(len(keys), deletedAtOnce)
		if err := to.Delete(ctx, keys[:k]...); err != nil {
			return n, fmt.Errorf("delete %s and %d more: %w", keys[0], k-1, err)
		}
		n, keys = n+k, keys[k:]
	}
	return n, nil
}
