package session

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/lane"
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
		fields[i] = face.Field{Name: n, Type: sqltype.Of(sqltype.Text), Encode: face.EncodeIn(sqltype.Text, face.Text, codec.UTC)}
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
	parse.ObjStream:           {"schema", "name", "topic", "format", "status", "row_errors", "since", "reason"},
	parse.ObjTable:            {"schema", "name", "topic", "status", "since", "reason"},
	parse.ObjMaterializedView: {"schema", "name", "status", "version", "row_errors", "since", "reason"},
	parse.ObjSink:             {"schema", "name", "topic", "status", "row_errors", "since", "reason"},
	parse.ObjTopic:            {"name", "partitions", "cleanup_policy", "comment"},
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
	snap := s.catalog()
	var rows [][]string
	switch b.Kind {
	case parse.ObjStream:
		for _, r := range snap.Relations(catalog.KindStream) {
			status, why := s.shownStatus(r)
			rows = append(rows, append([]string{r.Schema, r.Name, r.TopicName, r.Format.Name, status.State}, why...))
		}
	case parse.ObjTable:
		for _, r := range snap.Relations(catalog.KindTable) {
			status, since, reason := s.db.Tables.Status(r.OID), "", ""
			if status.Reason != nil {
				since, reason = shownTime(status.Since), string(status.Reason.Code)+" "+status.Reason.Message
			}
			rows = append(rows, []string{r.Schema, r.Name, r.TopicName, status.State, since, reason})
		}
	case parse.ObjMaterializedView:
		for _, r := range snap.Relations(catalog.KindView) {
			status, why := s.shownStatus(r)
			rows = append(rows, append([]string{r.Schema, r.Name, status.State, strconv.FormatUint(uint64(status.Frontier), 10)}, why...))
		}
	case parse.ObjSink:
		for _, r := range snap.Relations(catalog.KindSink) {
			status, why := s.shownStatus(r)
			rows = append(rows, append([]string{r.Schema, r.Name, r.TopicName, status.State}, why...))
		}
	case parse.ObjTopic:
		said := map[string]string{}
		if d, ok := snap.Database(); ok {
			said = d.TopicComments
		}
		for _, t := range s.db.Log.Topics() {
			policy := t.Configs["cleanup.policy"]
			if policy == "" {
				policy = "delete"
			}
			rows = append(rows, []string{t.Name, strconv.Itoa(int(t.Partitions)), policy, said[fmt.Sprintf("%x", t.ID)]})
		}
	}
	return textRows(w, fmt.Sprintf("SHOW %d", len(rows)), names, rows)
}

// shownStatus is the status of a derived relation, and what SHOW says of it besides the state: how
// many of its rows failed, since when it is so, and why. Empty for a relation without a dataflow.
func (s *Session) shownStatus(r *catalog.Relation) (status lane.Status, why []string) {
	status, ok := s.db.Runtime.Status(r.OID)
	if !ok {
		return status, []string{"", "", ""}
	}
	reason := ""
	if status.Reason != nil {
		reason = string(status.Reason.Code) + " " + status.Reason.Message
		if o := status.Record; o != nil {
			reason += fmt.Sprintf(" (topic %q, partition %d, offset %d)", o.Topic, o.Partition, o.Offset)
		}
	}
	return status, []string{strconv.FormatInt(status.RowErrors, 10), shownTime(status.Since), reason}
}

func shownTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000+00") }
