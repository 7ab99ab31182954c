package tsearch

import (
	"cmp"
	"math"
	"slices"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// hit is a place of a document where lexemes of a query stand.
type hit struct {
	pos   Position
	word  int   // of the vector
	items []int // of the query
}

// cover is a piece of a document that has all that a query asks for, from one hit to another, and no smaller one in it.
type cover struct {
	begin, end int // hits
	p, q       int // positions
}

// RankCover is ts_rank_cd: short covers count much.
func RankCover(given Weights, v, q []byte, normalize int, pause func() *sqlerr.Error) (float32, error) {
	var inverse [4]float64
	for i, w := range given {
		if w < 0 {
			w = DefaultWeights[i]
		}
		if w > 1 {
			return 0, errWeight()
		}
		inverse[i] = 1 / float64(w)
	}
	root, words := Tree(q), Words(v)
	if root == nil {
		return 0, nil
	}
	c := newCovers(root, words, pause)
	if len(c.hits) == 0 {
		return 0, nil
	}
	var rank, distances, before float64
	covers := 0
	for {
		found, ok, err := c.next()
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		sum := 0.0
		for _, h := range c.hits[found.begin : found.end+1] {
			sum += inverse[h.pos.Weight()]
		}
		n := found.end - found.begin
		noise := found.q - found.p - n
		if noise < 0 { // positions have an end: about half of a cover is noise
			noise = n / 2
		}
		rank += float64(n+1) / sum / float64(1+noise)
		middle := float64(found.q+found.p) / 2
		if covers > 0 && middle > before {
			distances += 1 / (middle - before)
		}
		before = middle
		covers++
	}
	if normalize&byDistance != 0 && covers > 0 && distances > 0 {
		// Between the two by length and those by words, as the bits are.
		return float32(coverNormalized(rank, words, normalize, float64(covers)/distances)), nil
	}
	return float32(coverNormalized(rank, words, normalize, 1)), nil
}

func coverNormalized(rank float64, words []Word, how int, distance float64) float64 {
	if how&byLogLength != 0 && len(words) > 0 {
		rank /= math.Log(float64(count(words) + 1))
	}
	if how&byLength != 0 {
		if n := count(words); n > 0 {
			rank /= float64(n)
		}
	}
	rank /= distance
	if how&byUnique != 0 && len(words) > 0 {
		rank /= float64(len(words))
	}
	if how&byLogUnique != 0 && len(words) > 0 {
		rank /= math.Log(float64(len(words)+1)) / math.Log(2)
	}
	if how&byItself != 0 {
		rank /= rank + 1
	}
	return rank
}

// covers finds the covers of a query in a document from the beginning to the end.
type covers struct {
	root  *Node
	items map[*Node]int
	hits  []hit
	at    int // the hit that the next cover begins at or behind
	pause func() *sqlerr.Error

	seen [][]int // of each item, the positions among the hits that are looked at
	back bool    // which are gone through from the end
}

func newCovers(root *Node, words []Word, pause func() *sqlerr.Error) *covers {
	c := &covers{root: root, items: map[*Node]int{}, pause: pause}
	root.values(func(n *Node) {
		item := len(c.items)
		c.items[n] = item
		first, _ := find(words, n.Word)
		for k, word := range matching(words, n) {
			for _, p := range word.Pos {
				if n.Weights == 0 || n.Weights&(1<<p.Weight()) != 0 {
					c.hits = append(c.hits, hit{pos: p, word: first + k, items: []int{item}})
				}
			}
		}
	})
	slices.SortStableFunc(c.hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.pos.At(), b.pos.At()), cmp.Compare(a.pos.Weight(), b.pos.Weight()), cmp.Compare(a.word, b.word))
	})
	out := c.hits[:0]
	for i, h := range c.hits {
		if n := len(out); i > 0 && out[n-1].pos == h.pos && out[n-1].word == h.word {
			out[n-1].items = append(out[n-1].items, h.items...)
			continue
		}
		out = append(out, h)
	}
	c.hits = out
	c.seen = make([][]int, len(c.items))
	return c
}

func (c *covers) reset(back bool) {
	c.back = back
	for i := range c.seen {
		c.seen[i] = c.seen[i][:0]
	}
}

// look adds a hit to what is seen, and tells whether that matches the query.
func (c *covers) look(h *hit) (bool, *sqlerr.Error) {
	if err := c.pause(); err != nil {
		return false, err
	}
	for _, item := range h.items {
		s := c.seen[item]
		if n := len(s); n == 0 || s[n-1] != h.pos.At() {
			c.seen[item] = append(s, h.pos.At())
		}
	}
	m := matcher{func(n *Node, where *places) answer {
		s := c.seen[c.items[n]]
		if len(s) == 0 {
			return no
		}
		if where != nil {
			where.at = slices.Clone(s)
			if c.back {
				slices.Reverse(where.at)
			}
		}
		return yes
	}}
	return m.matches(c.root), nil
}

func (c *covers) next() (found cover, ok bool, err error) {
	for ; ; c.at++ {
		found = cover{p: math.MaxInt}
		c.reset(false)
		end := -1
		for i := c.at; i < len(c.hits); i++ {
			matches, err := c.look(&c.hits[i])
			if err != nil {
				return found, false, err
			}
			if matches {
				if at := c.hits[i].pos.At(); at > 0 {
					found.q, found.end, end = at, i, i
				}
				break
			}
		}
		if end < 0 {
			return found, false, nil
		}
		c.reset(true)
		i := end
		for ; i >= c.at; i-- {
			matches, err := c.look(&c.hits[i])
			if err != nil {
				return found, false, err
			}
			if matches {
				found.begin, found.p = i, c.hits[i].pos.At()
				break
			}
		}
		if found.p <= found.q {
			c.at = i + 1
			return found, true, nil
		}
	}
}
