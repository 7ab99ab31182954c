package kernel

import (
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonpath"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// jsonb by SQL/JSON paths. The _tz forms compare times with and without a zone by the session's.
func init() {
	for _, tz := range []bool{false, true} {
		suffix := pick(tz, "_tz", "")
		kernels(map[string]Kernel{
			"jsonb_path_exists" + suffix: pathTruth((*jsonpath.Path).Exists, tz),
			"jsonb_path_match" + suffix:  pathTruth((*jsonpath.Path).Match, tz),
			"jsonb_path_query_array" + suffix: eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
				return c.pathArray(dst, row, tz)
			}),
			"jsonb_path_query_first" + suffix: eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
				items, err := c.pathQuery(row, tz)
				if err == nil && len(items) == 0 {
					err = errNull
				}
				if err != nil {
					return dst, err
				}
				return items[0].AppendTo(dst), nil
			}),
		})
		sets(map[string]SetKernel{
			"jsonb_path_query" + suffix: listed(sqltype.JSONB, func(c *Call, row int32, values *delta.Builder) Err {
				items, err := c.pathQuery(row, tz)
				if err != nil {
					return err
				}
				for _, it := range items {
					if err := c.Scratch(it.Size()); err != nil {
						return err
					}
					values.AppendBytes(it.AppendTo(nil))
				}
				return nil
			}),
		})
	}
	kernels(map[string]Kernel{
		"jsonb_path_exists_opr": pathTruth((*jsonpath.Path).Exists, false),
		"jsonb_path_match_opr":  pathTruth((*jsonpath.Path).Match, false),
	})
}

// pathNodeSize is about what a byte of a path takes once it is read.
const pathNodeSize = 64

// pathState keeps the last path read, usually the only one.
type pathState struct {
	text string
	path *jsonpath.Path
}

func (c *Call) path(row int32) (*jsonpath.Path, Err) {
	text := c.Args[1].Bytes(row)
	if st, ok := c.State.(*pathState); ok && st.text == view(text) {
		return st.path, nil
	}
	if err := c.Scratch(len(text) * pathNodeSize); err != nil {
		return nil, err
	}
	p, err := jsonpath.Parse(text)
	if err != nil {
		return nil, asErr(err)
	}
	if len(text) <= maxKeptFormat {
		c.State = &pathState{strings.Clone(view(text)), p}
	}
	return p, nil
}

// pathEnv is of row's arguments; the operators have a path only, and are silent.
func (c *Call) pathEnv(row int32, tz bool) *jsonpath.Env {
	env := &jsonpath.Env{Silent: true, Breathe: c.breathe, Charge: c.Scratch}
	if len(c.Args) == 4 {
		env.Vars, env.Silent = c.Args[2].Bytes(row), c.boolArg(3, row)
	}
	if tz {
		if env.Zone = c.zone(); env.Zone == nil {
			env.Zone = time.UTC
		}
		env.Now, env.HasNow = c.Env.Now, c.Env.HasNow
	}
	return env
}

func (c *Call) pathQuery(row int32, tz bool) ([]jsonpath.Item, Err) {
	p, err := c.path(row)
	if err != nil {
		return nil, err
	}
	items, qerr := p.Query(c.Args[0].Bytes(row), c.pathEnv(row, tz))
	return items, asErr(qerr)
}

func (c *Call) pathArray(dst []byte, row int32, tz bool) ([]byte, Err) {
	items, err := c.pathQuery(row, tz)
	if err != nil {
		return dst, err
	}
	dst = append(dst, '[')
	for i, it := range items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if err := c.Scratch(it.Size()); err != nil {
			return dst, err
		}
		dst = it.AppendTo(dst)
	}
	return append(dst, ']'), nil
}

func pathTruth(ask func(p *jsonpath.Path, doc []byte, env *jsonpath.Env) (value, null bool, err error), tz bool) Kernel {
	return func(c *Call) {
		out := c.Out.Bools()
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			p, err := c.path(i)
			if err != nil {
				c.finish(i, err)
				continue
			}
			v, null, aerr := ask(p, c.Args[0].Bytes(i), c.pathEnv(i, tz))
			switch {
			case aerr != nil:
				c.finish(i, asErr(aerr))
			case null:
				c.Out.SetNull(i)
			default:
				out[i] = b2u(v)
			}
		}
	}
}
