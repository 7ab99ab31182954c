package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
)

// OID identifies an object; user objects start at FirstOID, one counter for all.
type OID uint32

// FirstOID is the first OID of a user object, as in PostgreSQL.
const FirstOID OID = 16384

// Kind of a relation.
type Kind string

const (
	KindTable  Kind = "table"
	KindStream Kind = "stream"
	KindView   Kind = "materialized view"
	KindSink   Kind = "sink"
	KindIndex  Kind = "index"
	// KindPlainView is a query that whoever reads it runs.
	KindPlainView Kind = "view"
	// KindErrors is the error relation of Parent, created and dropped with it.
	KindErrors Kind = "error relation"
	// KindSequence is a sequence; Parent is the table that owns it, 0 = none.
	KindSequence Kind = "sequence"
	// KindSchema is a schema: an object of the catalog as relations are, in no schema itself.
	KindSchema Kind = "schema"
	// KindDatabase is what is said of the database and of topics: one, without a name, once something is said.
	KindDatabase Kind = "database"
	// KindSystem relations are given by a provider and are never stored.
	KindSystem Kind = "system view"
)

// Relation is anything with a name in a schema's relation namespace. It is immutable once in
// a Snapshot: change a copy.
type Relation struct {
	OID     OID      `json:"oid"`
	Schema  string   `json:"schema"`
	Name    string   `json:"name"`
	Kind    Kind     `json:"kind"`
	Columns []Column `json:"columns,omitempty"`
	// PrimaryKey are positions in Columns; for a view or an updating sink, its derived unique key.
	PrimaryKey []int `json:"primary_key,omitempty"`

	// Owner is the role whose it is, 0 = the first role; of what has a Parent that is its parent's (Snapshot.OwnerOf).
	Owner OID `json:"owner,omitempty"`
	// ACL are the grants on it, nil = nobody has granted or revoked anything.
	ACL *acl.ACL `json:"acl,omitempty"`

	// Comment is what COMMENT ON says of it; KeyComment of the index of its primary key, where that is no relation; and
	// ConstraintComment of the constraint that this index is, or of the primary key.
	Comment           string `json:"comment,omitempty"`
	KeyComment        string `json:"key_comment,omitempty"`
	ConstraintComment string `json:"constraint_comment,omitempty"`
	// TopicComments, of the database, are what is said of topics, by their IDs in hex digits.
	TopicComments map[string]string `json:"topic_comments,omitempty"`
	// TopicAccess, of the database, is who may do what with topics, likewise.
	TopicAccess map[string]TopicAccess `json:"topic_access,omitempty"`

	// RoleSettings, of the database, are what sessions of all roles begin with.
	RoleSettings []Setting `json:"role_settings,omitempty"`

	// KeyName is the name of the primary key's constraint, empty = <table>_pkey.
	KeyName string `json:"key_name,omitempty"`
	// KeyIndex is the index that is the primary key of a table which got it after it was created: its rows
	// are named by a hidden id, and PrimaryKey is empty.
	KeyIndex OID `json:"key_index,omitempty"`
	// Layouts are the names that the columns of a table had as fields of its records, by position, before each change of them;
	// "" = no field that means something now. Records of now are of layout len(Layouts).
	Layouts [][]string `json:"layouts,omitempty"`
	// Checks of a table.
	Checks []Check `json:"checks,omitempty"`
	// ForeignKeys of a table.
	ForeignKeys []ForeignKey `json:"foreign_keys,omitempty"`

	// Parent: of an index its table, of an error relation its stream, view or sink.
	Parent OID `json:"parent,omitempty"`
	// KeyColumns and Unique of an index, and what else there is to say of it.
	KeyColumns []int  `json:"key_columns,omitempty"`
	Unique     bool   `json:"unique,omitempty"`
	Index      *Index `json:"index,omitempty"`
	// Constraint: the index is that of a UNIQUE constraint of its name.
	Constraint bool `json:"constraint,omitempty"`

	// LookupColumns of a system relation: by each of them alone its rows are found without all being made.
	LookupColumns []int `json:"-"`

	// UserType is the definition of a type, Role of a role, Function of a function, Policy of a policy.
	UserType *UserType `json:"user_type,omitempty"`
	Role     *Role     `json:"role,omitempty"`
	Function *Function `json:"function,omitempty"`
	Policy   *Policy   `json:"policy,omitempty"`

	// RowSecurity: policies decide who sees which rows of a table; ForceRowSecurity: its owner too.
	RowSecurity      bool `json:"row_security,omitempty"`
	ForceRowSecurity bool `json:"force_row_security,omitempty"`

	// Sequence is the definition of a sequence.
	Sequence *Sequence `json:"sequence,omitempty"`

	// Topic of a stream, table or sink.
	Topic     log.TopicID `json:"topic,omitzero"`
	TopicName string      `json:"topic_name,omitempty"`
	Format    Format      `json:"format,omitzero"`
	// Watermark of a stream, nil = none declared.
	Watermark *Watermark `json:"watermark,omitempty"`
	// TimestampColumn is the event time column written as the Kafka timestamp, -1 = none.
	TimestampColumn int `json:"timestamp_column"`

	// Query is the SELECT of a view, sink or derived stream as written, EMIT clause included;
	// empty otherwise. It is planned anew at every start, under Settings.
	Query    string            `json:"query,omitempty"`
	Settings map[string]string `json:"settings,omitempty"`
	// DependsOn are the relations that Query reads.
	DependsOn []OID `json:"depends_on,omitempty"`
	// Inputs are what the names in Query meant when it was written; empty of one that is older than that.
	Inputs []Input `json:"inputs,omitempty"`
	// Retold is Query with the names that what it reads has today, for who reads it; empty = they are those in Query.
	Retold string `json:"retold,omitempty"`
	// FromTopic: a table whose rows are those of a topic that others write, by key (exec/keyed); SQL only reads it.
	FromTopic bool `json:"from_topic,omitempty"`
	// Options as given in WITH (…), for display.
	Options map[string]string `json:"options,omitempty"`
	// Storage are the storage parameters of a table as name=value, those of PostgreSQL's TOAST table as toast.name=value.
	Storage []string `json:"storage,omitempty"`
	// Unlogged of a table is shown; it is as durable as any. Clustered is the index that CLUSTER goes by: 0 = none, the table's own OID = that
	// of the primary key which is no relation.
	Unlogged  bool `json:"unlogged,omitempty"`
	Clustered OID  `json:"clustered,omitempty"`
	// OnErrorSkip: reads of the view pass over its row errors.
	OnErrorSkip bool `json:"on_error_skip,omitempty"`
	// Unpopulated: a materialized view was made, or refreshed, WITH NO DATA, and may not be read until it is refreshed. It has its rows all the same.
	Unpopulated bool `json:"unpopulated,omitempty"`
	// NoSnapshot: start from the creation instead of the earliest retained record.
	NoSnapshot bool `json:"no_snapshot,omitempty"`
	// AllowedLateness is how long after its end a window that waits still takes rows.
	AllowedLateness time.Duration `json:"allowed_lateness,omitempty"`
	// AppendOnly: a stream or sink whose query never takes a row back.
	AppendOnly bool `json:"append_only,omitempty"`

	// OnCommit of a temporary table. Those are never stored.
	OnCommit OnCommit `json:"-"`

	// Rebuilt is how often ALTER … REBUILD had the relation's state made anew: state of another number is not
	// used.
	Rebuilt int `json:"rebuilt,omitempty"`
	// LossAccepted is the commit up to which it was agreed (ALTER … REBUILD FROM WHAT IS LEFT) that what the inputs
	// lost is not counted.
	LossAccepted log.CommitSeq `json:"loss_accepted,omitempty"`
	// RewrittenAt is the commit that gave a table's columns other types, and all its rows with them; set when it is applied.
	RewrittenAt log.CommitSeq `json:"rewritten_at,omitempty"`
	// CreatedAt is the commit that created the relation, set when it is applied.
	CreatedAt log.CommitSeq `json:"created_at"`
}

// Column of a relation.
type Column struct {
	Name    string       `json:"name"`
	Type    sqltype.Type `json:"type"`
	NotNull bool         `json:"not_null,omitempty"`
	Comment string       `json:"comment,omitempty"`
	// ACL are the grants on the column alone.
	ACL acl.ACL `json:"acl,omitempty"`
	// Default is an SQL expression, empty = NULL.
	Default string `json:"default,omitempty"`
	// Sequence gives the column's values where INSERT names none: of a serial or identity column.
	Sequence OID `json:"sequence,omitempty"`
	// Identity is "always" or "by default" of an identity column.
	Identity string `json:"identity,omitempty"`
	// Field is the name of the column in the records of a stream or of a topic's table, if it is another than Name: a RENAME does not
	// change what a topic holds, or what others write to it.
	Field string `json:"field,omitempty"`
	// Missing is the text of the value that the column has in rows which are older than it, nil = NULL.
	Missing *string `json:"missing,omitempty"`
	// Later: a stream has got the column after records could be in its topic: one whose field is none of its type has NULL there, and
	// stays the row that it was.
	Later bool `json:"later,omitempty"`
	// Dropped: the column is gone, and keeps its position; rows have NULL there.
	Dropped bool `json:"dropped,omitempty"`
	// Generated is the expression over the other columns that a stored generated column has.
	Generated string `json:"generated,omitempty"`
	// Form is what PostgreSQL would do with its values, nil = as it does anyhow.
	Form *ColumnForm `json:"form,omitempty"`
}

// ColumnForm is what ALTER COLUMN SET says that is about PostgreSQL's pages and statistics: it is kept and shown.
type ColumnForm struct {
	Storage     string   `json:"storage,omitempty"`     // p, e, m or x
	Compression string   `json:"compression,omitempty"` // p or l
	Statistics  *int32   `json:"statistics,omitempty"`
	Options     []string `json:"options,omitempty"` // name=value
}

// FieldName is the name of the column in records.
func (c *Column) FieldName() string { return cmp.Or(c.Field, c.Name) }

// Sequence is what a sequence counts. Where it stands is a progress of the log (exec/sequence).
type Sequence struct {
	Type      sqltype.OID `json:"type"`
	Start     int64       `json:"start"`
	Increment int64       `json:"increment"`
	Min       int64       `json:"min"`
	Max       int64       `json:"max"`
	Cache     int64       `json:"cache,omitempty"`
	Cycle     bool        `json:"cycle,omitempty"`
}

// Check is a CHECK constraint.
type Check struct {
	Name string `json:"name"`
	Expr string `json:"expr"`
	// Pretty is Expr without the parentheses that it does not need; empty: Expr is as it was written, without those around all of it.
	Pretty  string `json:"pretty,omitempty"`
	Comment string `json:"comment,omitempty"`
	// NotValid: rows and values of before may not be as it says.
	NotValid bool `json:"not_valid,omitempty"`
}

// Formats of records that say what changed. The others are a row, or nothing.
const (
	FormatDebezium  = "debezium_json"
	FormatChangelog = "changelog"
)

// Format says how rows and records are translated.
type Format struct {
	Name      string   `json:"name"` // json, csv, raw, debezium_json, changelog
	Delimiter string   `json:"delimiter,omitempty"`
	Key       []string `json:"key,omitempty"`        // columns of the record key
	KeyFormat string   `json:"key_format,omitempty"` // json (default) or text
	// KeyFields are the names that the columns of Key have in record keys, if they are not theirs: a key of a topic that is
	// compacted by key must stay what it is, so a RENAME does not change it.
	KeyFields []string `json:"key_fields,omitempty"`
}

// Watermark of a stream: the largest Column seen in the partition that is furthest behind, less
// Delay.
type Watermark struct {
	Column int           `json:"column"`
	Delay  time.Duration `json:"delay"`
	// IdleTimeout: a partition without a record for so long, while others have some, no longer
	// holds the watermark back. Fixed when the stream is created.
	IdleTimeout time.Duration `json:"idle_timeout"`
	// MaxJump: a record further ahead of those before it does not move the watermark; 0 = no limit.
	MaxJump time.Duration `json:"max_jump,omitempty"`
}

// ToastPrefix begins the names of storage parameters that are of a TOAST table.
const ToastPrefix = "toast."

// QualifiedName is schema.name, or the name alone in schema public; not quoted.
func (r *Relation) QualifiedName() string {
	if r.Schema == "" || r.Schema == "public" {
		return r.Name
	}
	return r.Schema + "." + r.Name
}

// Readable reports whether a query may read the relation.
func (r *Relation) Readable() bool {
	return r.Kind != KindSink && r.Kind != KindIndex
}

// Shown is Query with today's names.
func (r *Relation) Shown() string { return cmp.Or(r.Retold, r.Query) }

// Derived reports whether a dataflow writes the relation.
func (r *Relation) Derived() bool {
	return r.Query != "" && r.Kind != KindPlainView && r.Kind != KindPolicy
}

// ListsRows reports whether an error relation lists the rows that failed in its parent's query (of
// a view, sink or derived stream), not the records that a stream's decoder refused.
func (r *Relation) ListsRows() bool { return r.Kind == KindErrors && r.ColumnIndex("sqlstate") >= 0 }

// ColumnIndex returns the position of the column called name, -1 if there is none.
func (r *Relation) ColumnIndex(name string) int {
	for i := range r.Columns {
		if r.Columns[i].Name == name && !r.Columns[i].Dropped {
			return i
		}
	}
	return -1
}

// Field is the name of a column's field in the records of a layout of a table, "" = they have none.
func (r *Relation) Field(layout, column int) string {
	switch c := &r.Columns[column]; {
	case c.Dropped:
		return ""
	case layout >= len(r.Layouts):
		return c.Name
	case column < len(r.Layouts[layout]):
		return r.Layouts[layout][column]
	}
	return ""
}

// KeyField is the name of the i-th column of Format.Key in record keys.
func (r *Relation) KeyField(i int) string {
	if i < len(r.Format.KeyFields) {
		return r.Format.KeyFields[i]
	}
	return r.Format.Key[i]
}

// RenameColumn gives a column of a table another name; r is a copy.
func (r *Relation) RenameColumn(at int, name string) {
	r.NextLayout()
	if i := slices.Index(r.Format.Key, r.Columns[at].Name); i >= 0 {
		if r.Format.KeyFields == nil {
			r.Format.KeyFields = slices.Clone(r.Format.Key)
		}
		r.Format.Key = slices.Clone(r.Format.Key)
		r.Format.Key[i] = name
	}
	r.Columns = slices.Clone(r.Columns)
	r.Columns[at].Name = name
}

// RenameField gives a column of a stream, or of a topic's table, another name; r is a copy. Records keep theirs.
func (r *Relation) RenameField(at int, name string) {
	r.Columns = slices.Clone(r.Columns)
	c := &r.Columns[at]
	if i := slices.Index(r.Format.Key, c.Name); i >= 0 {
		if r.Format.KeyFields == nil {
			r.Format.KeyFields = slices.Clone(r.Format.Key)
		}
		r.Format.Key = slices.Clone(r.Format.Key)
		r.Format.Key[i] = name
	}
	if c.Field = c.FieldName(); c.Field == name {
		c.Field = ""
	}
	c.Name = name
}

// DropColumn takes a column out of a table; r is a copy.
func (r *Relation) DropColumn(at int) {
	r.NextLayout()
	r.Columns = slices.Clone(r.Columns)
	r.Columns[at] = Column{Name: fmt.Sprintf("........pg.dropped.%d........", at+1), Type: r.Columns[at].Type, Dropped: true}
}

// MaxLayouts bounds the layouts that a table has had before the one of now.
const MaxLayouts = 500

// DropField takes a column out of a stream; r is a copy. Which records are rows stays what it was: its field is read as before, and
// shown to nobody.
func (r *Relation) DropField(at int) {
	r.Columns = slices.Clone(r.Columns)
	c := r.Columns[at]
	c.Field, c.Dropped, c.Comment = c.FieldName(), true, ""
	c.Name = fmt.Sprintf("........pg.dropped.%d........", at+1)
	r.Columns[at] = c
}

// NextLayout begins a new layout of a table's records, before a change of columns; r is a copy.
func (r *Relation) NextLayout() {
	names := make([]string, len(r.Columns))
	for i := range r.Columns {
		names[i] = r.Field(len(r.Layouts), i)
	}
	r.Layouts = append(slices.Clone(r.Layouts), names)
}

// IsKey reports whether a column is one of the primary key's.
func (r *Relation) IsKey(column int) bool { return slices.Contains(r.PrimaryKey, column) }

// PrimaryKeyName is the name of a table's primary key.
func (r *Relation) PrimaryKeyName() string { return cmp.Or(r.KeyName, r.Name+"_pkey") }
