package kernel

import "github.com/tributary-db/tributary/internal/sqltype"

// The send functions: values in their binary form.
func init() {
	send := eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
		a := c.Args[0]
		return sqltype.OpsOf(a.Type).Binary(dst, &a.Vec, row, nil), nil
	})
	for _, symbol := range []string{
		"boolsend", "byteasend", "charsend", "date_send", "float4send", "float8send", "int2send", "int4send", "int8send", "interval_send",
		"json_send", "jsonb_send", "jsonpath_send", "namesend", "numeric_send", "oidsend", "textsend", "time_send", "timestamp_send", "timestamptz_send",
		"uuid_send", "varcharsend", "bpcharsend", "array_send",
		"xidsend", "xid8send", "pg_lsn_send", "pg_snapshot_send", "tsvectorsend", "tsquerysend", "point_send", "lseg_send", "path_send", "box_send", "poly_send", "line_send", "circle_send",
	} {
		kernels(map[string]Kernel{symbol: send})
	}
}
