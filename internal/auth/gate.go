package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/tributary-db/tributary/internal/clock"
)

// ErrRefused says that a client is not who it says: an unknown role, a wrong password, no
// password at all. Which of them it is, nobody is told.
var ErrRefused = errors.New("authentication failed")

// ErrNoLogin is ErrRefused of a client that has proved to be a role which may not log in.
var ErrNoLogin = fmt.Errorf("%w: the role may not log in", ErrRefused)

// Account is what the directory knows of a name. The zero value is a role that does not exist.
type Account struct {
	Role      uint32 // OID
	Exists    bool
	NoLogin   bool // nobody is let in as this role, with whatever proof
	Verifiers Verifiers
}

// Directory knows the roles. It is safe for concurrent use.
type Directory interface {
	// Account finds a role; that it does not exist is no error.
	Account(ctx context.Context, name string) (Account, error)
}

// Config is what a Gate needs. Directory must be given.
type Config struct {
	Directory Directory
	// Trusting: clients are believed without a password (auth = trust).
	Trusting bool
	// Nameless is the role of trusted clients whose protocol has no name to give.
	Nameless string
	// MockKey makes the verifiers of roles that do not exist; it should outlive the process.
	// Default random.
	MockKey []byte
	Clock   clock.Clock // default the machine's
	Random  io.Reader   // default crypto/rand
	Logger  *slog.Logger
}

// Gate authenticates the clients of all faces. It is safe for concurrent use.
type Gate struct {
	cfg      Config
	slow     slowdown
	warn     warnings // never changes
	failures counters
	// deriving are places for PBKDF2 over passwords that came in clear.
	deriving chan struct{}
}

// derivations at once: guessing passwords must not take the processors from everybody else.
const derivations = 2

// New makes a gate.
func New(cfg Config) (*Gate, error) {
	if cfg.Directory == nil {
		return nil, errors.New("auth: a directory is needed")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real{}
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MockKey == nil {
		cfg.MockKey = make([]byte, 32)
		if _, err := io.ReadFull(cfg.Random, cfg.MockKey); err != nil {
			return nil, fmt.Errorf("auth: read randomness: %w", err)
		}
	}
	g := &Gate{cfg: cfg, deriving: make(chan struct{}, derivations), failures: newCounters(), warn: newWarnings()}
	return g, nil
}

// Trusting reports whether clients are believed without a password.
func (g *Gate) Trusting() bool { return g.cfg.Trusting }

// Failures counts failed attempts since the start.
func (g *Gate) Failures(f Face, m Method) int64 { return g.failures.of(f, m).Load() }

// Attempt is one client's claim.
type Attempt struct {
	Face   Face
	Peer   string // address without port
	Name   string // of the role
	Method Method // filled in by what checks it
}

func (a Attempt) principal(acc Account) Principal {
	return Principal{Role: acc.Role, Name: a.Name, Method: a.Method, Peer: a.Peer}
}

// lookup waits as long as the address must, then asks the directory.
func (g *Gate) lookup(ctx context.Context, a Attempt) (Account, error) {
	if err := g.slow.wait(ctx, g.cfg.Clock, a.Peer, a.Name); err != nil {
		return Account{}, err
	}
	return g.cfg.Directory.Account(ctx, a.Name)
}

// Trust believes the client, if the role exists: ErrRefused if not.
func (g *Gate) Trust(ctx context.Context, a Attempt) (Principal, error) {
	a.Method = Trust
	if a.Name == "" {
		a.Name = g.cfg.Nameless
	}
	acc, err := g.cfg.Directory.Account(ctx, a.Name) // there is nothing to guess, and nobody to be slowed down
	switch {
	case err != nil:
	case !acc.Exists:
		err = ErrRefused
	case acc.NoLogin:
		err = ErrNoLogin
	}
	if err != nil {
		g.tell(a, err, g.cfg.Clock.Now())
		return Principal{}, err
	}
	return a.principal(acc), nil
}

// Certificate takes the name of a client certificate, which TLS has verified, as the role's.
// known is false when there is no such role; that alone is no failure, the client may go on to
// prove itself in another way.
func (g *Gate) Certificate(ctx context.Context, a Attempt) (p Principal, known bool, err error) {
	a.Method = Certificate
	acc, err := g.cfg.Directory.Account(ctx, a.Name)
	if err != nil || !acc.Exists {
		return Principal{}, false, err
	}
	if acc.NoLogin {
		g.failed(a, ErrNoLogin)
		return Principal{}, true, ErrNoLogin
	}
	return a.principal(acc), true, nil
}

// Password checks a password that came in clear, by a.Method; the face sees to it that nobody
// overheard it. ErrRefused: it is wrong.
func (g *Gate) Password(ctx context.Context, a Attempt, password string) (Principal, error) {
	acc, err := g.lookup(ctx, a)
	if err == nil {
		err = g.check(ctx, a, acc, password)
	}
	if err != nil {
		g.failed(a, err)
		return Principal{}, err
	}
	return a.principal(acc), nil
}

func (g *Gate) check(ctx context.Context, a Attempt, acc Account, password string) error {
	v, ok := acc.Verifiers.Of(SHA256)
	if !ok || !acc.Exists {
		ok, v = false, g.mock(SHA256, a.Name)
	}
	select {
	case g.deriving <- struct{}{}:
		defer func() { <-g.deriving }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if !v.matches(password) || !ok {
		return ErrRefused
	}
	if acc.NoLogin {
		return ErrNoLogin
	}
	return nil
}

// mock is a verifier that no password fits. Its salt is the same each time for a name, so that
// asking twice does not tell a role that exists from one that does not.
func (g *Gate) mock(m Mechanism, name string) Verifier {
	key := g.cfg.MockKey
	return Verifier{
		Mechanism: m, Iterations: Iterations,
		Salt:      m.mac(key, "salt "+name)[:saltBytes],
		StoredKey: m.mac(key, "stored "+name),
		ServerKey: m.mac(key, "server "+name),
	}
}
