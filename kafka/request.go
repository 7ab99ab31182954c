package kafka

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/auth"
)

// request is one request on its way through a handler.
type request struct {
	header
	api      *api
	clientID string
	body     []byte // behind the header; a handler may keep slices of it
	conn     *conn
	who      *auth.Principal // nil only for what a login takes
	uncharge func()          // gives decoded bytes back to their budget; nil = none were taken
}

// unchargedBytes is what a decoded request may take without asking the budget: what is bounded
// well enough by the number of connections, so that ordinary requests never wait for others.
const unchargedBytes = 64 << 10

// decode walks the body, acquires what its structs will take and lets kmsg decode it.
func (r *request) decode(ctx context.Context, a *api, m kmsg.Request) error {
	decoded, err := a.shape.preflight(r.body, r.version, a.flexible(r.version))
	if err != nil {
		return err
	}
	if err := r.charge(ctx, decoded); err != nil {
		return err
	}
	if err := m.ReadFrom(r.body); err != nil {
		r.releaseDecoded()
		return fmt.Errorf("%w: %w", errMalformed, err)
	}
	return nil
}

// charge acquires decoded bytes from the server's budget. One request alone may take it whole.
func (r *request) charge(ctx context.Context, decoded int64) error {
	if decoded <= unchargedBytes {
		return nil
	}
	decoded = min(decoded, r.conn.s.cfg.MaxDecodedBytes)
	release, err := r.conn.s.decodeBudget.Acquire(ctx, r.conn.host, decoded)
	if err != nil {
		return err
	}
	r.conn.s.metrics.DecodedBytes.Add(decoded)
	r.uncharge = func() {
		release()
		r.conn.s.metrics.DecodedBytes.Add(-decoded)
	}
	return nil
}

// releaseDecoded gives the charge back. Handlers that wait long for others call it once they
// have taken from the request what they need.
func (r *request) releaseDecoded() {
	if r.uncharge != nil {
		r.uncharge()
		r.uncharge = nil
	}
}

// responseHeader starts a frame: four bytes for its length, correlation id and, in flexible
// versions, no tagged fields. ApiVersions has the old header in every version, since a client
// asks it before it knows what the broker speaks.
func (r *request) responseHeader(dst []byte) []byte {
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(r.correlation))
	if r.key != keyApiVersions && r.api.flexible(r.version) {
		dst = append(dst, 0)
	}
	return dst
}

const (
	keyProduce          = 0
	keySaslHandshake    = 17
	keyApiVersions      = 18
	keySaslAuthenticate = 36
)

// counted is how often each name comes: requests may name a thing once.
func counted[T any, K comparable](items []T, name func(*T) K) map[K]int {
	times := make(map[K]int, len(items))
	for i := range items {
		times[name(&items[i])]++
	}
	return times
}
