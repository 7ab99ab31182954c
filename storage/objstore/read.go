package objstore

import (
	"context"
	"fmt"
)

// readAttempts bounds how often ReadObject meets a replacement in the middle.
const readAttempts = 5

// ReadObject reads a whole small object and the ETag of exactly these bytes; over maxBytes it is
// an error. Meant for manifests, which may be replaced while they are read.
func ReadObject(ctx context.Context, s Store, key string, maxBytes int64) ([]byte, ObjectInfo, error) {
	for range readAttempts {
		before, err := s.Stat(ctx, key)
		if err != nil {
			return nil, ObjectInfo{}, err
		}
		if before.Size > maxBytes {
			return nil, ObjectInfo{}, fmt.Errorf("object %s has %d bytes, limit %d", key, before.Size, maxBytes)
		}
		data := make([]byte, before.Size)
		n := 0
		if before.Size > 0 {
			if n, err = s.GetRange(ctx, key, 0, data); err != nil {
				return nil, ObjectInfo{}, err
			}
		}
		after, err := s.Stat(ctx, key)
		if err != nil {
			return nil, ObjectInfo{}, err
		}
		if before.ETag == after.ETag && int64(n) == after.Size {
			return data, after, nil
		}
	}
	return nil, ObjectInfo{}, fmt.Errorf("object %s changes faster than it can be read", key)
}
