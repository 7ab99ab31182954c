package tsearch

import (
	"bytes"
	"math"
	"slices"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Weights are what a word counts by its weight, D to A.
type Weights [4]float32

// DefaultWeights are those of who says none.
var DefaultWeights = Weights{0.1, 0.2, 0.4, 1}

// Normalizations of a rank by the document's length, as bits.
const (
	byLogLength = 1 << iota
	byLength
	byDistance
	byUnique
	byLogUnique
	byItself
)

func errWeight() error {
	return sqlerr.New(sqlerr.InvalidParameterValue, "weight out of range")
}

// WeightsOf are weights as they were given; those below 0 are the default's.
func WeightsOf(given []float32) (Weights, error) {
	w := DefaultWeights
	for i := range w {
		if given[i] >= 0 {
			w[i] = given[i]
		}
		if w[i] > 1 {
			return w, errWeight()
		}
	}
	return w, nil
}

func (w *Weights) of(p Position) float32 { return w[p.Weight()] }

// closeness falls with the distance of two words.
func closeness(distance int) float32 {
	if distance > 100 {
		return 1e-30
	}
	return float32(1 / (1.005 + 0.05*math.Exp(float64(float32(distance))/1.5-2)))
}

// Rank is ts_rank.
func Rank(w Weights, v, q []byte, normalize int, pause func() *sqlerr.Error) (float32, error) {
	root, words := Tree(q), Words(v)
	if root == nil || len(words) == 0 {
		return 0, nil
	}
	var lexemes []*Node
	root.values(func(n *Node) { lexemes = append(lexemes, n) })
	slices.SortStableFunc(lexemes, func(a, b *Node) int { return bytes.Compare(a.Word, b.Word) })
	lexemes = slices.CompactFunc(lexemes, func(a, b *Node) bool { return bytes.Equal(a.Word, b.Word) })
	var rank float32
	if len(lexemes) > 1 && (root.Op == And || root.Op == Phrase) {
		var err *sqlerr.Error
		if rank, err = rankAnd(&w, words, lexemes, pause); err != nil {
			return 0, err
		}
	} else {
		rank = rankOr(&w, words, lexemes)
	}
	if rank < 0 {
		rank = 1e-20
	}
	return normalized(rank, words, normalize), nil
}

func normalized(rank float32, words []Word, how int) float32 {
	if how&byLogLength != 0 {
		rank = float32(float64(rank) / (math.Log(float64(count(words)+1)) / math.Log(2)))
	}
	if how&byLength != 0 {
		rank /= float32(count(words))
	}
	if how&byUnique != 0 {
		rank /= float32(len(words))
	}
	if how&byLogUnique != 0 {
		rank = float32(float64(rank) / (math.Log(float64(len(words)+1)) / math.Log(2)))
	}
	if how&byItself != 0 {
		rank /= rank + 1
	}
	return rank
}

// matching are the words that a lexeme of a query, or the words it is a prefix of, mean.
func matching(words []Word, n *Node) []Word {
	i, found := find(words, n.Word)
	end := i
	if found {
		end++
	}
	for n.Prefix && end < len(words) && bytes.HasPrefix(words[end].Text, n.Word) {
		end++
	}
	return words[i:end]
}

var (
	nowhere = []Position{maxPosition} // of a word without positions, beside others
	alone   = []Position{0}           // and by itself
)

func rankAnd(w *Weights, words []Word, lexemes []*Node, pause func() *sqlerr.Error) (float32, *sqlerr.Error) {
	rank := float32(-1)
	at := make([][]Position, len(lexemes))
	for i, n := range lexemes {
		for _, word := range matching(words, n) {
			if at[i] = word.Pos; len(word.Pos) == 0 {
				at[i] = nowhere
			}
			for _, other := range at[:i] {
				if err := pause(); err != nil {
					return 0, err
				}
				rank = rankPair(w, rank, at[i], other)
			}
		}
	}
	return rank, nil
}

func rankPair(w *Weights, rank float32, a, b []Position) float32 {
	unknown := len(a) > 0 && len(b) > 0 && (&a[0] == &nowhere[0] || &b[0] == &nowhere[0])
	for _, p := range a {
		for _, q := range b {
			distance := p.At() - q.At()
			if distance < 0 {
				distance = -distance
			}
			if distance == 0 {
				if !unknown {
					continue
				}
				distance = 1 << 14
			}
			pair := float32(math.Sqrt(float64(w.of(p) * w.of(q) * closeness(distance))))
			if rank < 0 {
				rank = pair
			} else {
				rank = float32(1 - (1-float64(rank))*(1-float64(pair)))
			}
		}
	}
	return rank
}

func rankOr(w *Weights, words []Word, lexemes []*Node) (rank float32) {
	for _, n := range lexemes {
		for _, word := range matching(words, n) {
			pos := word.Pos
			if len(pos) == 0 {
				pos = alone
			}
			var sum float32
			best, at := float32(-1), 0
			for j, p := range pos {
				sum += w.of(p) / float32((j+1)*(j+1))
				if w.of(p) > best {
					best, at = w.of(p), j
				}
			}
			// 1 + 1/4 + 1/9 + … is 1.6449…
			rank = float32(float64(rank) + float64(best+sum-best/float32((at+1)*(at+1)))/1.64493406685)
		}
	}
	return rank / float32(len(lexemes))
}
