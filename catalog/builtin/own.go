package builtin

import "github.com/tributary-db/tributary/internal/sqltype"

// OIDs of the functions that are not PostgreSQL's, 8000 to 8999.
const (
	FirstOwnOID uint32 = 8000
	LastOwnOID  uint32 = 8999

	TumbleTimestamp        uint32 = 8000 // tumble(timestamp, interval)
	TumbleTimestamptz      uint32 = 8001
	TumbleStartTimestamp   uint32 = 8002 // the same as tumble
	TumbleStartTimestamptz uint32 = 8003
	TumbleEndTimestamp     uint32 = 8004 // tumble + size
	TumbleEndTimestamptz   uint32 = 8005
	NextvalText            uint32 = 8010 // nextval of a text, where the name is not a literal; no user can call it so
	CurrvalText            uint32 = 8011
	SetvalText             uint32 = 8012
	SetvalGivenText        uint32 = 8013
	SequencePosition       uint32 = 8014 // last_value of a sequence that is read as a relation

	ExpandArray uint32 = 8030 // information_schema._pg_expandarray, which has no OID of its own

	// What the grammar writes for arrays. No call by name finds them.
	ArrayOfElements uint32 = 8020 // ARRAY[a, b]
	ArrayOfArrays   uint32 = 8021 // ARRAY[a, b] of arrays: a dimension more
	ArrayElement    uint32 = 8022 // a[1][2]
	ArraySlice      uint32 = 8023 // a[1:2][:3]: a text with l, u or - for each bound, the array, the bounds that are there

	// What SET a[1] = x, SET a[1:2] = x and SET j['k'] = x write.
	ArrayAssign      uint32 = 8031 // the array, the element, the subscripts
	ArrayAssignSlice uint32 = 8032 // a text as ArraySlice's, the array, what comes in, the bounds that are there
	JSONAssign       uint32 = 8033 // the jsonb, the value, the path, whether a NULL becomes an array

	// What the grammar writes for rows.
	RowOfFields  uint32 = 8025 // ROW(a, b)
	FieldOfRow   uint32 = 8026 // (row).f: the row, and the place of the field
	RowIsNull    uint32 = 8027 // row IS NULL
	RowIsNotNull uint32 = 8028

	NameByte uint32 = 8029 // name[0]: the name, and the place of the byte

	JSONField uint32 = 8024 // a key and a value as they stand in a JSON object

	// What json_populate_record and its kin are made of.
	JSONHasField  uint32 = 8034 // the object, the key
	JSONFieldText uint32 = 8035 // the object, the key, the OID of the type that reads the text
)

// OIDs of PostgreSQL's functions of sequences.
const (
	Nextval     uint32 = 1574
	Currval     uint32 = 1575
	Setval      uint32 = 1576
	SetvalGiven uint32 = 1765
)

// sequenceFuncs are those of sequences that PostgreSQL has by a cast of text to regclass; they are volatile.
func sequenceFuncs() []Func {
	f := func(oid uint32, name, symbol string, ret sqltype.OID, args ...sqltype.OID) Func {
		return Func{OID: oid, Name: name, Kind: KindFunction, Args: args, Ret: ret, Strict: true, Volatile: 'v', MayFail: true, Symbol: symbol}
	}
	const text, int8, boolean = sqltype.Text, sqltype.Int8, sqltype.Bool
	return []Func{
		f(NextvalText, "nextval_by_name", "nextval_text", int8, text),
		f(CurrvalText, "currval_by_name", "currval_text", int8, text),
		f(SetvalText, "setval_by_name", "setval_text", int8, text, int8),
		f(SetvalGivenText, "setval_by_name", "setval3_text", int8, text, int8, boolean),
		f(SequencePosition, "sequence_position", "sequence_position", int8, sqltype.Regclass),
	}
}

func ownFuncs() []Func {
	window := func(oid uint32, name string, t sqltype.OID, symbol string) Func {
		return Func{OID: oid, Name: name, Kind: KindFunction, Args: []sqltype.OID{t, sqltype.Interval}, Ret: t,
			Strict: true, Volatile: 'i', MayFail: true, Symbol: symbol}
	}
	return []Func{
		window(TumbleTimestamp, "tumble", sqltype.Timestamp, "tumble_start"),
		window(TumbleTimestamptz, "tumble", sqltype.Timestamptz, "tumble_start"),
		window(TumbleStartTimestamp, "tumble_start", sqltype.Timestamp, "tumble_start"),
		window(TumbleStartTimestamptz, "tumble_start", sqltype.Timestamptz, "tumble_start"),
		window(TumbleEndTimestamp, "tumble_end", sqltype.Timestamp, "tumble_end"),
		window(TumbleEndTimestamptz, "tumble_end", sqltype.Timestamptz, "tumble_end"),
	}
}

// syntaxFuncs are functions that no name calls.
func syntaxFuncs() []Func {
	of := func(oid uint32, name string, strict, mayFail bool) Func {
		return Func{OID: oid, Name: name, Kind: KindFunction, Args: []sqltype.OID{sqltype.Any}, Ret: sqltype.Any, Variadic: true,
			Strict: strict, Volatile: 'i', MayFail: mayFail, Symbol: name}
	}
	return []Func{
		of(ArrayOfElements, "array of elements", false, false),
		of(RowOfFields, "row of fields", false, false),
		of(FieldOfRow, "field of row", true, false),
		of(RowIsNull, "row is null", false, false),
		of(RowIsNotNull, "row is not null", false, false),
		of(ArrayOfArrays, "array of arrays", false, true),
		of(ArrayElement, "array element", true, false),
		of(ArraySlice, "array slice", true, false),
		of(ArrayAssign, "array assign", false, true),
		of(ArrayAssignSlice, "array assign slice", false, true),
		of(JSONAssign, "jsonb assign", false, true),
		of(JSONField, "json field", false, true),
		of(JSONHasField, "json has field", true, true),
		of(JSONFieldText, "json field text", true, true),
		{OID: NameByte, Name: "byte of name", Kind: KindFunction, Args: []sqltype.OID{sqltype.Name, sqltype.Int4}, Ret: sqltype.Char, Strict: true,
			Volatile: 'i', Symbol: "byte of name"},
	}
}

// DefaultArgs returns, as SQL literals, the values of the last f.Defaults arguments of a
// function; nil when it has none that are known here.
func DefaultArgs(f *Func) []string {
	switch f.Name {
	case "make_interval":
		return []string{"0", "0", "0", "0", "0", "0", "0.0"}
	case "normalize", "is_normalized":
		return []string{"'NFC'"}
	case "jsonb_set":
		return []string{"true"}
	case "jsonb_insert":
		return []string{"false"}
	case "parse_ident":
		return []string{"true"}
	case "jsonb_set_lax":
		return []string{"true", "'use_json_null'"}
	case "pg_terminate_backend":
		return []string{"0"}
	case "jsonb_path_exists", "jsonb_path_match", "jsonb_path_query", "jsonb_path_query_array", "jsonb_path_query_first",
		"jsonb_path_exists_tz", "jsonb_path_match_tz", "jsonb_path_query_tz", "jsonb_path_query_array_tz", "jsonb_path_query_first_tz":
		return []string{"'{}'", "false"}
	case "json_populate_record", "json_populate_recordset":
		return []string{"false"}
	}
	return nil
}
