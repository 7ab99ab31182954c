package auth

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// TokenLife is how long a bearer token is good for.
const TokenLife = 24 * time.Hour

// macBytes is the length of a token's proof, and of the expiry in front of the name.
const (
	macBytes    = 32
	expiryBytes = 8
)

// Issue makes a bearer token, which its holder shows instead of the password: for protocols that
// prove a client at every request, where a PBKDF2 each time would be the dearest part. It is
//
//	base64url( expiry, big-endian seconds since 1970 │ name of the role │ HMAC-SHA-256 )
//
// keyed by MockKey, so that it outlives a restart, and over the role's verifier, so that it
// dies with the password. Nothing is kept here.
func (g *Gate) Issue(ctx context.Context, p Principal) (string, error) {
	acc, err := g.cfg.Directory.Account(ctx, p.Name)
	if err != nil {
		return "", err
	}
	expires := g.cfg.Clock.Now().Add(TokenLife)
	if !p.Expires.IsZero() && p.Expires.Before(expires) {
		expires = p.Expires // a token for a token does not live longer
	}
	body := binary.BigEndian.AppendUint64(nil, uint64(expires.Unix()))
	body = append(body, p.Name...)
	return base64.RawURLEncoding.EncodeToString(append(body, g.tokenProof(body, acc)...)), nil
}

// Token takes a bearer token. ErrRefused: it is none, has expired, or the password was changed.
func (g *Gate) Token(ctx context.Context, a Attempt, token string) (Principal, error) {
	a.Method = Bearer
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < expiryBytes+macBytes {
		g.failed(a, ErrRefused)
		return Principal{}, ErrRefused
	}
	body, proof := raw[:len(raw)-macBytes], raw[len(raw)-macBytes:]
	a.Name = string(body[expiryBytes:])
	// why no slow-down: 256 bits are not guessed, and the holder asks at every request.
	acc, err := g.cfg.Directory.Account(ctx, a.Name)
	if err != nil {
		return Principal{}, err
	}
	expires := time.Unix(int64(binary.BigEndian.Uint64(body)), 0)
	if !hmac.Equal(proof, g.tokenProof(body, acc)) || !acc.Exists || acc.NoLogin {
		g.failed(a, ErrRefused)
		return Principal{}, ErrRefused
	}
	if !g.cfg.Clock.Now().Before(expires) {
		return Principal{}, ErrRefused // no attack: it was ours
	}
	p := a.principal(acc)
	p.Expires = expires
	return p, nil
}

func (g *Gate) tokenProof(body []byte, acc Account) []byte {
	v, _ := acc.Verifiers.Of(SHA256)                     // none under trust
	role := binary.BigEndian.AppendUint32(nil, acc.Role) // another role that gets the name is another
	return SHA256.mac(g.cfg.MockKey, "token "+string(role)+string(v.StoredKey)+" "+string(body))
}
