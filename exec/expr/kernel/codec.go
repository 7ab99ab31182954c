package kernel

import (
	"strings"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/plan"
)

// Codec is what the settings mean for the types' text forms. Settings that name neither time
// zone nor date style are nobody's: they are the defaults.
func Codec(s plan.Settings) *codec.Env {
	e := &codec.Env{Location: s.Location, Names: namesOf(s)}
	if s.TimeZone == "" && s.DateStyle == "" && s.ExtraFloatDigits == 0 {
		return e
	}
	e.ExtraFloatDigits, e.FewFloatDigits = s.ExtraFloatDigits, s.ExtraFloatDigits <= 0
	e.ByteaEscape = strings.EqualFold(s.ByteaOutput, "escape")
	if e.Location == nil {
		e.Location, _ = datetime.LoadZone(s.TimeZone)
	}
	e.DateStyle, _ = datetime.ReadDateStyle(s.DateStyle, datetime.DateStyle{})
	e.IntervalStyle = datetime.ReadIntervalStyle(s.IntervalStyle)
	return e
}

// namesOf is what names are resolved by, nil = nothing.
func namesOf(s plan.Settings) sqltype.Names {
	if s.Session == nil || s.Session.Catalog == nil {
		return nil
	}
	return s.Session.Catalog
}

// Prepare derives what kernels need of the settings; Compile calls it.
func (e *Env) Prepare() {
	if e.codec == nil {
		e.codec = Codec(e.Settings)
	}
}

// PrepareAs is Prepare for settings that are most often those of another Env.
func (e *Env) PrepareAs(other *Env) {
	a, b := &e.Settings, &other.Settings
	if a.TimeZone == b.TimeZone && a.Location == b.Location && a.DateStyle == b.DateStyle && a.IntervalStyle == b.IntervalStyle &&
		a.ExtraFloatDigits == b.ExtraFloatDigits && a.ByteaOutput == b.ByteaOutput && namesOf(*a) == namesOf(*b) {
		e.codec = other.codec
	}
	e.Prepare()
}

// Codec is the settings' meaning for text forms.
func (e *Env) Codec() *codec.Env { return e.codec }

// text appends the output form of a value that is not NULL.
func (c *Call) text(dst []byte, col *delta.Column, row int32) []byte {
	return codec.FormatText(dst, col, row, c.Env.codec)
}
