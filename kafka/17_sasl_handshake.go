package kafka

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/auth"
)

// SaslHandshake: the client chooses how it will prove who it is.
//
// Behaviour: SCRAM-SHA-256 and SCRAM-SHA-512; PLAIN, which shows the password to whoever listens,
// only under TLS. Another mechanism is answered with UNSUPPORTED_SASL_MECHANISM and the list, and
// the connection is closed. A handshake inside an exchange is ILLEGAL_SASL_STATE. On a connection
// that has authenticated it begins a re-authentication (KIP-368), which may change neither
// mechanism nor role. Where clients are trusted one may authenticate all the same, and then is
// who it says.
//
// Versions: 0 the exchange follows in frames without headers; 1 in SaslAuthenticate requests.

func (s *Server) saslHandshake(_ context.Context, r *request, req *kmsg.SASLHandshakeRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
	c := r.conn
	resp.SupportedMechanisms = c.mechanisms()
	switch {
	case !slices.Contains(resp.SupportedMechanisms, req.Mechanism):
		resp.ErrorCode = kerr.UnsupportedSaslMechanism.Code
	case c.sasl.mechanism != "", c.sasl.before != "" && req.Mechanism != c.sasl.before,
		req.Version == 0 && c.who.Load() != nil: // whose frames are read elsewhere by now
		resp.ErrorCode = kerr.IllegalSaslState.Code
	}
	c.sasl.over = resp.ErrorCode != 0
	c.sasl.mechanism, c.sasl.raw = req.Mechanism, req.Version == 0
	return resp, nil
}

const mechanismPlain = "PLAIN"

func (c *conn) mechanisms() []string {
	out := []string{string(auth.SHA512), string(auth.SHA256)}
	if c.encrypted() {
		out = append(out, mechanismPlain)
	}
	return out
}
