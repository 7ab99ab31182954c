package codec

import "github.com/tributary-db/tributary/internal/sqltype"

// Env is the settings of a session that text forms depend on. nil is UTC and the defaults.
type Env = sqltype.Env

// UTC is the environment of streams: TimeZone UTC and all defaults.
var UTC = sqltype.UTC
