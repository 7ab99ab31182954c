package tsearch

import (
	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/irish"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/tamil"
	"github.com/blevesearch/snowballstem/turkish"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/tsearch/token"
)

// Config says which dictionary tokens go to.
type Config struct {
	OID  uint32
	Name string
	dict [token.Entity + 1]*Dictionary // by type of token, nil = it is dropped
	// missing: there is no stemmer of the language.
	missing bool
}

// DefaultParser is the OID of the one parser.
const DefaultParser = 3722

// languages are PostgreSQL's, each a dictionary and a configuration that have the next OIDs.
var languages = []struct {
	name  string
	stem  func(*snowballstem.Env) bool
	stops bool
	latin bool // words of ASCII go to the language's own stemmer, not to the English one
}{
	{"arabic", arabic.Stem, false, true},
	{"armenian", nil, false, true},
	{"basque", nil, false, true},
	{"catalan", nil, false, true},
	{"danish", danish.Stem, true, true},
	{"dutch", dutch.Stem, true, true},
	{"english", english.Stem, true, true},
	{"finnish", finnish.Stem, true, true},
	{"french", french.Stem, true, true},
	{"german", german.Stem, true, true},
	{"greek", nil, false, true},
	{"hindi", nil, false, false},
	{"hungarian", hungarian.Stem, true, true},
	{"indonesian", nil, false, true},
	{"irish", irish.Stem, false, true},
	{"italian", italian.Stem, true, true},
	{"lithuanian", nil, false, true},
	{"nepali", nil, false, true},
	{"norwegian", norwegian.Stem, true, true},
	{"portuguese", portuguese.Stem, true, true},
	{"romanian", romanian.Stem, false, true},
	{"russian", russian.Stem, true, false},
	{"serbian", nil, false, true},
	{"spanish", spanish.Stem, true, true},
	{"swedish", swedish.Stem, true, true},
	{"tamil", tamil.Stem, false, true},
	{"turkish", turkish.Stem, true, true},
	{"yiddish", nil, false, true},
}

// OIDs of the first of each, as PostgreSQL 15 numbers them.
const (
	simpleConfig     = 3748
	simpleDictionary = 3765
	firstSnowball    = 13151
	// DefaultConfig is english, the configuration of who asks for none.
	DefaultConfig = 13164
)

var configs, dictionaries = func() ([]*Config, []*Dictionary) {
	simple := &Dictionary{OID: simpleDictionary, Name: "simple"}
	configs, dicts := []*Config{newConfig(simpleConfig, "simple", simple, simple, simple)}, []*Dictionary{simple}
	byName := map[string]*Dictionary{}
	for i, l := range languages {
		d := &Dictionary{OID: firstSnowball + 2*uint32(i), Name: l.name + "_stem", stem: l.stem, missing: l.stem == nil}
		if l.stops {
			d.stopsOf = l.name
		}
		byName[l.name] = d
		dicts = append(dicts, d)
	}
	for i, l := range languages {
		own := byName[l.name]
		ascii := own
		if !l.latin {
			ascii = byName["english"]
		}
		c := newConfig(firstSnowball+2*uint32(i)+1, l.name, simple, own, ascii)
		c.missing = own.missing
		configs = append(configs, c)
	}
	return configs, dicts
}()

func newConfig(oid uint32, name string, simple, words, ascii *Dictionary) *Config {
	c := &Config{OID: oid, Name: name}
	for t := range c.dict {
		switch token.Type(t) {
		case 0, token.Blank, token.Tag, token.Protocol, token.Entity:
		case token.Word, token.HyphenWord, token.HyphenPart:
			c.dict[t] = words
		case token.ASCIIWord, token.ASCIIHyphenWord, token.ASCIIHyphenPart:
			c.dict[t] = ascii
		default:
			c.dict[t] = simple
		}
	}
	return c
}

// Dictionary is where tokens of a type go, nil = nowhere.
func (c *Config) Dictionary(t token.Type) *Dictionary { return c.dict[t] }

// ConfigOf finds a configuration by its OID.
func ConfigOf(oid uint32) (*Config, error) {
	for _, c := range configs {
		if c.OID == oid {
			if c.missing {
				return nil, errMissing("configuration", c.Name)
			}
			return c, nil
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedObject, "cache lookup failed for text search configuration %d", oid)
}

// ConfigNamed is the OID of a configuration.
func ConfigNamed(name string) (oid uint32, ok bool) {
	for _, c := range configs {
		if c.Name == name {
			return c.OID, true
		}
	}
	return 0, false
}
