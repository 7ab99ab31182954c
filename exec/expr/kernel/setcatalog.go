package kernel

import (
	"strings"

	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/delta"
)

// Functions that list what the catalogs say in another form.
func init() {
	sets(map[string]SetKernel{
		"pg_get_keywords":     func(*Call, int32) (Rows, Err) { return keywords(), nil },
		"pg_options_to_table": optionsToTable,
	})
}

// keywords are PostgreSQL's, each with its category and whether it may be a label without AS.
func keywords() Rows {
	rows := bootstrap.Rows(bootstrap.Keywords)
	at := 0
	return func(to []*delta.Builder, limit int) (int, Err) {
		n := min(limit, len(rows)-at)
		for _, r := range rows[at : at+n] {
			to[0].AppendString(r[0])
			to[1].AppendString(r[1])
			to[2].AppendBool(r[2] == "t")
			to[3].AppendString(r[3])
			to[4].AppendString(r[4])
		}
		at += n
		return n, nil
	}
}

// optionsToTable parts the elements name=value of an array; one without = has no value.
func optionsToTable(c *Call, row int32) (Rows, Err) {
	a := arrayOf(c.Args[0], row)
	elems := elementsOf(c.Args[0].Type, &a)
	at := int32(0)
	return func(to []*delta.Builder, limit int) (n int, _ Err) {
		for ; n < limit && int(at) < elems.Len; n++ {
			name, value, has := strings.Cut(string(elems.Bytes(at)), "=")
			to[0].AppendString(name)
			if has {
				to[1].AppendString(value)
			} else {
				to[1].AppendNull()
			}
			at++
		}
		return n, nil
	}, nil
}
