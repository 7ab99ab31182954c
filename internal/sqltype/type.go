// Package sqltype is what types are: PostgreSQL's OIDs and names, and what the engine does with their
// values.
//
//	OID ──► Info   name, category, length: pg_type
//	    ──► Ops    physical form, order, hash, equality, text, binary, JSON ──► over Vec
//	  16384… ◄── Define ◄── catalog: enums, and arrays over them
//
// A Vec is values in a physical form; delta.Column is a type and a Vec. Ops are found once, when work is
// opened, never for a row. A type made of others is Ops made of theirs: ArrayOf makes arrays, enumOps an enum. How text and binary are read is in the package codec, which fills delta.Builders.
//
// Its only state are the types that are defined and the shapes of records, known to the whole process: values are read by who has no
// catalog at hand. No goroutines. It imports leaves only.
package sqltype

// OID identifies a type as PostgreSQL does.
type OID uint32

// Types known to the engine (pg_type.oid).
const (
	Invalid     OID = 0
	Bool        OID = 16
	Bytea       OID = 17
	Char        OID = 18 // "char"
	Name        OID = 19
	Int8        OID = 20
	Int2        OID = 21
	Int4        OID = 23
	Regproc     OID = 24
	Text        OID = 25
	OIDType     OID = 26
	JSON        OID = 114
	CIDR        OID = 650
	Float4      OID = 700
	Float8      OID = 701
	Unknown     OID = 705
	MACAddr8    OID = 774
	Money       OID = 790
	MACAddr     OID = 829
	Inet        OID = 869
	BPChar      OID = 1042
	Varchar     OID = 1043
	Date        OID = 1082
	Time        OID = 1083
	Timestamp   OID = 1114
	Timestamptz OID = 1184
	Interval    OID = 1186
	Timetz      OID = 1266
	Bit         OID = 1560
	Varbit      OID = 1562
	Numeric     OID = 1700
	Record      OID = 2249 // made by ROW(…); no column of a relation has it
	Void        OID = 2278
	Any         OID = 2276
	AnyArray    OID = 2277
	AnyElement  OID = 2283
	UUID        OID = 2950
	JSONB       OID = 3802
	JSONPath    OID = 4072
	Point       OID = 600
	Lseg        OID = 601
	Path        OID = 602
	Box         OID = 603
	Polygon     OID = 604
	Line        OID = 628
	Circle      OID = 718
	TSVector    OID = 3614
	TSQuery     OID = 3615

	// Types of the system catalogs.
	Int2Vector   OID = 22
	XID          OID = 28
	CID          OID = 29
	OIDVector    OID = 30
	NodeTree     OID = 194 // pg_node_tree
	ACLItem      OID = 1033
	Regprocedure OID = 2202
	Regoper      OID = 2203
	Regoperator  OID = 2204
	Regclass     OID = 2205
	Regtype      OID = 2206
	LSN          OID = 3220 // pg_lsn
	XID8         OID = 5069
	Snapshot     OID = 5038 // pg_snapshot
	TxidSnapshot OID = 2970
	NDistinct    OID = 3361
	Dependencies OID = 3402
	MCVList      OID = 5017
	Regnamespace OID = 4089
	Regrole      OID = 4096
	Regconfig    OID = 3734
	Regdict      OID = 3769
	AnyRange     OID = 3831
	Int4Range    OID = 3904
	NumRange     OID = 3906
	TsRange      OID = 3908
	TstzRange    OID = 3910
	DateRange    OID = 3912
	Int8Range    OID = 3926

	RecordArray    OID = 2287
	AnyEnum        OID = 3500
	AnyMultirange  OID = 4537
	Int4Multirange OID = 4451
	NumMultirange  OID = 4532
	TsMultirange   OID = 4533
	TstzMultirange OID = 4534
	DateMultirange OID = 4535
	Int8Multirange OID = 4536
)

// Type is a type with its modifier; Mod is PostgreSQL's typmod, -1 = none.
type Type struct {
	OID OID
	Mod int32
}

// Of is t without a modifier.
func Of(t OID) Type { return Type{OID: t, Mod: -1} }

// Physical is the form a type's values have in a Vec.
type Physical uint8

const (
	PhysNone     Physical = iota
	PhysBool              // 1 byte, 0 or 1 (Arrow packs bits; a byte keeps kernels plain)
	PhysInt16             // int16
	PhysInt32             // int32: int4, date (days since 2000-01-01), oid (as its bits)
	PhysInt64             // int64: int8, timestamp, timestamptz, time (microseconds; since 2000-01-01), macaddr, macaddr8, pg_lsn and xid8 (their order kept), money
	PhysFloat32           // float32
	PhysFloat64           // float64
	PhysNumeric           // decimal.Num, 24 bytes; large ones point into the column's Var
	PhysInterval          // 16 bytes: microseconds int64, days int32, months int32
	PhysUUID              // 16 bytes in their order: uuid, timetz
	PhysBytes             // int32 offsets into Var: text, varchar, bpchar, name, bytea, jsonb, json, jsonpath, tsvector, tsquery, the geometric types, unknown, arrays, inet, cidr, bit, varbit, ranges, multiranges, records
)

// Size is the width of one value in Column.Data, 0 for PhysBytes and PhysNone.
func (p Physical) Size() int {
	switch p {
	case PhysBool:
		return 1
	case PhysInt16:
		return 2
	case PhysInt32, PhysFloat32:
		return 4
	case PhysInt64, PhysFloat64:
		return 8
	case PhysInterval, PhysUUID:
		return 16
	case PhysNumeric:
		return 24
	}
	return 0
}

// Phys returns the physical form of a type's values, PhysNone for one that has none here.
func (t OID) Phys() Physical { return OpsOf(t).Phys }
