package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/connector"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// alterStream adds a column to a stream, or takes one out. The topic stays what it is: a column that is new is the field of its name in
// each record that has one of its type, and which records are rows does not change, so that who has read them has what a new reader
// finds.
func (s *Session) alterStream(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, c *parse.AlterCmd) error {
	drop, drops := bind.DropsColumn(c)
	switch {
	case !drops && !bind.AddsColumn(c):
		return unsupported("this change of a stream").WithHint("ADD COLUMN, DROP COLUMN, RENAME and SET are.")
	case rel.Derived():
		return unsupported("ADD and DROP COLUMN of a derived stream").WithHint("Its columns are those of its query.")
	case connector.Has(rel):
		return unsupported("ADD and DROP COLUMN of a stream with a connector")
	case rel.Format.Name != "json":
		return unsupported("ADD and DROP COLUMN of a stream in format " + rel.Format.Name).WithHint("Its records have no names of columns: create another stream over the topic.")
	case drops:
		return s.dropField(ctx, t, rel, drop)
	}
	changed, err := bind.AddStreamColumn(rel, c, t.At(), s.bindOptions())
	if err != nil {
		return err
	}
	if changed == nil {
		_, code, text := bind.NothingToDo(rel, c)
		s.tell(face.Notice{Code: string(code), Message: text})
		return nil
	}
	if err := s.noteNames(ctx, t, rel); err != nil {
		return err
	}
	t.Put(changed)
	return s.retell(ctx, t, changed)
}

// dropField takes a column out of a stream. What reads it keeps it, or goes along.
func (s *Session) dropField(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, c bind.ColumnDrop) error {
	at := rel.ColumnIndex(c.Name)
	switch {
	case at < 0 && c.MissingOK:
		s.notice("column %q of relation %q does not exist, skipping", c.Name, rel.Name)
		return nil
	case at < 0:
		return sqlerr.New(sqlerr.UndefinedColumn, "column %q of relation %q does not exist", c.Name, rel.Name).Meant(rel.NearColumn(c.Name))
	case rel.Watermark != nil && rel.Watermark.Column == at:
		return unsupported("DROP COLUMN of a stream's watermark column")
	case rel.TimestampColumn == at:
		return unsupported("DROP COLUMN of a stream's timestamp_field")
	case slices.Contains(rel.Format.Key, c.Name):
		return unsupported("DROP COLUMN of a stream's key")
	}
	if err := s.noteNames(ctx, t, rel); err != nil {
		return err
	}
	d := columnDrop{s: s, t: t, rel: rel, at: at, cascade: c.Cascade, drop: dropping{s: s, ctx: ctx, tag: "ALTER STREAM", t: t, seen: map[catalog.OID]bool{}}}
	if err := d.release(); err != nil {
		return err
	}
	changed := *rel
	changed.DropField(at)
	t.Put(&changed)
	return s.retell(ctx, t, &changed)
}
