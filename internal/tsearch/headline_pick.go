package tsearch

import "github.com/tributary-db/tributary/internal/tsearch/token"

// badEnd: a headline does not end well with the word.
func (h *headline) badEnd(i int) bool {
	w := &h.words[i]
	if w.interesting() {
		return false
	}
	switch w.kind {
	case token.Scientific, token.Version, token.Float, token.Int, token.Uint, token.Protocol, token.Entity:
		return true
	}
	return w.noWord() || len(w.text) <= h.Short
}

// tally is words of a piece, and those of the query among them.
type tally struct{ words, items int }

func (h *headline) add(t *tally, i, by int) {
	if !h.words[i].noWord() {
		t.words += by
	}
	if h.words[i].interesting() {
		t.items += by
	}
}

// longest is how far apart the first and the last word of a cover may be.
func (h *headline) longest() int {
	n := max(10*h.Most, 100)
	if h.Fragments > 0 {
		n *= min(h.Fragments, 1<<20)
	}
	return n
}

// best shows the piece around the best cover.
func (h *headline) best() error {
	bestFrom, bestTo, bestItems, bestWhole := -1, -1, -1, false
	for p := 0; ; p++ {
		from, to, ok, err := h.cover(p, h.longest())
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		p = from
		begin, end, t := h.piece(from, to)
		whole := begin <= from && end >= to
		better := whole && !bestWhole
		if whole == bestWhole {
			better = t.items > bestItems || t.items == bestItems && !h.badEnd(end) && h.badEnd(bestTo)
		}
		if better {
			bestFrom, bestTo, bestItems, bestWhole = begin, end, t.items, whole
		}
	}
	if bestItems < 0 {
		h.beginning()
		return nil
	}
	h.show(bestFrom, bestTo)
	return nil
}

// beginning shows the first words of the text.
func (h *headline) beginning() {
	var t tally
	end := -1
	for i := 0; i < len(h.words) && t.words < h.Least; i++ {
		h.add(&t, i, 1)
		end = i
	}
	h.show(0, end)
}

// piece is a cover made longer, or shorter, until it has as many words as a headline, and ends well.
func (h *headline) piece(from, to int) (begin, end int, t tally) {
	begin, end = from, from
	i := from
	for ; i <= to && t.words < h.Most; i++ {
		h.add(&t, i, 1)
		end = i
	}
	if t.words >= h.Most {
		for i = min(i, to); t.words > h.Least && h.badEnd(i); i-- {
			h.add(&t, i, -1)
			end = i - 1
		}
		return begin, end, t
	}
	for i--; i < len(h.words) && t.words < h.Most; i++ {
		if i > to {
			h.add(&t, i, 1)
		}
		end = i
		if !h.badEnd(i) && t.words >= h.Least {
			break
		}
	}
	if t.words >= h.Least {
		return begin, end, t
	}
	for i = from - 1; i >= 0; i-- {
		h.add(&t, i, 1)
		if t.words >= h.Most || !h.badEnd(i) && t.words >= h.Least {
			break
		}
	}
	return max(i, 0), end, t
}

// fragment is a piece of a cover that is no longer than a headline.
type fragment struct {
	from, to int
	tally
	chosen, excluded bool
}

func (h *headline) fragments() error {
	var list []fragment
	for p := 0; ; p++ {
		from, to, ok, err := h.cover(p, h.longest())
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		p = from
		for begin := from; begin <= to; {
			f := h.fragment(begin, to)
			list = append(list, f)
			begin = f.to + 1
		}
	}
	shown := false
	for range h.Fragments {
		f := choose(list)
		if f == nil {
			break
		}
		f.chosen, shown = true, true
		h.stretch(f)
		h.show(f.from, f.to)
		for i := range list {
			if o := &list[i]; o != f && overlaps(o, f) {
				o.excluded = true
			}
		}
	}
	if !shown {
		h.beginning()
	}
	return nil
}

func overlaps(o, f *fragment) bool {
	return o.from >= f.from && o.from <= f.to || o.to >= f.from && o.to <= f.to || o.from < f.from && o.to > f.to
}

// choose is the fragment with the most words of the query, and of those the shortest.
func choose(list []fragment) *fragment {
	var best *fragment
	for i := range list {
		f := &list[i]
		if f.chosen || f.excluded {
			continue
		}
		if best == nil || f.items > best.items || f.items == best.items && f.words < best.words {
			best = f
		}
	}
	return best
}

// fragment cuts a cover where it has as many words as a headline, and back to a word of the query.
func (h *headline) fragment(from, to int) (f fragment) {
	f.from, f.to = from, to
	for i := from; i <= to; i++ {
		if f.from = i; h.words[i].interesting() {
			break
		}
	}
	i := f.from
	for ; i <= to && f.words < h.Most; i++ {
		h.add(&f.tally, i, 1)
	}
	if to <= i {
		return f
	}
	for f.to = i; i >= f.from; i-- {
		if f.to = i; h.words[i].interesting() {
			break
		}
		if !h.words[i].noWord() {
			f.words--
		}
	}
	return f
}

// stretch makes a fragment as long as a headline, to both sides.
func (h *headline) stretch(f *fragment) {
	if f.words >= h.Most {
		return
	}
	word := func(i int) int {
		if h.words[i].noWord() {
			return 0
		}
		return 1
	}
	room, stretched, far := (h.Most-f.words)/2, 0, f.from
	for i := f.from - 1; i >= 0 && stretched < room && !h.words[i].in; i-- {
		f.words += word(i)
		stretched += word(i)
		far = i
	}
	for ; far < f.from && h.badEnd(far); far++ {
		f.words -= word(far)
	}
	f.from, far = far, f.to
	for i := f.to + 1; i < len(h.words) && f.words < h.Most && !h.words[i].in; i++ {
		f.words += word(i)
		far = i
	}
	for ; far > f.to && h.badEnd(far); far-- {
		f.words -= word(far)
	}
	f.to = far
}
