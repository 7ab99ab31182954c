package tsearch

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/tsearch/token"
)

// shown is a token of a text, or a lexeme that a query looks for and that it was made to.
type shown struct {
	text string
	kind token.Type
	at   int
	item *Node
	// again: the token is there already, with another lexeme of the query.
	again                 bool
	in, skip, blank, mark bool
}

func (w *shown) interesting() bool { return w.item != nil && !w.again }

// noWord: a part of the text that is no word, or one that stands there in parts too.
func (w *shown) noWord() bool {
	switch w.kind {
	case token.Blank, token.Tag, token.URL, token.NumHyphenWord, token.ASCIIHyphenWord, token.HyphenWord:
		return true
	}
	return false
}

// headline is a text on the way to being one.
type headline struct {
	HeadlineOptions
	config *Config
	words  []shown
	root   *Node
	values []*Node
	pause  func() *sqlerr.Error
}

// Headline is ts_headline: the pieces of a text where a query's words are, with them marked.
func Headline(c *Config, o HeadlineOptions, text string, q []byte, pause func() *sqlerr.Error) (string, error) {
	h := &headline{HeadlineOptions: o, config: c, root: Tree(q), pause: pause}
	h.root.values(func(n *Node) { h.values = append(h.values, n) })
	if err := h.read(text); err != nil {
		return "", err
	}
	var err error
	switch {
	case o.All:
		h.show(0, len(h.words)-1)
	case o.Fragments > 0:
		err = h.fragments()
	default:
		err = h.best()
	}
	if err != nil {
		return "", err
	}
	return h.assemble(), nil
}

// read makes tokens of the text, each with the lexemes of the query that it is.
func (h *headline) read(text string) error {
	p := token.New(text)
	at := 0
	for {
		t, piece, ok := p.Next()
		if !ok {
			return nil
		}
		if err := h.pause(); err != nil {
			return err
		}
		if len(piece) > maxToken {
			continue
		}
		h.words = append(h.words, shown{text: piece, kind: t})
		dict := h.config.dict[t]
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
		at++
		h.words[len(h.words)-1].at = min(at, maxPosition)
		if lexeme != "" {
			h.find(lexeme)
		}
	}
}

// find notes which lexemes of the query the last token is.
func (h *headline) find(lexeme string) {
	first := len(h.words) - 1
	for _, n := range h.values {
		word := string(n.Word)
		if word != lexeme && !(n.Prefix && len(lexeme) >= len(word) && lexeme[:len(word)] == word) {
			continue
		}
		if h.words[first].item == nil {
			h.words[first].item = n
			continue
		}
		w := h.words[first]
		w.item, w.again = n, true
		h.words = append(h.words, w)
	}
}

// cover is the first piece behind p that matches the query, by the places of its words; ok is false if there is none.
func (h *headline) cover(p, longest int) (from, to int, ok bool, err error) {
	if h.root == nil {
		return 0, 0, false, nil
	}
	for from = h.nextItem(p); from >= 0; {
		following := -1
		for to = from; to >= 0 && to-from < longest; {
			if err := h.pause(); err != nil {
				return 0, 0, false, err
			}
			if h.matches(h.words[from : to+1]) {
				return from, to, true, nil
			}
			next := h.nextItem(to + 1)
			if to == from {
				following = next
			}
			to = next
		}
		from = following
	}
	return 0, 0, false, nil
}

func (h *headline) nextItem(i int) int {
	for ; i < len(h.words); i++ {
		if h.words[i].item != nil {
			return i
		}
	}
	return -1
}

// matches reports whether words are what the query asks for. Weights are not looked at.
func (h *headline) matches(words []shown) bool {
	m := matcher{func(n *Node, where *places) answer {
		result := no
		for i := range words {
			if words[i].item != n {
				continue
			}
			result = yes
			if where == nil {
				break
			}
			if k := len(where.at); k == 0 || where.at[k-1] < words[i].at {
				where.at = append(where.at, words[i].at)
			}
		}
		return result
	}}
	return m.matches(h.root)
}

// show takes the words from one to another into the headline.
func (h *headline) show(from, to int) {
	for i := from; i <= to; i++ {
		w := &h.words[i]
		w.mark = w.mark || w.item != nil
		switch {
		case w.kind == token.Tag:
			w.blank = w.blank || !h.All
		case w.noWord() && w.kind != token.Blank:
			w.skip = true
		}
		w.in = !w.again
	}
}

// assemble is the text of the headline.
func (h *headline) assemble() string {
	var out []byte
	inside, fragments := false, 0
	for i := range h.words {
		w := &h.words[i]
		if w.again {
			continue
		}
		if !w.in {
			inside = false
			continue
		}
		if !inside {
			if inside = true; fragments > 0 {
				out = append(out, h.Delimiter...)
			}
			fragments++
		}
		switch {
		case w.blank:
			out = append(out, ' ')
		case w.skip:
		case w.mark:
			out = append(append(append(out, h.Start...), w.text...), h.Stop...)
		default:
			out = append(out, w.text...)
		}
	}
	return string(out)
}
