package kernel

import (
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/tsearch"
	"github.com/tributary-db/tributary/internal/tsearch/token"
)

// Rows of text search.
func init() {
	parse := func(c *Call, row int32) (Rows, Err) {
		if err := c.searchParser(row); err != nil {
			return nil, err
		}
		p := token.New(string(c.Args[1].Bytes(row)))
		return func(out []*delta.Builder, limit int) (n int, _ Err) {
			for ; n < limit; n++ {
				t, text, ok := p.Next()
				if !ok {
					break
				}
				delta.Append(out[0], int32(t))
				out[1].AppendString(text)
			}
			return n, nil
		}, nil
	}
	types := func(c *Call, row int32) (Rows, Err) {
		if err := c.searchParser(row); err != nil {
			return nil, err
		}
		at := 0
		return func(out []*delta.Builder, limit int) (n int, _ Err) {
			for ; n < limit && at < len(token.Types); n++ {
				info := token.Types[at]
				at++
				delta.Append(out[0], int32(at))
				out[1].AppendString(info.Alias)
				out[2].AppendString(info.Description)
			}
			return n, nil
		}, nil
	}
	sets(map[string]SetKernel{
		"ts_parse_byid": parse, "ts_parse_byname": parse,
		"ts_token_type_byid": types, "ts_token_type_byname": types,
		"ts_debug": tsDebug, "tsvector_unnest": vectorRows,
	})
}

// searchParser checks the name or the OID of a parser; there is one.
func (c *Call) searchParser(row int32) Err {
	a := c.Args[0]
	if a.Type == sqltype.OIDType {
		if oid := uint32(delta.Values[int32](a)[a.At(row)]); oid != tsearch.DefaultParser {
			return sqlerr.New(sqlerr.UndefinedObject, "cache lookup failed for text search parser %d", oid)
		}
		return nil
	}
	name := string(a.Bytes(row))
	parts, ok := ident.Split(name)
	if n := len(parts); ok && (n == 1 || n == 2 && parts[0] == "pg_catalog") && len(bootstrap.Named("pg_ts_parser", parts[n-1])) > 0 {
		return nil
	}
	return sqlerr.New(sqlerr.UndefinedObject, "text search parser \"%s\" does not exist", name)
}

// tsDebug gives the tokens of a text, and what the dictionaries make of them.
func tsDebug(c *Call, row int32) (Rows, Err) {
	cfg, args, err := c.searchConfig(row)
	if err != nil {
		return nil, err
	}
	p := token.New(string(args[0].Bytes(row)))
	texts := delta.NewBuilder(sqltype.Text)
	oids := delta.NewBuilder(sqltype.Regdict)
	return func(out []*delta.Builder, limit int) (n int, _ Err) {
		for ; n < limit; n++ {
			t, text, ok := p.Next()
			if !ok {
				break
			}
			out[0].AppendString(token.Types[t-1].Alias)
			out[1].AppendString(token.Types[t-1].Description)
			out[2].AppendString(text)
			oids.Clear()
			d := cfg.Dictionary(t)
			if d == nil {
				appendVector(out[3], oids)
				out[4].AppendNull()
				out[5].AppendNull()
				continue
			}
			delta.Append(oids, int32(d.OID))
			appendVector(out[3], oids)
			delta.Append(out[4], int32(d.OID))
			texts.Clear()
			if lexeme, _ := d.Lexize(text); lexeme != "" {
				texts.AppendString(lexeme)
			}
			appendVector(out[5], texts)
		}
		return n, nil
	}, nil
}

// appendVector appends an array of the values of elems.
func appendVector(to, elems *delta.Builder) {
	col := elems.Column()
	to.SetVar(sqltype.AppendVector(to.Var(), &col.Vec))
	to.EndBytes()
}

// vectorRows are the words of a tsvector, their positions and weights.
func vectorRows(c *Call, row int32) (Rows, Err) {
	words := tsearch.Words(c.Args[0].Bytes(row))
	if err := c.Scratch(48 * len(words)); err != nil {
		return nil, err
	}
	positions, weights := delta.NewBuilder(sqltype.Int2), delta.NewBuilder(sqltype.Text)
	return func(out []*delta.Builder, limit int) (n int, _ Err) {
		for ; n < limit && len(words) > 0; n++ {
			w := words[0]
			words = words[1:]
			out[0].AppendBytes(w.Text)
			if len(w.Pos) == 0 {
				out[1].AppendNull()
				out[2].AppendNull()
				continue
			}
			positions.Clear()
			weights.Clear()
			for _, p := range w.Pos {
				delta.Append(positions, int16(p.At()))
				weights.AppendString("DCBA"[p.Weight() : p.Weight()+1])
			}
			appendVector(out[1], positions)
			appendVector(out[2], weights)
		}
		return n, nil
	}, nil
}
