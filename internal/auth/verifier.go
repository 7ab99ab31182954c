package auth

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/xdg-go/stringprep"
)

// Mechanism is SCRAM over one hash, by its SASL name.
type Mechanism string

const (
	SHA256 Mechanism = "SCRAM-SHA-256"
	SHA512 Mechanism = "SCRAM-SHA-512"
)

// Mechanisms are those for which a verifier is kept, in the order in which they are.
func Mechanisms() []Mechanism { return []Mechanism{SHA256, SHA512} }

func (m Mechanism) hash() func() hash.Hash {
	if m == SHA512 {
		return sha512.New
	}
	return sha256.New
}

func (m Mechanism) size() int { return m.hash()().Size() }

// Iterations is PostgreSQL's count for new passwords, and Kafka's least.
const Iterations = 4096

const (
	// maxIterations bounds what a stored verifier, which may be foreign, makes us or a client do.
	maxIterations = 1 << 17
	saltBytes     = 16
)

// ErrVerifier says that a text is no SCRAM verifier.
var ErrVerifier = errors.New("not a SCRAM verifier")

// Verifier is what is kept in place of a password for one mechanism.
type Verifier struct {
	Mechanism  Mechanism
	Iterations int
	Salt       []byte
	StoredKey  []byte
	ServerKey  []byte
}

// NewVerifier hashes a password with salt from random.
func NewVerifier(m Mechanism, password string, random io.Reader) (Verifier, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(random, salt); err != nil {
		return Verifier{}, fmt.Errorf("make a salt: %w", err)
	}
	v := Verifier{Mechanism: m, Iterations: Iterations, Salt: salt}
	return v, v.derive(password)
}

// derive fills in the keys.
func (v *Verifier) derive(password string) error {
	salted, err := pbkdf2.Key(v.Mechanism.hash(), prepare(password), v.Salt, v.Iterations, v.Mechanism.size())
	if err != nil {
		return fmt.Errorf("derive a key: %w", err)
	}
	v.keys(salted)
	return nil
}

func (v *Verifier) keys(salted []byte) {
	v.StoredKey = v.Mechanism.sum(v.Mechanism.mac(salted, "Client Key"))
	v.ServerKey = v.Mechanism.mac(salted, "Server Key")
}

// SaltedVerifier is the verifier of a password that a client has hashed (RFC 5802's SaltedPassword);
// ErrVerifier if the mechanism makes none like it.
func SaltedVerifier(m Mechanism, salted, salt []byte, iterations int) (Verifier, error) {
	if m != SHA256 && m != SHA512 || len(salted) != m.size() || len(salt) == 0 || iterations < 1 || iterations > maxIterations {
		return Verifier{}, ErrVerifier
	}
	v := Verifier{Mechanism: m, Iterations: iterations, Salt: salt}
	v.keys(salted)
	return v, nil
}

// matches tells whether password is the verifier's. It costs a PBKDF2.
func (v Verifier) matches(password string) bool {
	other := Verifier{Mechanism: v.Mechanism, Iterations: v.Iterations, Salt: v.Salt}
	return other.derive(password) == nil && hmac.Equal(other.StoredKey, v.StoredKey)
}

// prepare is SASLprep, which clients do: without it a password with compatibility characters
// could never be given. A text it refuses is used as it is, as PostgreSQL does.
func prepare(password string) string {
	if p, err := stringprep.SASLprep.Prepare(password); err == nil {
		return p
	}
	return password
}

// ParseVerifier reads a verifier's text, ErrVerifier if it is none.
func ParseVerifier(text string) (Verifier, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 3 {
		return Verifier{}, ErrVerifier
	}
	v := Verifier{Mechanism: Mechanism(parts[0])}
	if v.Mechanism != SHA256 && v.Mechanism != SHA512 {
		return Verifier{}, ErrVerifier
	}
	count, salt, ok1 := strings.Cut(parts[1], ":")
	stored, server, ok2 := strings.Cut(parts[2], ":")
	if !ok1 || !ok2 {
		return Verifier{}, ErrVerifier
	}
	var errs [4]error
	v.Iterations, errs[0] = strconv.Atoi(count)
	v.Salt, errs[1] = base64.StdEncoding.DecodeString(salt)
	v.StoredKey, errs[2] = base64.StdEncoding.DecodeString(stored)
	v.ServerKey, errs[3] = base64.StdEncoding.DecodeString(server)
	if errors.Join(errs[:]...) != nil || v.Iterations < 1 || v.Iterations > maxIterations || len(v.Salt) == 0 ||
		len(v.StoredKey) != v.Mechanism.size() || len(v.ServerKey) != v.Mechanism.size() {
		return Verifier{}, ErrVerifier
	}
	return v, nil
}

func (v Verifier) String() string {
	enc := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s$%d:%s$%s:%s", v.Mechanism, v.Iterations, enc(v.Salt), enc(v.StoredKey), enc(v.ServerKey))
}

func (m Mechanism) mac(key []byte, text string) []byte {
	h := hmac.New(m.hash(), key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (m Mechanism) sum(b []byte) []byte {
	h := m.hash()()
	h.Write(b)
	return h.Sum(nil)
}
