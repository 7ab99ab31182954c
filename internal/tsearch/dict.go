package tsearch

import (
	"embed"
	"strings"
	"sync"
	"unicode"

	"github.com/blevesearch/snowballstem"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Dictionary makes lexemes of a token. It is safe for concurrent use.
type Dictionary struct {
	OID  uint32
	Name string
	// language of the stemmer; nil = the token in lower case is the lexeme.
	stem func(*snowballstem.Env) bool
	// stopsOf is the language whose most frequent words are dropped, "" = none are.
	stopsOf string
	missing bool

	once  sync.Once
	stops map[string]bool
}

// The lists of stop words are those that come with the Snowball stemmers and PostgreSQL.
//
//go:embed stopwords/*.stop
var stopFiles embed.FS

// maxStemmed is the longest word that a stemmer is given.
const maxStemmed = 1000

// Lexize is the lexeme of a token: "" with known is a stop word, and a dictionary that does not know a token hands it on.
func (d *Dictionary) Lexize(word string) (lexeme string, known bool) {
	word = strings.Map(unicode.ToLower, word)
	if d.stem == nil {
		return word, true
	}
	if word == "" || len(word) <= maxStemmed && d.stopWords()[word] {
		return "", true
	}
	if len(word) > maxStemmed {
		return word, true
	}
	env := snowballstem.NewEnv(word)
	d.stem(env)
	if stemmed := env.Current(); stemmed != "" {
		return stemmed, true
	}
	return word, true
}

func (d *Dictionary) stopWords() map[string]bool {
	d.once.Do(func() {
		d.stops = map[string]bool{}
		if d.stopsOf == "" {
			return
		}
		text, _ := stopFiles.ReadFile("stopwords/" + d.stopsOf + ".stop")
		for _, w := range strings.Fields(string(text)) {
			d.stops[w] = true
		}
	})
	return d.stops
}

// DictionaryOf finds a dictionary by its OID.
func DictionaryOf(oid uint32) (*Dictionary, error) {
	for _, d := range dictionaries {
		if d.OID == oid {
			if d.missing {
				return nil, errMissing("dictionary", d.Name)
			}
			return d, nil
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedObject, "cache lookup failed for text search dictionary %d", oid)
}

func errMissing(kind, name string) error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "text search %s \"%s\" is not supported", kind, name).WithHint("There is no stemmer of this language here.")
}
