package objstore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrFormatVersion: the store was written by a version this one cannot read.
var ErrFormatVersion = errors.New("object store format version not supported")

const (
	clusterKey = "cluster.json"
	// FormatVersion of the store's layout; the first.
	FormatVersion = 1
	// clusterIDChars is 16 random bytes as base64url without padding.
	clusterIDChars  = 22
	maxClusterBytes = 64 << 10
)

// ClusterInfo is what cluster.json says. Unknown members are kept out of it and ignored.
type ClusterInfo struct {
	ID            string `json:"cluster_id"`
	FormatVersion int    `json:"format_version"`
}

// OpenCluster reads cluster.json, or writes it if this is the first start on this store; of
// several first starts at once one wins and all return its id. random gives the id its bytes.
// ErrFormatVersion if the store is of another format version. The caller compares the id with
// the one its metadata has.
func OpenCluster(ctx context.Context, s Store, random io.Reader) (ClusterInfo, error) {
	info, err := readCluster(ctx, s)
	if !errors.Is(err, ErrNotFound) {
		return info, err
	}
	id, err := newClusterID(random)
	if err != nil {
		return ClusterInfo{}, fmt.Errorf("make a cluster id: %w", err)
	}
	data, err := json.Marshal(ClusterInfo{ID: id, FormatVersion: FormatVersion})
	if err != nil {
		return ClusterInfo{}, err
	}
	_, err = s.Put(ctx, clusterKey, [][]byte{append(data, '\n')}, Condition{IfAbsent: true})
	if err != nil && !errors.Is(err, ErrPrecondition) && !errors.Is(err, ErrUnknown) {
		return ClusterInfo{}, fmt.Errorf("write %s: %w", clusterKey, err)
	}
	return readCluster(ctx, s) // whoever's was first
}

func readCluster(ctx context.Context, s Store) (ClusterInfo, error) {
	data, _, err := ReadObject(ctx, s, clusterKey, maxClusterBytes)
	if err != nil {
		return ClusterInfo{}, fmt.Errorf("read %s: %w", clusterKey, err)
	}
	var info ClusterInfo
	if err := json.Unmarshal(data, &info); err != nil {
		return ClusterInfo{}, fmt.Errorf("read %s: %w", clusterKey, err)
	}
	if info.FormatVersion != FormatVersion {
		return ClusterInfo{}, fmt.Errorf("read %s: %w: it is %d, this program knows %d", clusterKey, ErrFormatVersion, info.FormatVersion, FormatVersion)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(info.ID); err != nil || len(raw) != 16 || len(info.ID) != clusterIDChars {
		return ClusterInfo{}, fmt.Errorf("read %s: %q is no cluster id", clusterKey, info.ID)
	}
	return info, nil
}

// newClusterID avoids a leading "-", which command lines take for an option.
func newClusterID(random io.Reader) (string, error) {
	for {
		var raw [16]byte
		if _, err := io.ReadFull(random, raw[:]); err != nil {
			return "", err
		}
		if id := base64.RawURLEncoding.EncodeToString(raw[:]); id[0] != '-' {
			return id, nil
		}
	}
}
