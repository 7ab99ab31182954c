package sqltype

import (
	"time"

	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Env is the settings of a session that text forms depend on. nil is UTC and the defaults.
type Env struct {
	Location         *time.Location // TimeZone, nil = UTC
	DateStyle        datetime.DateStyle
	IntervalStyle    datetime.IntervalStyle
	ExtraFloatDigits int  // > 0 or 0-value Env: shortest; see FloatDigits
	FewFloatDigits   bool // ExtraFloatDigits <= 0 was asked for
	ByteaEscape      bool // bytea_output = escape
	// Names of the reg types' values; nil = they are read and shown as numbers.
	Names Names
	// Stored: the text was written once, and may say labels of enums as they were called then.
	Stored bool
}

var defaults = &Env{}

// OrDefault is e, or the defaults for nil.
func (e *Env) OrDefault() *Env {
	if e == nil {
		return defaults
	}
	return e
}

// UTC is the environment of streams: TimeZone UTC and all defaults.
var UTC = &Env{Stored: true}
