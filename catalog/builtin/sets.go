package builtin

import "github.com/tributary-db/tributary/internal/sqltype"

// Record is the type of functions that give rows of several columns.
const Record = sqltype.Record

// OutColumn is a column that a function names itself.
type OutColumn struct {
	Name string
	Type sqltype.OID // AnyElement: that of the elements of its argument
}

// outColumns are the OUT parameters of set-returning functions, by symbol.
var outColumns = map[string][]OutColumn{
	"aclexplode":                {{"grantor", sqltype.OIDType}, {"grantee", sqltype.OIDType}, {"privilege_type", sqltype.Text}, {"is_grantable", sqltype.Bool}},
	"json_array_elements":       {{"value", sqltype.JSON}},
	"json_array_elements_text":  {{"value", sqltype.Text}},
	"jsonb_array_elements":      {{"value", sqltype.JSONB}},
	"jsonb_array_elements_text": {{"value", sqltype.Text}},
	"json_each":                 {{"key", sqltype.Text}, {"value", sqltype.JSON}},
	"json_each_text":            {{"key", sqltype.Text}, {"value", sqltype.Text}},
	"jsonb_each":                {{"key", sqltype.Text}, {"value", sqltype.JSONB}},
	"jsonb_each_text":           {{"key", sqltype.Text}, {"value", sqltype.Text}},
	"pg_get_keywords": {{"word", sqltype.Text}, {"catcode", sqltype.Char}, {"barelabel", sqltype.Bool}, {"catdesc", sqltype.Text},
		{"baredesc", sqltype.Text}},
	"pg_options_to_table":  {{"option_name", sqltype.Text}, {"option_value", sqltype.Text}},
	"ts_parse_byid":        {{"tokid", sqltype.Int4}, {"token", sqltype.Text}},
	"ts_parse_byname":      {{"tokid", sqltype.Int4}, {"token", sqltype.Text}},
	"ts_token_type_byid":   {{"tokid", sqltype.Int4}, {"alias", sqltype.Text}, {"description", sqltype.Text}},
	"ts_token_type_byname": {{"tokid", sqltype.Int4}, {"alias", sqltype.Text}, {"description", sqltype.Text}},
	"ts_debug": {{"alias", sqltype.Text}, {"description", sqltype.Text}, {"token", sqltype.Text}, {"dictionaries", sqltype.Regdict.Array()},
		{"dictionary", sqltype.Regdict}, {"lexemes", sqltype.Text.Array()}},
	"tsvector_unnest": {{"lexeme", sqltype.Text}, {"positions", sqltype.Int2.Array()}, {"weights", sqltype.Text.Array()}},
	"pg_expandarray":  {{"x", sqltype.AnyElement}, {"n", sqltype.Int4}},
}

// OutColumns are the columns that a function names; nil where its one column has the name that the call gets.
func OutColumns(f *Func) []OutColumn {
	if !f.RetSet {
		return nil
	}
	return outColumns[f.Symbol]
}

// recordSets are the functions that give a set of rows of several columns, and those of one such row.
func recordSets() []Func {
	of := func(oid uint32, name, symbol string, arg sqltype.OID, mayFail bool) Func {
		return Func{OID: oid, Name: name, Kind: KindFunction, Args: []sqltype.OID{arg}, Ret: Record, RetSet: true, Strict: true,
			Volatile: 'i', MayFail: mayFail, Symbol: symbol}
	}
	parse := func(oid uint32, name, symbol string, volatile byte, args ...sqltype.OID) Func {
		return Func{OID: oid, Name: name, Kind: KindFunction, Args: args, Ret: Record, RetSet: true, Strict: true,
			Volatile: volatile, MayFail: true, Symbol: symbol}
	}
	return []Func{
		of(1689, "aclexplode", "aclexplode", 1034, true),
		of(3958, "json_each", "json_each", sqltype.JSON, true),
		of(3959, "json_each_text", "json_each_text", sqltype.JSON, true),
		of(3208, "jsonb_each", "jsonb_each", sqltype.JSONB, true),
		of(3932, "jsonb_each_text", "jsonb_each_text", sqltype.JSONB, true),
		{OID: 3155, Name: "row_to_json", Kind: KindFunction, Args: []sqltype.OID{Record}, Ret: sqltype.JSON, Strict: true, Volatile: 's', Symbol: "row_to_json"},
		{OID: 1686, Name: "pg_get_keywords", Kind: KindFunction, Ret: Record, RetSet: true, Strict: true, Volatile: 's', Symbol: "pg_get_keywords"},
		of(2289, "pg_options_to_table", "pg_options_to_table", sqltype.Text.Array(), false),
		of(3322, "unnest", "tsvector_unnest", sqltype.TSVector, false),
		parse(3715, "ts_parse", "ts_parse_byid", 'i', sqltype.OIDType, sqltype.Text),
		parse(3716, "ts_parse", "ts_parse_byname", 's', sqltype.Text, sqltype.Text),
		parse(3713, "ts_token_type", "ts_token_type_byid", 'i', sqltype.OIDType),
		parse(3714, "ts_token_type", "ts_token_type_byname", 's', sqltype.Text),
		parse(6183, "ts_debug", "ts_debug", 's', sqltype.Regconfig, sqltype.Text),
		parse(6184, "ts_debug", "ts_debug", 's', sqltype.Text),
		of(ExpandArray, "_pg_expandarray", "pg_expandarray", sqltype.AnyArray, false),
	}
}
