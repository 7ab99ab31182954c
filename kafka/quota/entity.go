package quota

import "errors"

// Name is a user or a client id in an entity.
type Name struct {
	Is   Kind
	Text string // of Named
}

// Kind of a Name.
type Kind uint8

const (
	Any     Kind = 0 // the entity says nothing of it
	Default Kind = 1 // whoever has no quota of its own
	Named   Kind = 2
)

// Entity is whom a quota is for. At least one of its names is not Any.
type Entity struct{ User, Client Name }

// Direction of bytes.
type Direction uint8

const (
	Produce Direction = 0
	Fetch   Direction = 1
)

// Key is Kafka's name of the quota.
func (d Direction) Key() string {
	if d == Fetch {
		return "consumer_byte_rate"
	}
	return "producer_byte_rate"
}

// Rates in bytes a second by Direction; 0 = no quota.
type Rates [2]uint64

// Entry is an entity with its quotas.
type Entry struct {
	Entity
	Rates
}

// ErrTooMany: there are as many entities with quotas as there may be.
var ErrTooMany = errors.New("too many client quotas")

// Limits of what is kept, and of waits.
const (
	MaxEntities = 10_000
	// MaxName is the longest user or client id of an entity.
	MaxName = 1 << 10
	// MaxRate is Kafka's largest value, that of a long, where doubles are exact.
	MaxRate = 1 << 53
)

// table is the quotas in force.
type table map[Entity]Rates

// nearest is the entity whose quota counts for a client, by Kafka's order of precedence.
func (t table) nearest(user, client string, d Direction) (Entity, uint64) {
	u, c := Name{Named, user}, Name{Named, client}
	rest := Name{Is: Default}
	for _, e := range [...]Entity{
		{u, c}, {u, rest}, {User: u}, {rest, c}, {rest, rest}, {User: rest}, {Client: c}, {Client: rest},
	} {
		if rate := t[e][d]; rate > 0 {
			return e, rate
		}
	}
	return Entity{}, 0
}

// bucketOf is what the bucket of a client is found by: the names that the entity looks at.
func (e Entity) bucketOf(user, client string) Entity {
	var b Entity
	if e.User.Is != Any {
		b.User = Name{Named, user}
	}
	if e.Client.Is != Any {
		b.Client = Name{Named, client}
	}
	return b
}
