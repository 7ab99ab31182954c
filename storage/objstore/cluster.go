package objstore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrFormatVersion: the store was written by a version this one cannot read.
	ErrFormatVersion = errors.New("object store format version not supported")
	// ErrDamaged: a manifest of the store does not decode.
	ErrDamaged = errors.New("object store manifest damaged")
	// ErrOtherCluster: the store belongs to another cluster.
	ErrOtherCluster = errors.New("object store belongs to another cluster")
)

const (
	clusterKey = "cluster.json"
	// FormatVersion of the store's layout; the first.
	FormatVersion = 1
	// idChars is 16 random bytes as base64url without padding.
	idChars          = 22
	maxManifestBytes = 64 << 10
)

// ClusterInfo is what cluster.json says. Unknown members are kept out of it and ignored.
type ClusterInfo struct {
	ID            string `json:"cluster_id"`
	FormatVersion int    `json:"format_version"`
}

// ReadCluster reads cluster.json: ErrNotFound, ErrDamaged, ErrFormatVersion.
func ReadCluster(ctx context.Context, s Store) (ClusterInfo, error) {
	var info ClusterInfo
	_, err := readManifest(ctx, s, clusterKey, &info)
	if err == nil {
		err = checkFormat(info.FormatVersion)
	}
	if err == nil && !isID(info.ID) {
		err = fmt.Errorf("%w: %q is no cluster id", ErrDamaged, info.ID)
	}
	if err != nil {
		return ClusterInfo{}, fmt.Errorf("read %s: %w", clusterKey, err)
	}
	return info, nil
}

// PutCluster makes cluster.json name the cluster, whatever was left of a damaged one.
// ErrOtherCluster when it names another, unless replace says that this is damage too.
func PutCluster(ctx context.Context, s Store, id string, replace bool) error {
	info, err := ReadCluster(ctx, s)
	var cond Condition
	switch {
	case err == nil && info.ID == id:
		return nil
	case err == nil && !replace:
		return fmt.Errorf("%w: %s", ErrOtherCluster, info.ID)
	case errors.Is(err, ErrNotFound):
		cond.IfAbsent = true
	case err == nil, errors.Is(err, ErrDamaged), replace && errors.Is(err, ErrFormatVersion):
		old, err := s.Stat(ctx, clusterKey)
		if err != nil {
			return fmt.Errorf("write %s: %w", clusterKey, err)
		}
		cond.IfMatch = old.ETag
	default:
		return err
	}
	data, err := json.Marshal(ClusterInfo{ID: id, FormatVersion: FormatVersion})
	if err != nil {
		return err
	}
	_, err = s.Put(ctx, clusterKey, [][]byte{append(data, '\n')}, cond)
	if err != nil && !errors.Is(err, ErrPrecondition) && !errors.Is(err, ErrUnknown) {
		return fmt.Errorf("write %s: %w", clusterKey, err)
	}
	info, err = ReadCluster(ctx, s) // whoever's was first
	if err == nil && info.ID != id {
		err = fmt.Errorf("%w: %s", ErrOtherCluster, info.ID)
	}
	return err
}

// readManifest decodes a small JSON object.
func readManifest(ctx context.Context, s Store, key string, into any) (ObjectInfo, error) {
	data, info, err := ReadObject(ctx, s, key, maxManifestBytes)
	if err != nil {
		return ObjectInfo{}, err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return info, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return info, nil
}

func checkFormat(version int) error {
	switch {
	case version < 1:
		return fmt.Errorf("%w: no format version", ErrDamaged)
	case version != FormatVersion:
		return fmt.Errorf("%w: it is %d, this program knows %d", ErrFormatVersion, version, FormatVersion)
	}
	return nil
}

func isID(s string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(raw) == 16 && len(s) == idChars
}

// NewID makes the id of a cluster, a metadata store or an instance: 22 characters that never
// begin with "-", which command lines take for an option.
func NewID(random io.Reader) (string, error) {
	for {
		var raw [16]byte
		if _, err := io.ReadFull(random, raw[:]); err != nil {
			return "", fmt.Errorf("make an id: %w", err)
		}
		if id := base64.RawURLEncoding.EncodeToString(raw[:]); id[0] != '-' {
			return id, nil
		}
	}
}
