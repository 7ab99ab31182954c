package sqltype

import "strings"

// Category is a type's category in PostgreSQL's rules of conversion (pg_type.typcategory).
type Category byte

const (
	CatArray     Category = 'A'
	CatEnum      Category = 'E'
	CatComposite Category = 'C'
	CatBitString Category = 'V'
	CatBoolean   Category = 'B'
	CatDateTime  Category = 'D'
	CatNetwork   Category = 'I'
	CatGeometric Category = 'G'
	CatNumeric   Category = 'N'
	CatPseudo    Category = 'P'
	CatRange     Category = 'R'
	CatString    Category = 'S'
	CatTimespan  Category = 'T'
	CatUser      Category = 'U'
	CatUnknown   Category = 'X'
	CatInternal  Category = 'Z'
)

// Info is what the registry knows of a type.
type Info struct {
	OID       OID
	Name      string // pg_type.typname
	SQLName   string // as format_type shows it without a modifier
	Category  Category
	Preferred bool
	Len       int16 // pg_type.typlen, -1 = variable
	Array     OID   // the array type over it, 0 = none
	Elem      OID   // of an array type: of its elements
}

// infos are elements and the arrays of them.
var infos = func() []Info {
	all := append([]Info(nil), elements...)
	for _, t := range elements {
		if t.Array != Invalid {
			category := CatArray
			if t.Category == CatPseudo {
				category = CatPseudo
			}
			all = append(all, Info{t.Array, "_" + t.Name, t.SQLName + "[]", category, false, -1, 0, t.OID})
		}
	}
	return all
}()

// elements are the types that are no arrays.
var elements = []Info{
	{Bool, "bool", "boolean", CatBoolean, true, 1, 1000, 0},
	{Bytea, "bytea", "bytea", CatUser, false, -1, 1001, 0},
	{Char, "char", `"char"`, CatInternal, false, 1, 1002, 0},
	{Name, "name", "name", CatString, false, 64, 1003, 0},
	{Int8, "int8", "bigint", CatNumeric, false, 8, 1016, 0},
	{Int2, "int2", "smallint", CatNumeric, false, 2, 1005, 0},
	{Int4, "int4", "integer", CatNumeric, false, 4, 1007, 0},
	{Regproc, "regproc", "regproc", CatNumeric, false, 4, 1008, 0},
	{Text, "text", "text", CatString, true, -1, 1009, 0},
	{OIDType, "oid", "oid", CatNumeric, true, 4, 1028, 0},
	{JSON, "json", "json", CatUser, false, -1, 199, 0},
	{Float4, "float4", "real", CatNumeric, false, 4, 1021, 0},
	{Float8, "float8", "double precision", CatNumeric, true, 8, 1022, 0},
	{Unknown, "unknown", "unknown", CatUnknown, false, -2, 0, 0},
	{BPChar, "bpchar", "character", CatString, false, -1, 1014, 0},
	{Varchar, "varchar", "character varying", CatString, false, -1, 1015, 0},
	{Date, "date", "date", CatDateTime, false, 4, 1182, 0},
	{Time, "time", "time without time zone", CatDateTime, false, 8, 1183, 0},
	{Timestamp, "timestamp", "timestamp without time zone", CatDateTime, false, 8, 1115, 0},
	{Timestamptz, "timestamptz", "timestamp with time zone", CatDateTime, true, 8, 1185, 0},
	{Interval, "interval", "interval", CatTimespan, true, 16, 1187, 0},
	{Numeric, "numeric", "numeric", CatNumeric, false, -1, 1231, 0},
	{Record, "record", "record", CatPseudo, false, -1, RecordArray, 0},
	{AnyEnum, "anyenum", "anyenum", CatPseudo, false, 4, 0, 0},
	{Void, "void", "void", CatPseudo, false, 4, 0, 0},
	{Any, "any", `"any"`, CatPseudo, false, 4, 0, 0},
	{AnyElement, "anyelement", "anyelement", CatPseudo, false, 4, 0, 0},
	{AnyArray, "anyarray", "anyarray", CatPseudo, false, -1, 0, 0},
	{2776, "anynonarray", "anynonarray", CatPseudo, false, 4, 0, 0},
	{5077, "anycompatible", "anycompatible", CatPseudo, false, 4, 0, 0},
	{5078, "anycompatiblearray", "anycompatiblearray", CatPseudo, false, -1, 0, 0},
	{5079, "anycompatiblenonarray", "anycompatiblenonarray", CatPseudo, false, 4, 0, 0},
	{UUID, "uuid", "uuid", CatUser, false, 16, 2951, 0},
	{JSONB, "jsonb", "jsonb", CatUser, false, -1, 3807, 0},
	{JSONPath, "jsonpath", "jsonpath", CatUser, false, -1, 4073, 0},
	{Int2Vector, "int2vector", "int2vector", CatArray, false, -1, 1006, Int2},
	{OIDVector, "oidvector", "oidvector", CatArray, false, -1, 1013, OIDType},
	{XID, "xid", "xid", CatUser, false, 4, 1011, 0},
	{CID, "cid", "cid", CatUser, false, 4, 1012, 0},
	{NodeTree, "pg_node_tree", "pg_node_tree", CatInternal, false, -1, 0, 0},
	{ACLItem, "aclitem", "aclitem", CatUser, false, 12, 1034, 0},
	{Regprocedure, "regprocedure", "regprocedure", CatNumeric, false, 4, 2207, 0},
	{Regoper, "regoper", "regoper", CatNumeric, false, 4, 2208, 0},
	{Regoperator, "regoperator", "regoperator", CatNumeric, false, 4, 2209, 0},
	{Regclass, "regclass", "regclass", CatNumeric, false, 4, 2210, 0},
	{Regtype, "regtype", "regtype", CatNumeric, false, 4, 2211, 0},
	{Regnamespace, "regnamespace", "regnamespace", CatNumeric, false, 4, 4090, 0},
	{Regconfig, "regconfig", "regconfig", CatNumeric, false, 4, 3735, 0},
	{Regdict, "regdictionary", "regdictionary", CatNumeric, false, 4, 3770, 0},
	{Regrole, "regrole", "regrole", CatNumeric, false, 4, 4097, 0},
	{LSN, "pg_lsn", "pg_lsn", CatUser, false, 8, 3221, 0},
	{XID8, "xid8", "xid8", CatUser, false, 8, 271, 0},
	{Snapshot, "pg_snapshot", "pg_snapshot", CatUser, false, -1, 5039, 0},
	{TxidSnapshot, "txid_snapshot", "txid_snapshot", CatUser, false, -1, 2949, 0},
	{NDistinct, "pg_ndistinct", "pg_ndistinct", CatInternal, false, -1, 0, 0},
	{Dependencies, "pg_dependencies", "pg_dependencies", CatInternal, false, -1, 0, 0},
	{MCVList, "pg_mcv_list", "pg_mcv_list", CatInternal, false, -1, 0, 0},
	{Inet, "inet", "inet", CatNetwork, true, -1, 1041, 0},
	{CIDR, "cidr", "cidr", CatNetwork, false, -1, 651, 0},
	{MACAddr, "macaddr", "macaddr", CatUser, false, 6, 1040, 0},
	{MACAddr8, "macaddr8", "macaddr8", CatUser, false, 8, 775, 0},
	{Int4Range, "int4range", "int4range", CatRange, false, -1, 3905, 0},
	{Int4Multirange, "int4multirange", "int4multirange", CatRange, false, -1, 6150, 0},
	{NumRange, "numrange", "numrange", CatRange, false, -1, 3907, 0},
	{NumMultirange, "nummultirange", "nummultirange", CatRange, false, -1, 6151, 0},
	{TsRange, "tsrange", "tsrange", CatRange, false, -1, 3909, 0},
	{TsMultirange, "tsmultirange", "tsmultirange", CatRange, false, -1, 6152, 0},
	{TstzRange, "tstzrange", "tstzrange", CatRange, false, -1, 3911, 0},
	{TstzMultirange, "tstzmultirange", "tstzmultirange", CatRange, false, -1, 6153, 0},
	{DateRange, "daterange", "daterange", CatRange, false, -1, 3913, 0},
	{DateMultirange, "datemultirange", "datemultirange", CatRange, false, -1, 6155, 0},
	{Int8Range, "int8range", "int8range", CatRange, false, -1, 3927, 0},
	{Int8Multirange, "int8multirange", "int8multirange", CatRange, false, -1, 6157, 0},
	{AnyRange, "anyrange", "anyrange", CatPseudo, false, -1, 0, 0},
	{AnyMultirange, "anymultirange", "anymultirange", CatPseudo, false, -1, 0, 0},
	{5080, "anycompatiblerange", "anycompatiblerange", CatPseudo, false, -1, 0, 0},
	{4538, "anycompatiblemultirange", "anycompatiblemultirange", CatPseudo, false, -1, 0, 0},
	{Timetz, "timetz", "time with time zone", CatDateTime, false, 12, 1270, 0},
	{Bit, "bit", "bit", CatBitString, false, -1, 1561, 0},
	{Varbit, "varbit", "bit varying", CatBitString, true, -1, 1563, 0},
	{Point, "point", "point", CatGeometric, false, 16, 1017, 0},
	{Lseg, "lseg", "lseg", CatGeometric, false, 32, 1018, 0},
	{Path, "path", "path", CatGeometric, false, -1, 1019, 0},
	{Box, "box", "box", CatGeometric, false, 32, 1020, 0},
	{Polygon, "polygon", "polygon", CatGeometric, false, -1, 1027, 0},
	{Line, "line", "line", CatGeometric, false, 24, 629, 0},
	{Circle, "circle", "circle", CatGeometric, false, 24, 719, 0},
	{TSVector, "tsvector", "tsvector", CatUser, false, -1, 3643, 0},
	{TSQuery, "tsquery", "tsquery", CatUser, false, -1, 3645, 0},
	{Money, "money", "money", CatNumeric, false, 8, 791, 0},
}

var (
	byOID  = map[OID]*Info{}
	byName = map[string]OID{
		// Spellings of the SQL grammar beside the names above.
		"int": Int4, "decimal": Numeric, "dec": Numeric, "float": Float8, "double": Float8, "string": Text,
		"char varying": Varchar, "timestamp": Timestamp, "time": Time, "character": BPChar, "char": BPChar,
	}
)

func init() {
	for i := range infos {
		t := &infos[i]
		byOID[t.OID] = t
		for _, name := range []string{t.Name, t.SQLName} {
			if _, taken := byName[name]; !taken {
				byName[name] = t.OID
			}
		}
	}
	delete(byName, "string") // no PostgreSQL type
	delete(byName, "double") // the grammar wants "double precision"
}

// Len is pg_type.typlen, the size that clients are told; -1 = variable.
func (t OID) Len() int16 {
	if i := infoOf(t); i != nil {
		return i.Len
	}
	return -1
}

// Elem is the type of an array type's elements, Invalid of any other type.
func (t OID) Elem() OID {
	if i := infoOf(t); i != nil {
		return i.Elem
	}
	return Invalid
}

// Array is the type of arrays of t, Invalid for what has none.
func (t OID) Array() OID {
	if i := infoOf(t); i != nil {
		return i.Array
	}
	return Invalid
}

// Delimiter stands between elements of type t in an array's text (pg_type.typdelim).
func (t OID) Delimiter() byte {
	if t == Box {
		return ';'
	}
	return ','
}

// All lists the registry.
func All() []Info { return append([]Info(nil), infos...) }

// ByName finds a type by what SQL calls it: pg_type names (int4), SQL spellings in any case
// (TIMESTAMP WITH TIME ZONE, double precision). `"char"` in quotes is PostgreSQL's one-byte
// type, char without them bpchar; a pg_catalog. prefix is allowed.
func ByName(name string) (OID, bool) {
	s := strings.TrimPrefix(strings.ToLower(strings.Join(strings.Fields(name), " ")), "pg_catalog.")
	if t, ok := byName[s]; ok {
		return t, true
	}
	if t, ok := byName[strings.Trim(s, `"`)]; ok {
		return t, true
	}
	return Invalid, false
}
