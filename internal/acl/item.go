package acl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Item is what one grantor gave one grantee.
type Item struct {
	Grantee uint32 // 0 = PUBLIC
	Grantor uint32
	Privs   Privs
	Options Privs // that the grantee may give on
}

// ACL is the list of an object's grants, in the order in which they came. It is never changed: changes make another.
type ACL []Item

// Default is the list of an object of a kind on which nobody has granted anything.
func Default(k Kind, owner uint32) ACL {
	var world Privs
	switch k {
	case Database:
		world = Temporary | Connect
	case Function, Type, Language:
		world = All(k)
	case Column:
		return nil
	}
	var out ACL
	if world != 0 {
		out = append(out, Item{Grantor: owner, Privs: world})
	}
	return append(out, Item{Grantee: owner, Grantor: owner, Privs: All(k)})
}

// text is an item as PostgreSQL writes it.
func (i Item) text(name func(uint32) string) string {
	var b strings.Builder
	if i.Grantee != 0 {
		b.WriteString(name(i.Grantee))
	}
	b.WriteByte('=')
	for at := range letters {
		if i.Privs&(1<<at) != 0 {
			b.WriteByte(letters[at])
		}
		if i.Options&(1<<at) != 0 {
			b.WriteByte('*')
		}
	}
	b.WriteByte('/')
	b.WriteString(name(i.Grantor))
	return b.String()
}

// Texts are the items as PostgreSQL writes them; name gives what a role is called, "" = it is gone.
func (a ACL) Texts(name func(role uint32) string) []string {
	out := make([]string, len(a))
	for i, item := range a {
		out[i] = item.text(func(role uint32) string {
			if n := name(role); n != "" {
				return quoted(n)
			}
			return number(role)
		})
	}
	return out
}

// quoted is a name in an item: in quotes unless it is of letters, digits and underscores.
func quoted(name string) string {
	for _, c := range []byte(name) {
		if c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	return name
}

func number(role uint32) string { return strconv.FormatUint(uint64(role), 10) }

// MarshalText is the form in the catalog: as PostgreSQL's, with OIDs.
func (i Item) MarshalText() ([]byte, error) { return []byte(i.text(number)), nil }

var errItem = errors.New("not a grant")

// ParseItem reads an item as PostgreSQL writes it; role finds the role that a name is of.
func ParseItem(text string, role func(name string) (uint32, bool)) (out Item, err error) {
	bad := fmt.Errorf("%w: %q", errItem, text)
	grantee, rest, ok := cutName(text)
	if !ok || !strings.HasPrefix(rest, "=") {
		return out, bad
	}
	privs, last, ok := strings.Cut(rest[1:], "/")
	grantor, end, named := cutName(last)
	if !ok || !named || end != "" {
		return out, bad
	}
	for at := range len(privs) {
		bit := strings.IndexByte(letters, privs[at])
		switch {
		case bit >= 0:
			out.Privs |= 1 << bit
		case privs[at] == '*' && at > 0 && privs[at-1] != '*':
			out.Options |= 1 << strings.IndexByte(letters, privs[at-1])
		default:
			return Item{}, bad
		}
	}
	if grantee != "" {
		if out.Grantee, ok = role(grantee); !ok {
			return Item{}, bad
		}
	}
	if out.Grantor, ok = role(grantor); !ok {
		return Item{}, bad
	}
	return out, nil
}

// cutName takes the name of a role, which may be in quotes, from the begin of a text.
func cutName(text string) (name, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, "=")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], true
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '"':
		case i+1 < len(text) && text[i+1] == '"':
			i++
		default:
			return strings.ReplaceAll(text[1:i], `""`, `"`), text[i+1:], true
		}
	}
	return "", "", false
}

// UnmarshalText reads what MarshalText wrote.
func (i *Item) UnmarshalText(text []byte) (err error) {
	*i, err = ParseItem(string(text), func(name string) (uint32, bool) {
		v, err := strconv.ParseUint(name, 10, 32)
		return uint32(v), err == nil
	})
	return err
}

// Exploded is one privilege of an item.
type Exploded struct {
	Grantor, Grantee uint32
	Word             string
	Option           bool
}

// Explode lists the privileges of an item.
func (i Item) Explode() (out []Exploded) {
	for at, w := range words {
		if i.Privs&(1<<at) != 0 {
			out = append(out, Exploded{i.Grantor, i.Grantee, w, i.Options&(1<<at) != 0})
		}
	}
	return out
}
