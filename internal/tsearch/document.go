package tsearch

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/tsearch/token"
)

// maxToken is the longest token that is looked at, in bytes.
const maxToken = maxLexeme

// found is a lexeme with its place in a text.
type found struct {
	lexeme string
	at     int
}

// Document collects the lexemes of texts that make one vector.
type Document struct {
	config *Config
	pause  func() *sqlerr.Error
	words  []found
	at     int // the place of the last word
	size   int
}

// NewDocument is an empty one. pause is called now and then, and ends the work by an error.
func NewDocument(c *Config, pause func() *sqlerr.Error) *Document {
	return &Document{config: c, pause: pause}
}

// Add reads a text. What was added before is not next to it.
func (d *Document) Add(text string) error {
	before := len(d.words)
	if err := d.read(text); err != nil {
		return err
	}
	if len(d.words) > before {
		d.at++
	}
	return nil
}

// maxFound bounds the words of a document: no vector has room for so many lexemes, nor positions for so many.
const maxFound = 1 << 24

func (d *Document) read(text string) error {
	p := token.New(text)
	for {
		t, piece, ok := p.Next()
		if !ok {
			return nil
		}
		if err := d.pause(); err != nil {
			return err
		}
		if len(piece) > maxToken {
			continue
		}
		dict := d.config.dict[t]
		if dict == nil {
			continue
		}
		if dict.missing {
			return errMissing("dictionary", dict.Name)
		}
		lexeme, known := dict.Lexize(piece)
		if !known {
			continue
		}
		d.at++
		if lexeme == "" {
			continue
		}
		if len(d.words) >= maxFound {
			return errTooLong(d.size)
		}
		d.words = append(d.words, found{lexeme, d.at})
		d.size += len(lexeme)
	}
}

// Vector is to_tsvector of all that was added.
func (d *Document) Vector() ([]byte, error) {
	words := make([]Word, len(d.words))
	positions := make([]Position, len(d.words))
	for i, w := range d.words {
		positions[i] = position(min(w.at, maxPosition), 0)
		words[i] = Word{[]byte(w.lexeme), positions[i : i+1 : i+1]}
	}
	return appendChecked(nil, unite(words))
}

// Memory is about what the words take until they are a vector.
func (d *Document) Memory() int { return len(d.words)*96 + d.size }
