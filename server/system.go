package server

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// OIDs of system relations lie below catalog.FirstOID and never change.
const (
	dataflowsOID catalog.OID = 13001
	settingsOID  catalog.OID = 13002
)

// systemRelations are the relations of schema tributary.
func systemRelations() []*catalog.Relation {
	text := func(name string) catalog.Column { return catalog.Column{Name: name, Type: sqltype.Of(sqltype.Text)} }
	return []*catalog.Relation{
		dataflowRelation(),
		{
			OID: settingsOID, Schema: "tributary", Name: "settings", Kind: catalog.KindSystem, TimestampColumn: -1,
			Columns: []catalog.Column{text("name"), text("value"), text("source"), text("description")},
		},
	}
}

// systemRows gives the rows of a system relation.
func (s *Server) systemRows(oid catalog.OID) (lane.SystemRows, bool) {
	switch oid {
	case dataflowsOID:
		return s.dataflowRows, true
	case settingsOID:
		return s.settingRows, true
	}
	return nil, false
}

func (s *Server) settingRows(_ context.Context, emit func(*delta.Batch) error) error {
	b := delta.NewBatchBuilder([]sqltype.OID{sqltype.Text, sqltype.Text, sqltype.Text, sqltype.Text})
	for _, v := range s.cfg.Values() {
		b.Cols[0].AppendString(v.Name)
		b.Cols[1].AppendString(v.Text)
		b.Cols[2].AppendString(v.Source)
		b.Cols[3].AppendString(v.Doc)
		b.End(1)
	}
	rows := b.Batch()
	return emit(&rows)
}
