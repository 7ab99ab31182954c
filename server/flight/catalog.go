package flight

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/flight/flightsql"
	"github.com/apache/arrow/go/v17/arrow/flight/flightsql/schema_ref"

	"github.com/tributary-db/tributary/internal/columnar"
)

// registerInfo says what this server is and can do.
func (s *service) registerInfo() error {
	for id, v := range map[flightsql.SqlInfo]any{
		flightsql.SqlInfoFlightSqlServerName:          "Tributary",
		flightsql.SqlInfoFlightSqlServerVersion:       s.cfg.Version,
		flightsql.SqlInfoFlightSqlServerArrowVersion:  arrow.PkgVersion,
		flightsql.SqlInfoFlightSqlServerReadOnly:      false,
		flightsql.SqlInfoFlightSqlServerSql:           true,
		flightsql.SqlInfoFlightSqlServerSubstrait:     false,
		flightsql.SqlInfoFlightSqlServerTransaction:   int32(flightsql.SqlTransactionNone),
		flightsql.SqlInfoFlightSqlServerCancel:        false,
		flightsql.SqlInfoFlightSqlServerBulkIngestion: true,
		flightsql.SqlInfoDDLCatalog:                   false,
		flightsql.SqlInfoDDLSchema:                    false,
		flightsql.SqlInfoDDLTable:                     true,
		flightsql.SqlInfoIdentifierCase:               int64(flightsql.SqlCaseSensitivityLowerCase),
		flightsql.SqlInfoIdentifierQuoteChar:          `"`,
		flightsql.SqlInfoQuotedIdentifierCase:         int64(flightsql.SqlCaseSensitivityCaseInsensitive),
		flightsql.SqlInfoAllTablesAreASelectable:      true,
		flightsql.SqlInfoNullOrdering:                 int64(flightsql.SqlNullOrderingSortHigh),
		flightsql.SqlInfoTransactionsSupported:        false,
		flightsql.SqlInfoSupportedGroupBy:             int64(0),
		flightsql.SqlInfoMaxColumnsInTable:            int64(1600),
		flightsql.SqlInfoMaxConnections:               int64(s.cfg.MaxConnections),
	} {
		if err := s.RegisterSqlInfo(id, v); err != nil {
			return err
		}
	}
	return nil
}

// listing answers a question about the catalog: its FlightInfo is the command as ticket.
func listing(d *flight.FlightDescriptor, schema *arrow.Schema) (*flight.FlightInfo, error) {
	return info(d, d.Cmd, schema), nil
}

// table builds the answer to a question about the catalog.
func (s *service) table(schema *arrow.Schema, fill func(*array.RecordBuilder)) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	b := array.NewRecordBuilder(s.Alloc, schema)
	defer b.Release()
	fill(b)
	out := make(chan flight.StreamChunk, 1)
	out <- flight.StreamChunk{Data: b.NewRecord()}
	close(out)
	return schema, out, nil
}

func text(b *array.RecordBuilder, i int, v string) { b.Field(i).(*array.StringBuilder).Append(v) }

// GetFlightInfoCatalogs and the methods below tell what relations there are.
func (s *service) GetFlightInfoCatalogs(_ context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return listing(d, schema_ref.Catalogs)
}

func (s *service) DoGetCatalogs(context.Context) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	return s.table(schema_ref.Catalogs, func(b *array.RecordBuilder) { text(b, 0, s.cfg.Catalog) })
}

func (s *service) GetFlightInfoSchemas(_ context.Context, _ flightsql.GetDBSchemas, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return listing(d, schema_ref.DBSchemas)
}

func (s *service) DoGetDBSchemas(_ context.Context, q flightsql.GetDBSchemas) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	var names []string
	if s.ours(q.GetCatalog()) {
		for _, t := range s.cfg.Tables() {
			if like(t.Schema, q.GetDBSchemaFilterPattern()) {
				names = append(names, t.Schema)
			}
		}
	}
	slices.Sort(names)
	return s.table(schema_ref.DBSchemas, func(b *array.RecordBuilder) {
		for _, name := range slices.Compact(names) {
			text(b, 0, s.cfg.Catalog)
			text(b, 1, name)
		}
	})
}

func (s *service) GetFlightInfoTables(_ context.Context, q flightsql.GetTables, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return listing(d, tablesSchema(q))
}

func tablesSchema(q flightsql.GetTables) *arrow.Schema {
	if q.GetIncludeSchema() {
		return schema_ref.TablesWithIncludedSchema
	}
	return schema_ref.Tables
}

func (s *service) DoGetTables(ctx context.Context, q flightsql.GetTables) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	var tables []Table
	var schemas [][]byte
	for _, t := range s.cfg.Tables() {
		if !s.ours(q.GetCatalog()) || !like(t.Schema, q.GetDBSchemaFilterPattern()) || !like(t.Name, q.GetTableNameFilterPattern()) ||
			len(q.GetTableTypes()) > 0 && !slices.Contains(q.GetTableTypes(), t.Type) {
			continue
		}
		schema, err := columnar.SchemaOf(t.Columns)
		if err != nil {
			return nil, nil, s.failure(ctx, err)
		}
		tables = append(tables, t)
		schemas = append(schemas, flight.SerializeSchema(schema, s.Alloc))
	}
	return s.table(tablesSchema(q), func(b *array.RecordBuilder) {
		for i, t := range tables {
			for at, v := range []string{s.cfg.Catalog, t.Schema, t.Name, t.Type} {
				text(b, at, v)
			}
			if q.GetIncludeSchema() {
				b.Field(4).(*array.BinaryBuilder).Append(schemas[i])
			}
		}
	})
}

func (s *service) GetFlightInfoTableTypes(_ context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return listing(d, schema_ref.TableTypes)
}

func (s *service) DoGetTableTypes(context.Context) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	var types []string
	for _, t := range s.cfg.Tables() {
		types = append(types, t.Type)
	}
	slices.Sort(types)
	return s.table(schema_ref.TableTypes, func(b *array.RecordBuilder) {
		for _, t := range slices.Compact(types) {
			text(b, 0, t)
		}
	})
}

func (s *service) GetFlightInfoPrimaryKeys(_ context.Context, _ flightsql.TableRef, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return listing(d, schema_ref.PrimaryKeys)
}

func (s *service) DoGetPrimaryKeys(_ context.Context, q flightsql.TableRef) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	return s.table(schema_ref.PrimaryKeys, func(b *array.RecordBuilder) {
		for _, t := range s.cfg.Tables() {
			if t.Name != q.Table || !s.ours(q.Catalog) || q.DBSchema != nil && t.Schema != *q.DBSchema {
				continue
			}
			for i, column := range t.Key {
				for at, v := range []string{s.cfg.Catalog, t.Schema, t.Name, column} {
					text(b, at, v)
				}
				b.Field(4).(*array.Int32Builder).Append(int32(i + 1))
				b.Field(5).AppendNull()
			}
		}
	})
}

// ours: the catalog asked for is this one, or any.
func (s *service) ours(catalog *string) bool { return catalog == nil || *catalog == s.cfg.Catalog }

// like matches a pattern of SQL's LIKE without escapes; nil matches all. Time is O(len·len).
func like(name string, pattern *string) bool {
	if pattern == nil {
		return true
	}
	p, n := *pattern, name
	back, at := -1, "" // behind the last %, and what of the name it may take more of
	for n != "" {
		switch {
		case p != "" && p[0] == '%':
			p = p[1:]
			back, at = len(p), n
		case p != "" && (p[0] == '_' || p[0] == n[0]):
			p, n = p[1:], n[1:]
		case back >= 0:
			at = at[1:]
			n, p = at, (*pattern)[len(*pattern)-back:]
		default:
			return false
		}
	}
	return strings.Trim(p, "%") == ""
}

// SortTables brings relations into the order that the protocol asks for.
func SortTables(tables []Table) {
	slices.SortFunc(tables, func(a, b Table) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
}
