package session

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// codecEnv is the session's settings as the codecs take them.
func (s *Session) codecEnv() *codec.Env {
	d := s.set.derived
	env := &codec.Env{
		Location: d.Location, ExtraFloatDigits: d.ExtraFloatDigits, FewFloatDigits: d.ExtraFloatDigits <= 0,
		ByteaEscape: d.ByteaOutput == "escape", Names: s.introspection(),
	}
	env.DateStyle, _ = datetime.ReadDateStyle(d.DateStyle, datetime.DateStyle{})
	env.IntervalStyle = datetime.ReadIntervalStyle(d.IntervalStyle)
	return env
}

// arguments reads the parameters of a Bind, one constant column each.
func (s *Session) arguments(types []sqltype.Type, b *face.Bind) ([]delta.Column, error) {
	if len(b.Params) != len(types) {
		return nil, sqlerr.New(sqlerr.ProtocolViolation,
			"bind message supplies %d parameters, but prepared statement %q requires %d", len(b.Params), b.Statement, len(types))
	}
	if len(types) == 0 {
		return nil, nil
	}
	env := s.codecEnv()
	out := make([]delta.Column, len(types))
	for i, t := range types {
		col := delta.NewBuilder(t.OID)
		var err error
		switch {
		case b.Params[i] == nil:
			col.AppendNull()
		case b.ParamFormat(i) == face.Binary:
			err = codec.AppendBinary(col, t, b.Params[i], env)
		default:
			err = codec.AppendText(col, t, b.Params[i], env)
		}
		if err != nil {
			return nil, err
		}
		out[i] = col.Constant(1)
	}
	return out, nil
}
