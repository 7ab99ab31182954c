package kernel

import (
	"cmp"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/tsearch"
)

// Text search in texts: to_tsvector and its kin. Those that are given no configuration take default_text_search_config.
func init() {
	both := func(symbol string, f func(c *Call, cfg *tsearch.Config, args []*delta.Column, dst []byte, row int32) ([]byte, Err)) {
		k := eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
			cfg, args, err := c.searchConfig(row)
			if err != nil {
				return dst, err
			}
			return f(c, cfg, args, dst, row)
		})
		kernels(map[string]Kernel{symbol: k, symbol + "_byid": k})
	}
	both("to_tsvector", func(c *Call, cfg *tsearch.Config, args []*delta.Column, dst []byte, row int32) ([]byte, Err) {
		return c.textVector(cfg, dst, args[0].Bytes(row))
	})
	for symbol, syntax := range map[string]tsearch.Syntax{
		"to_tsquery": tsearch.Operators, "plainto_tsquery": tsearch.Plain, "phraseto_tsquery": tsearch.PhraseText, "websearch_to_tsquery": tsearch.Web,
	} {
		both(symbol, func(c *Call, cfg *tsearch.Config, args []*delta.Column, dst []byte, row int32) ([]byte, Err) {
			q, err := tsearch.MakeQuery(cfg, string(args[0].Bytes(row)), syntax, c.breathe)
			return append(dst, q...), asErr(err)
		})
	}
	headline := eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
		cfg, args, err := c.searchConfig(row)
		if err != nil {
			return dst, err
		}
		return c.headline(cfg, args, dst, row, args[0].Bytes(row))
	})
	kernels(map[string]Kernel{
		"ts_headline": headline, "ts_headline_opt": headline, "ts_headline_byid": headline, "ts_headline_byid_opt": headline,
		"get_current_ts_config": fn0c(func(c *Call) (int32, Err) { return int32(c.defaultConfig()), nil }),
		"ts_match_tt": fn2c(func(c *Call, text, query []byte) (bool, Err) {
			cfg, err := c.sessionConfig()
			if err != nil {
				return false, err
			}
			q, failed := tsearch.MakeQuery(cfg, string(query), tsearch.Plain, c.breathe)
			if failed != nil {
				return false, asErr(failed)
			}
			return c.textMatches(cfg, text, q)
		}),
		"ts_match_tq": fn2c(func(c *Call, text, q []byte) (bool, Err) {
			cfg, err := c.sessionConfig()
			if err != nil {
				return false, err
			}
			return c.textMatches(cfg, text, q)
		}),
		"ts_lexize": arrayMaker(func(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
			d, err := tsearch.DictionaryOf(uint32(delta.Values[int32](c.Args[0])[c.Args[0].At(row)]))
			if err != nil {
				return nil, asErr(err)
			}
			lexeme, known := d.Lexize(string(c.Args[1].Bytes(row)))
			if !known {
				return nil, errNull
			}
			if lexeme != "" {
				elems.AppendString(lexeme)
			}
			return vectorDims(elems), nil
		}),
	})
}

// searchConfig is the configuration of a call, and the arguments behind it.
func (c *Call) searchConfig(row int32) (*tsearch.Config, []*delta.Column, Err) {
	if a := c.Args[0]; a.Type == sqltype.Regconfig {
		cfg, err := tsearch.ConfigOf(uint32(delta.Values[int32](a)[a.At(row)]))
		return cfg, c.Args[1:], asErr(err)
	}
	cfg, err := c.sessionConfig()
	return cfg, c.Args, err
}

func (c *Call) sessionConfig() (*tsearch.Config, Err) {
	cfg, err := tsearch.ConfigOf(c.defaultConfig())
	return cfg, asErr(err)
}

// defaultConfig is default_text_search_config, where there is a session.
func (c *Call) defaultConfig() uint32 {
	return cmp.Or(c.Env.Settings.TextSearchConfig, tsearch.DefaultConfig)
}

// wordMemory is about how much memory the words of a byte of text take at most: a word of two bytes is 100.
const wordMemory = 50

func (c *Call) textVector(cfg *tsearch.Config, dst, text []byte) ([]byte, Err) {
	if len(text) > step/wordMemory {
		if err := c.Scratch(len(text) * wordMemory); err != nil {
			return dst, err
		}
	}
	d := tsearch.NewDocument(cfg, c.breathe)
	if err := d.Add(string(text)); err != nil {
		return dst, asErr(err)
	}
	v, err := d.Vector()
	return append(dst, v...), asErr(err)
}

func (c *Call) textMatches(cfg *tsearch.Config, text, q []byte) (bool, Err) {
	v, err := c.textVector(cfg, nil, text)
	if err != nil {
		return false, err
	}
	return tsearch.Match(v, q), nil
}

// headlineState keeps the last options read, usually the only ones.
type headlineState struct {
	text    string
	options tsearch.HeadlineOptions
}

// headlineOptions are those that may stand behind the document and the query.
func (c *Call) headlineOptions(args []*delta.Column, row int32) (tsearch.HeadlineOptions, Err) {
	if len(args) <= 2 {
		return tsearch.DefaultHeadline, nil
	}
	given := args[2].Bytes(row)
	if st, ok := c.State.(*headlineState); ok && st.text == view(given) {
		return st.options, nil
	}
	o, err := tsearch.ParseHeadlineOptions(string(given))
	if err != nil {
		return o, asErr(err)
	}
	c.State = &headlineState{string(given), o}
	return o, nil
}

// headline appends the headline of a text; args are the document, the query and, it may be, options.
func (c *Call) headline(cfg *tsearch.Config, args []*delta.Column, dst []byte, row int32, text []byte) ([]byte, Err) {
	options, failed := c.headlineOptions(args, row)
	if failed != nil {
		return dst, failed
	}
	if len(text) > step/wordMemory {
		if err := c.Scratch(len(text) * wordMemory); err != nil {
			return dst, err
		}
	}
	out, err := tsearch.Headline(cfg, options, string(text), args[1].Bytes(row), c.breathe)
	return append(dst, out...), asErr(err)
}
