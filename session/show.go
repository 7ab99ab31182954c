package session

import (
	"fmt"
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/parse"
)

// textRows writes a small result of text columns.
func textRows(w face.Writer, tag string, names []string, rows [][]string) error {
	fields := make([]face.Field, len(names))
	types := make([]sqltype.OID, len(names))
	for i, n := range names {
		fields[i] = face.Field{Name: n, Type: sqltype.Of(sqltype.Text), Encode: face.EncodeIn(face.Text, codec.UTC)}
		types[i] = sqltype.Text
	}
	if err := w.Fields(fields); err != nil {
		return err
	}
	b := delta.NewBatchBuilder(types)
	for _, r := range rows {
		for i, v := range r {
			b.Cols[i].AppendString(v)
		}
		b.End(1)
	}
	if len(rows) > 0 {
		batch := b.Batch()
		if err := w.Rows(&batch); err != nil {
			return err
		}
	}
	return w.Complete(tag)
}

// show is SHOW name: a session setting, else one of the server's.
func (s *Session) show(b *parse.Show, w face.Writer) error {
	if b.Name == "all" {
		var rows [][]string
		for i := range settingList {
			rows = append(rows, []string{settingList[i].name, settingList[i].shown(s.set.values[i]), settingList[i].doc})
		}
		return textRows(w, "SHOW", []string{"name", "setting", "description"}, rows)
	}
	name, value, err := s.set.show(b.Name)
	if err != nil {
		v, ok := s.db.Settings(b.Name)
		if !ok {
			return err
		}
		name, value = b.Name, v
	}
	return textRows(w, "SHOW", []string{name}, [][]string{{value}})
}

var showColumns = map[parse.ObjectKind][]string{
	parse.ObjStream:           {"schema", "name", "topic", "format"},
	parse.ObjTable:            {"schema", "name", "topic", "status"},
	parse.ObjMaterializedView: {"schema", "name", "status", "version"},
	parse.ObjSink:             {"schema", "name", "topic", "status"},
	parse.ObjTopic:            {"name", "partitions", "cleanup_policy"},
}

// showFields describes SHOW's result, for Describe.
func showFields(names []string) []face.Field {
	fields := make([]face.Field, len(names))
	for i, n := range names {
		fields[i] = face.Field{Name: n, Type: sqltype.Of(sqltype.Text)}
	}
	return fields
}

// showObjects is SHOW STREAMS and its kin.
func (s *Session) showObjects(b *parse.ShowObjects, w face.Writer) error {
	names, ok := showColumns[b.Kind]
	if !ok {
		return sqlerr.New(sqlerr.FeatureNotSupported, "SHOW %sS is not supported", b.Kind)
	}
	snap := s.db.Catalog.Now()
	var rows [][]string
	switch b.Kind {
	case parse.ObjStream:
		for _, r := range snap.Relations(catalog.KindStream) {
			rows = append(rows, []string{r.Schema, r.Name, r.TopicName, r.Format.Name})
		}
	case parse.ObjTable:
		for _, r := range snap.Relations(catalog.KindTable) {
			rows = append(rows, []string{r.Schema, r.Name, r.TopicName, s.db.Tables.Status(r.OID)})
		}
	case parse.ObjMaterializedView:
		for _, r := range snap.Relations(catalog.KindView) {
			st, _ := s.db.Runtime.Status(r.OID)
			rows = append(rows, []string{r.Schema, r.Name, st.State, strconv.FormatUint(uint64(st.Frontier), 10)})
		}
	case parse.ObjSink:
		for _, r := range snap.Relations(catalog.KindSink) {
			st, _ := s.db.Runtime.Status(r.OID)
			rows = append(rows, []string{r.Schema, r.Name, r.TopicName, st.State})
		}
	case parse.ObjTopic:
		for _, t := range s.db.Log.Topics() {
			policy := t.Configs["cleanup.policy"]
			if policy == "" {
				policy = "delete"
			}
			rows = append(rows, []string{t.Name, strconv.Itoa(int(t.Partitions)), policy})
		}
	}
	return textRows(w, fmt.Sprintf("SHOW %d", len(rows)), names, rows)
}
