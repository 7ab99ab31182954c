//go:build ignore

// gen writes columns.txt and rows/ from the catalogs of a server of PostgreSQL 15, which psql reads
// (-dsn, or PGHOST, PGPORT, PGUSER and PGDATABASE, say which).
//
//	go run gen.go [-dsn postgres://…] [-out .]
package main

import (
	"bytes"
	"flag"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// columns is a line for each relation and, after a tab, one for each of its columns. Domains are their
// base types, as clients are told; user-defined statistics types that nothing fills are bytes.
const columns = `
SELECT line FROM (
  SELECT c.oid, 0 AS n, concat_ws(' ', n.nspname, c.relname, c.oid, c.relkind, c.reltype) AS line
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE n.nspname IN ('pg_catalog', 'information_schema') AND relkind IN ('r', 'v') AND c.oid < 16384
  UNION ALL
  SELECT c.oid, attnum, concat_ws(' ', '', attname, CASE WHEN t.typtype = 'd' THEN b.typname WHEN t.oid = 10028 THEN '_text' ELSE t.typname END,
    CASE WHEN attnotnull THEN 'notnull' END)
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0
  JOIN pg_type t ON t.oid = atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
  WHERE n.nspname IN ('pg_catalog', 'information_schema') AND relkind IN ('r', 'v') AND c.oid < 16384
) x ORDER BY oid, n`

// tables are those whose rows are kept, and which.
var tables = []struct{ name, where string }{
	{"pg_aggregate", "true"},
	{"pg_am", "true"},
	{"pg_amop", "true"},
	{"pg_amproc", "true"},
	{"pg_cast", "true"},
	{"pg_collation", "collname IN ('default', 'C', 'POSIX', 'ucs_basic')"},
	{"pg_conversion", "true"},
	{"pg_description", "classoid IN ('pg_type'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass, 'pg_am'::regclass, 'pg_language'::regclass, 'pg_namespace'::regclass, 'pg_collation'::regclass, 'pg_opclass'::regclass, 'pg_cast'::regclass, 'pg_conversion'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass, 'pg_ts_parser'::regclass, 'pg_ts_template'::regclass) AND (classoid <> 'pg_collation'::regclass OR objoid IN (100, 950, 951)) AND (classoid, objoid) <> ('pg_namespace'::regclass, 2200)"},
	{"pg_language", "lanname <> 'plpgsql'"},
	{"pg_namespace", "nspname <> 'public'"},
	{"pg_opclass", "true"},
	{"pg_operator", "true"},
	{"pg_opfamily", "true"},
	{"pg_proc", "prolang <> 13"},
	{"pg_range", "true"},
	{"pg_tablespace", "true"},
	{"pg_ts_config", "true"},
	{"pg_ts_config_map", "true"},
	{"pg_ts_dict", "true"},
	{"pg_ts_parser", "true"},
	{"pg_ts_template", "true"},
	{"pg_type", "true"},
}

var dsn string

func main() {
	flag.StringVar(&dsn, "dsn", "", "connection string of a PostgreSQL server")
	out := flag.String("out", ".", "folder to write to")
	flag.Parse()
	log.SetFlags(0)
	write(filepath.Join(*out, "columns.txt"), psql("-At", "-c", columns))
	if err := os.MkdirAll(filepath.Join(*out, "rows"), 0o755); err != nil {
		log.Fatal(err)
	}
	for _, t := range tables {
		list := string(psql("-At", "-c", "SELECT string_agg(CASE WHEN atttypid = 'regproc'::regtype THEN format('%I::oid', attname)"+
			" WHEN atttypid IN ('pg_node_tree'::regtype, 'aclitem[]'::regtype) THEN 'NULL::text' ELSE format('%I', attname) END, ', ' ORDER BY attnum)"+
			" FROM pg_attribute WHERE attrelid = '"+t.name+"'::regclass AND attnum > 0"))
		oid := "oid"
		switch t.name {
		case "pg_aggregate":
			oid = "aggfnoid"
		case "pg_range":
			oid = "rngtypid"
		case "pg_description":
			oid = "objoid"
		case "pg_ts_config_map":
			oid = "mapcfg"
		}
		write(filepath.Join(*out, "rows", t.name+".tsv"), psql("-c", "COPY (SELECT "+strings.TrimSpace(list)+" FROM pg_catalog."+t.name+
			" WHERE "+oid+"::oid < 16384 AND ("+t.where+") ORDER BY 1) TO STDOUT"))
	}
	write(filepath.Join(*out, "rows", "pg_get_keywords.tsv"), psql("-c", "COPY (SELECT * FROM pg_get_keywords()) TO STDOUT"))
}

func psql(args ...string) []byte {
	cmd := exec.Command("psql", append([]string{"-X", "-d", dsn}, args...)...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		log.Fatalf("psql: %v", err)
	}
	return bytes.TrimLeft(text, "\n")
}

func write(path string, text []byte) {
	if err := os.WriteFile(path, text, 0o644); err != nil {
		log.Fatal(err)
	}
}
