package auth

import (
	"io"
	"slices"
	"strings"
)

// Verifiers are a role's, at most one for each mechanism. None: no password opens the role.
type Verifiers []Verifier

// NewVerifiers hashes a password for every mechanism.
func NewVerifiers(password string, random io.Reader) (Verifiers, error) {
	var out Verifiers
	for _, m := range Mechanisms() {
		v, err := NewVerifier(m, password, random)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// PasswordVerifiers is what PASSWORD 'text' means: a verifier of PostgreSQL's form is taken as
// it is, anything else is a password.
func PasswordVerifiers(text string, random io.Reader) (Verifiers, error) {
	if v, err := ParseVerifier(text); err == nil && v.Mechanism == SHA256 {
		return Verifiers{v}, nil
	}
	return NewVerifiers(text, random)
}

// ParseVerifiers reads what String wrote; ErrVerifier if it is something else. An empty text is
// no verifier at all.
func ParseVerifiers(text string) (Verifiers, error) {
	if text == "" {
		return nil, nil
	}
	var out Verifiers
	for line := range strings.SplitSeq(text, "\n") {
		v, err := ParseVerifier(line)
		if err != nil {
			return nil, err
		}
		if _, twice := out.Of(v.Mechanism); twice {
			return nil, ErrVerifier
		}
		out = append(out, v)
	}
	return out, nil
}

// String is one line for each.
func (vs Verifiers) String() string {
	lines := make([]string, len(vs))
	for i, v := range vs {
		lines[i] = v.String()
	}
	return strings.Join(lines, "\n")
}

// Of is the verifier for a mechanism.
func (vs Verifiers) Of(m Mechanism) (Verifier, bool) {
	i := slices.IndexFunc(vs, func(v Verifier) bool { return v.Mechanism == m })
	if i < 0 {
		return Verifier{}, false
	}
	return vs[i], true
}

// Without is vs but for that of a mechanism.
func (vs Verifiers) Without(m Mechanism) Verifiers {
	return slices.DeleteFunc(slices.Clone(vs), func(v Verifier) bool { return v.Mechanism == m })
}
