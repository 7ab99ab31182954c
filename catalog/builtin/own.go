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
)

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

// DefaultArgs returns, as SQL literals, the values of the last f.Defaults arguments of a
// function; nil when it has none that are known here.
func DefaultArgs(f *Func) []string {
	switch f.Name {
	case "make_interval":
		return []string{"0", "0", "0", "0", "0", "0", "0.0"}
	case "normalize", "is_normalized":
		return []string{"'NFC'"}
	case "json_populate_record", "json_populate_recordset":
		return []string{"false"}
	}
	return nil
}
