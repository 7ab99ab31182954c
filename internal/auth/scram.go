package auth

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// endpointBinding is the one type of channel binding: a hash of the server's certificate (RFC 5929).
const endpointBinding = "tls-server-end-point"

// SCRAM says what an exchange is about.
type SCRAM struct {
	Attempt
	Mechanism Mechanism
	// Bound: the client chose the mechanism's -PLUS form.
	Bound bool
	// Endpoint is the channel-binding data of the connection, nil where -PLUS was not offered.
	Endpoint []byte
	// NameInMessage: the client says who it is in its first message, and Name is ignored.
	NameInMessage bool
}

// Exchange is one run of SCRAM on the server's side. It is used by one goroutine.
type Exchange struct {
	gate  *Gate
	about SCRAM
	step  int

	account  Account
	verifier Verifier
	header   string // gs2
	nonce    string // client's and ours
	signed   string // client-first-bare and server-first
}

// SCRAM begins an exchange.
func (g *Gate) SCRAM(about SCRAM) *Exchange {
	about.Method = SCRAM256
	switch {
	case about.Mechanism == SHA512:
		about.Method = SCRAM512
	case about.Bound:
		about.Method = SCRAM256TLS
	}
	return &Exchange{gate: g, about: about}
}

// Step takes the client's next message and gives the answer to it. After the second one the
// client is who it says. ErrRefused: it is not; any other error is the client's fault as a
// *sqlerr.Error in PostgreSQL's words, or the server's. After an error the exchange is over.
func (x *Exchange) Step(ctx context.Context, message string) (answer string, done bool, err error) {
	x.step++
	switch x.step {
	case 1:
		answer, err = x.first(ctx, message)
	case 2:
		answer, err = x.final(message)
		done = err == nil
	default:
		err = malformed("The exchange is over.")
	}
	if err != nil {
		x.step = 3
		x.gate.failed(x.about.Attempt, err)
	}
	return answer, done, err
}

// Principal is who the client is, once Step said done.
func (x *Exchange) Principal() Principal { return x.about.principal(x.account) }

func (x *Exchange) first(ctx context.Context, text string) (string, error) {
	m, err := parseClientFirst(text)
	if err != nil {
		return "", err
	}
	if x.about.NameInMessage {
		x.about.Name = m.name
	}
	if err := x.checkFlag(m); err != nil {
		return "", err
	}
	if x.account, err = x.gate.lookup(ctx, x.about.Attempt); err != nil {
		return "", err
	}
	var ok bool
	if x.verifier, ok = x.account.Verifiers.Of(x.about.Mechanism); !ok || !x.account.Exists {
		x.account.Exists = false
		x.verifier = x.gate.mock(x.about.Mechanism, x.about.Name)
	}
	var random [18]byte
	if _, err := io.ReadFull(x.gate.cfg.Random, random[:]); err != nil {
		return "", fmt.Errorf("make a nonce: %w", err)
	}
	x.header = m.header
	x.nonce = m.nonce + base64.StdEncoding.EncodeToString(random[:])
	answer := fmt.Sprintf("r=%s,s=%s,i=%d", x.nonce, base64.StdEncoding.EncodeToString(x.verifier.Salt), x.verifier.Iterations)
	x.signed = m.bare + "," + answer
	return answer, nil
}

// checkFlag holds what the client says of channel binding against what was offered and chosen.
func (x *Exchange) checkFlag(m clientFirst) error {
	switch {
	case m.flag == 'p' && !x.about.Bound:
		return malformed("The client selected a mechanism without channel binding, but the SCRAM message includes channel binding data.")
	case m.flag == 'p' && m.binding != endpointBinding:
		return sqlerr.New(sqlerr.ProtocolViolation, "unsupported SCRAM channel-binding type \"%s\"", m.binding)
	case m.flag != 'p' && x.about.Bound:
		return malformed("The client selected a mechanism with channel binding, but the SCRAM message does not include channel binding data.")
	case m.flag == 'y' && x.about.Endpoint != nil:
		// Somebody between us has taken -PLUS out of the offer.
		return sqlerr.New(sqlerr.InvalidAuthorizationSpecification, "SCRAM channel binding negotiation error").
			WithDetail("The client supports SCRAM channel binding but thinks the server does not. However, this server does support channel binding.")
	}
	return nil
}

func (x *Exchange) final(text string) (string, error) {
	m, err := parseClientFinal(text)
	if err != nil {
		return "", err
	}
	want := []byte(x.header)
	if x.about.Bound {
		want = append(want, x.about.Endpoint...)
	}
	if !hmac.Equal(m.binding, want) {
		if x.about.Bound {
			return "", sqlerr.New(sqlerr.InvalidAuthorizationSpecification, "SCRAM channel binding check failed")
		}
		return "", sqlerr.New(sqlerr.ProtocolViolation, "unexpected SCRAM channel-binding attribute in client-final-message")
	}
	if !x.repeats(m.nonce) {
		return "", sqlerr.New(sqlerr.ProtocolViolation, "invalid SCRAM response").WithDetail("Nonce does not match.")
	}
	mech, signed := x.about.Mechanism, x.signed+","+m.withoutProof
	key := mech.mac(x.verifier.StoredKey, signed)
	if len(m.proof) != len(key) {
		return "", malformed("Malformed proof in client-final-message.")
	}
	for i := range key {
		key[i] ^= m.proof[i]
	}
	if right := hmac.Equal(mech.sum(key), x.verifier.StoredKey); !right || !x.account.Exists {
		return "", ErrRefused
	}
	if x.account.NoLogin {
		return "", ErrNoLogin
	}
	return "v=" + base64.StdEncoding.EncodeToString(mech.mac(x.verifier.ServerKey, signed)), nil
}

// repeats tells whether nonce is the one of this exchange. On the Kafka face something may stand
// in front of it: librdkafka before 2.6.1 repeats its own part twice, and Kafka's broker looks at
// the end only. Nothing is lost by it: the proof is over the message as it came.
func (x *Exchange) repeats(nonce string) bool {
	return nonce == x.nonce || x.about.Face == Kafka && strings.HasSuffix(nonce, x.nonce)
}
