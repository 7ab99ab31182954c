package record

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/decode"
)

// DecodeOptions are a relation's format options as its decoder takes them.
func DecodeOptions(f catalog.Format) decode.Options {
	if f.Delimiter == "" {
		return decode.Options{}
	}
	return decode.Options{Delimiter: f.Delimiter[0]}
}
