package kernel

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/tsearch"
)

// Functions of tsvector and tsquery. Those that read texts are in tsearchtext.go.
func init() {
	compareBy("tsvector", longNames, tsearch.CompareVectors)
	compareBy("tsquery", longNames, tsearch.CompareQueries)
	join := func(op tsearch.Op) Kernel {
		return ok2(func(a, b []byte) ([]byte, error) { return tsearch.Join(a, b, op, 1) })
	}
	rank := tsRank(tsearch.Rank)
	rankCover := tsRank(tsearch.RankCover)
	kernels(map[string]Kernel{
		"tsvector_cmp": threeWay(tsearch.CompareVectors),
		"tsquery_cmp":  threeWay(tsearch.CompareQueries),

		"tsvector_length": fn1(func(v []byte) int32 { return int32(tsearch.Len(v)) }),
		"tsvector_strip":  fn1(tsearch.Strip),
		"tsvector_concat": ok2(tsearch.Concat),
		"tsvector_setweight": ok2(func(v, weight []byte) ([]byte, error) {
			w, err := tsearch.WeightNamed(charByte(weight))
			if err != nil {
				return nil, err
			}
			return tsearch.SetWeight(v, w, nil, true), nil
		}),
		"tsvector_setweight_by_filter": eachRow(setWeightOf),
		"tsvector_delete_str":          fn2(func(v, lexeme []byte) []byte { return tsearch.Delete(v, [][]byte{lexeme}) }),
		"tsvector_delete_arr":          eachRow(deleteLexemes),
		"tsvector_filter":              eachRow(filterWeights),
		"array_to_tsvector":            eachRow(textsToVector),
		"tsvector_to_array": arrayMaker(func(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
			for _, w := range tsearch.Words(c.Args[0].Bytes(row)) {
				elems.AppendBytes(w.Text)
			}
			return vectorDims(elems), nil
		}),

		"tsquery_and":    join(tsearch.And),
		"tsquery_or":     join(tsearch.Or),
		"tsquery_phrase": join(tsearch.Phrase),
		"tsquery_phrase_distance": fn3e(func(a, b []byte, distance int32) ([]byte, Err) {
			q, err := tsearch.JoinPhrase(a, b, int(distance))
			return q, asErr(err)
		}),
		"tsquery_not":     ok1(tsearch.Negate),
		"tsquery_numnode": fn1(func(q []byte) int32 { return int32(tsearch.Nodes(q)) }),
		"tsquerytree":     app1(func(_ *Call, dst []byte, q []byte) ([]byte, Err) { return tsearch.AppendIndexed(dst, q), nil }),
		"tsq_mcontains":   fn2(tsearch.Contains),
		"tsq_mcontained":  fn2(func(a, b []byte) bool { return tsearch.Contains(b, a) }),
		"tsquery_rewrite": ok3(tsearch.Rewrite),
		"tsquery_rewrite_query": fn2e(func(q, text []byte) ([]byte, Err) {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "ts_rewrite with the text of a query is not supported").
				WithHint("Use ts_rewrite(query, target, substitute).")
		}),

		"ts_match_vq": fn2(tsearch.Match),
		"ts_match_qv": fn2(func(q, v []byte) bool { return tsearch.Match(v, q) }),
		"ts_rank_tt":  rank, "ts_rank_ttf": rank, "ts_rank_wtt": rank, "ts_rank_wttf": rank,
		"ts_rankcd_tt": rankCover, "ts_rankcd_ttf": rankCover, "ts_rankcd_wtt": rankCover, "ts_rankcd_wttf": rankCover,
	})
}

// charByte is the byte of a "char", 0 of the empty one.
func charByte(v []byte) byte {
	if len(v) == 0 {
		return 0
	}
	return v[0]
}

// notNull refuses NULL among the elements of an array of what is named.
func notNull(elems *delta.Column, what string) Err {
	for i := range int32(elems.Len) {
		if elems.Null(i) {
			return sqlerr.New(sqlerr.NullValueNotAllowed, "%s array may not contain nulls", what)
		}
	}
	return nil
}

// lexemesOf are the elements of a text[].
func (c *Call) lexemesOf(arg int, row int32, strict bool) ([][]byte, Err) {
	a := arrayOf(c.Args[arg], row)
	elems := elementsOf(c.Args[arg].Type, &a)
	if err := c.Scratch(24 * elems.Len); err != nil {
		return nil, err
	}
	if strict {
		if err := notNull(&elems, "lexeme"); err != nil {
			return nil, err
		}
	}
	out := make([][]byte, 0, elems.Len)
	for i := range int32(elems.Len) {
		if !elems.Null(i) {
			out = append(out, elems.Bytes(i))
		}
	}
	return out, nil
}

func setWeightOf(c *Call, dst []byte, row int32) ([]byte, Err) {
	letter := c.Args[1].Bytes(row)
	w, err := tsearch.WeightNamed(charByte(letter))
	if err != nil {
		return dst, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized weight: %s", letter)
	}
	lexemes, failed := c.lexemesOf(2, row, false)
	if failed != nil {
		return dst, failed
	}
	return append(dst, tsearch.SetWeight(c.Args[0].Bytes(row), w, lexemes, false)...), nil
}

func deleteLexemes(c *Call, dst []byte, row int32) ([]byte, Err) {
	lexemes, err := c.lexemesOf(1, row, false)
	if err != nil {
		return dst, err
	}
	return append(dst, tsearch.Delete(c.Args[0].Bytes(row), lexemes)...), nil
}

func filterWeights(c *Call, dst []byte, row int32) ([]byte, Err) {
	a := arrayOf(c.Args[1], row)
	elems := elementsOf(c.Args[1].Type, &a)
	if err := notNull(&elems, "weight"); err != nil {
		return dst, err
	}
	bits := 0
	for i := range int32(elems.Len) {
		letter := charByte(elems.Bytes(i))
		w, err := tsearch.WeightNamed(letter)
		if err != nil {
			return dst, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized weight: \"%c\"", letter)
		}
		bits |= 1 << w
	}
	return append(dst, tsearch.Filter(c.Args[0].Bytes(row), bits)...), nil
}

func textsToVector(c *Call, dst []byte, row int32) ([]byte, Err) {
	texts, err := c.lexemesOf(0, row, true)
	if err != nil {
		return dst, err
	}
	v, failed := tsearch.FromTexts(texts)
	return append(dst, v...), asErr(failed)
}

// ranker is Rank or RankCover.
type ranker func(w tsearch.Weights, v, q []byte, normalize int, pause func() Err) (float32, error)

// tsRank is the loop of ranks: weights may come first, how to normalize last.
func tsRank(rank ranker) Kernel {
	return func(c *Call) {
		put := fixed[float32](c.Out)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			args := c.Args
			weights := tsearch.DefaultWeights
			if args[0].Type != sqltype.TSVector {
				w, err := rankWeights(args[0], i)
				if err != nil {
					c.finish(i, err)
					continue
				}
				weights, args = w, args[1:]
			}
			how := 0
			if len(args) > 2 {
				how = int(delta.Values[int32](args[2])[args[2].At(i)])
			}
			r, err := rank(weights, args[0].Bytes(i), args[1].Bytes(i), how, c.breathe)
			if err != nil {
				c.finish(i, asErr(err))
				continue
			}
			put[i] = r
		}
	}
}

func rankWeights(a *delta.Column, row int32) (w tsearch.Weights, _ Err) {
	arr := arrayOf(a, row)
	elems := elementsOf(a.Type, &arr)
	switch {
	case arr.NDim != 1:
		return w, sqlerr.New(sqlerr.ArraySubscriptError, "array of weight must be one-dimensional")
	case elems.Len < len(w):
		return w, sqlerr.New(sqlerr.ArraySubscriptError, "array of weight is too short")
	}
	for i := range int32(elems.Len) {
		if elems.Null(i) {
			return w, sqlerr.New(sqlerr.NullValueNotAllowed, "array of weight must not contain nulls")
		}
	}
	w, err := tsearch.WeightsOf(delta.Values[float32](&elems))
	return w, asErr(err)
}
