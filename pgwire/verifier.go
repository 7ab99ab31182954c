package pgwire

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
	"github.com/xdg-go/stringprep"
)

// Iterations is PostgreSQL's count for new passwords.
const Iterations = 4096

const (
	maxIterations = 1 << 20 // the client pays for them, a stored verifier may be foreign
	saltBytes     = 16
)

// ErrVerifier says that a text is no SCRAM-SHA-256 verifier.
var ErrVerifier = errors.New("not a SCRAM-SHA-256 verifier")

// Verifier is what is stored in place of a password. Its text is PostgreSQL's
// "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey", so that a password hashed by a client
// (psql's \password) is taken as it is.
type Verifier struct {
	Iterations int
	Salt       []byte
	StoredKey  []byte
	ServerKey  []byte
}

// NewVerifier hashes a password with salt from random.
func NewVerifier(password string, random io.Reader) (Verifier, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(random, salt); err != nil {
		return Verifier{}, fmt.Errorf("make a salt: %w", err)
	}
	// The client prepares the password by SASLprep; so must we, or a password with
	// compatibility characters could never be given. A text it refuses is used as it is.
	prepared := password
	if p, err := stringprep.SASLprep.Prepare(password); err == nil {
		prepared = p
	}
	salted, err := pbkdf2.Key(sha256.New, prepared, salt, Iterations, sha256.Size)
	if err != nil {
		return Verifier{}, fmt.Errorf("derive a key: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	return Verifier{Iterations: Iterations, Salt: salt, StoredKey: stored[:], ServerKey: mac(salted, "Server Key")}, nil
}

// ParseVerifier reads a verifier's text, ErrVerifier if it is none.
func ParseVerifier(text string) (Verifier, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 3 || parts[0] != scramMechanism {
		return Verifier{}, ErrVerifier
	}
	count, salt, ok1 := strings.Cut(parts[1], ":")
	stored, server, ok2 := strings.Cut(parts[2], ":")
	if !ok1 || !ok2 {
		return Verifier{}, ErrVerifier
	}
	var v Verifier
	var errs [4]error
	v.Iterations, errs[0] = strconv.Atoi(count)
	v.Salt, errs[1] = base64.StdEncoding.DecodeString(salt)
	v.StoredKey, errs[2] = base64.StdEncoding.DecodeString(stored)
	v.ServerKey, errs[3] = base64.StdEncoding.DecodeString(server)
	if errors.Join(errs[:]...) != nil || v.Iterations < 1 || v.Iterations > maxIterations ||
		len(v.StoredKey) != sha256.Size || len(v.ServerKey) != sha256.Size {
		return Verifier{}, ErrVerifier
	}
	return v, nil
}

func (v Verifier) String() string {
	enc := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s$%d:%s$%s:%s", scramMechanism, v.Iterations, enc(v.Salt), enc(v.StoredKey), enc(v.ServerKey))
}

// conversation starts one exchange. The name that the client puts into it is ignored: the
// startup packet's counts, as in PostgreSQL.
func (v Verifier) conversation() (*scram.ServerConversation, error) {
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) {
		return scram.StoredCredentials{
			KeyFactors: scram.KeyFactors{Salt: string(v.Salt), Iters: v.Iterations},
			StoredKey:  v.StoredKey,
			ServerKey:  v.ServerKey,
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return server.NewConversation(), nil
}

// mockVerifier is one that no password fits. Its salt is the same each time for a name, so
// that asking twice does not tell a role that exists from one that does not.
func (s *Server) mockVerifier(user string) Verifier {
	return Verifier{
		Iterations: Iterations,
		Salt:       mac(s.mockKey[:], "salt "+user)[:saltBytes],
		StoredKey:  mac(s.mockKey[:], "stored "+user),
		ServerKey:  mac(s.mockKey[:], "server "+user),
	}
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
