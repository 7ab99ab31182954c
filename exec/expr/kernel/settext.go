package kernel

import (
	"strings"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Rows of texts.
func init() {
	table := listed(sqltype.Text, func(c *Call, row int32, values *delta.Builder) Err {
		_, err := textToArray(c, row, values)
		return err
	})
	split := listed(sqltype.Text, func(c *Call, row int32, values *delta.Builder) Err {
		return c.regexPieces(row, "regexp_split_to_table()", values)
	})
	sets(map[string]SetKernel{
		"text_to_table": table, "text_to_table_null": table,
		"regexp_split_to_table": split, "regexp_split_to_table_no_flags": split,
		"regexp_matches": regexMatches, "regexp_matches_no_flags": regexMatches,
	})
}

// regexMatches gives the groups of the first match, with the flag g of every one.
func regexMatches(c *Call, row int32) (Rows, Err) {
	flags := ""
	if len(c.Args) > 2 {
		flags = view(c.Args[2].Bytes(row))
	}
	st, err := c.regex(view(c.Args[1].Bytes(row)), flags, false)
	if err != nil {
		return nil, err
	}
	s := view(c.Args[0].Bytes(row))
	groups := st.re.Groups()
	values, elems := delta.NewBuilder(c.Type.OID), delta.NewBuilder(sqltype.Text)
	add := func(at []int) Err {
		elems.Clear()
		for k := min(1, groups); k <= groups; k++ {
			if at[2*k] < 0 {
				elems.AppendNull()
			} else {
				elems.AppendString(s[at[2*k]:at[2*k+1]])
			}
		}
		col := elems.Column()
		values.SetVar(sqltype.AppendVector(values.Var(), &col.Vec))
		values.EndBytes()
		return c.breathe()
	}
	if strings.ContainsRune(flags, 'g') {
		err = st.re.Each(s, c.breathe, add)
	} else if at, ferr := st.re.Find(s, c.breathe); at != nil && ferr == nil {
		err = add(at)
	} else {
		err = ferr
	}
	if err != nil {
		return nil, err
	}
	if err := c.Scratch(values.Size()); err != nil {
		return nil, err
	}
	return elements(values.Take()), nil
}
