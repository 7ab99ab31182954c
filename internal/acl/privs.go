package acl

import (
	"math/bits"
	"strings"
)

// Privs are privileges, a bit each.
type Privs uint16

// The privileges, in the order of their letters.
const (
	Insert Privs = 1 << iota
	Select
	Update
	Delete
	Truncate
	References
	Trigger
	Execute
	Usage
	Create
	Temporary
	Connect
)

const letters = "arwdDxtXUCTc"

var words = []string{"INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "EXECUTE", "USAGE", "CREATE", "TEMPORARY", "CONNECT"}

// Kind is a sort of objects, which have the same privileges: PostgreSQL's letters of acldefault, and 'k' for topics.
type Kind byte

const (
	Table    Kind = 'r'
	Column   Kind = 'c'
	Sequence Kind = 's'
	Database Kind = 'd'
	Function Kind = 'f'
	Language Kind = 'l'
	Schema   Kind = 'n'
	Type     Kind = 'T'
	Topic    Kind = 'k'
)

// All are the privileges that objects of a kind have.
func All(k Kind) Privs {
	switch k {
	case Table:
		return Insert | Select | Update | Delete | Truncate | References | Trigger
	case Column:
		return Insert | Select | Update | References
	case Sequence:
		return Usage | Select | Update
	case Database:
		return Create | Temporary | Connect
	case Function:
		return Execute
	case Schema:
		return Usage | Create
	case Type, Language:
		return Usage
	case Topic:
		return Insert | Select
	}
	return 0
}

// Word is the privilege that SQL calls so, in any case; 0 = there is none.
func Word(word string) Privs {
	word = strings.ToUpper(word)
	if word == "TEMP" {
		word = "TEMPORARY"
	}
	for i, w := range words {
		if w == word {
			return 1 << i
		}
	}
	return 0
}

// Words are the privileges as SQL calls them.
func (p Privs) Words() []string {
	var out []string
	for i, w := range words {
		if p&(1<<i) != 0 {
			out = append(out, w)
		}
	}
	return out
}

func (p Privs) count() int { return bits.OnesCount16(uint16(p)) }
