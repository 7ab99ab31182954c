package parse

import pg "github.com/pganalyze/pg_query_go/v5"

// Names of pg_query's tree, so that packages which only carry nodes along need not import it.
type (
	// Node is any node of PostgreSQL's raw parse tree.
	Node = pg.Node
	// SelectStmt is SELECT, VALUES, TABLE or a set operation.
	SelectStmt = pg.SelectStmt
	// AlterCmd is one change of ALTER TABLE.
	AlterCmd = pg.AlterTableCmd
)

// Body says what a statement is; the types that implement it are all there are.
type Body interface{ body() }

// Name is a possibly qualified name as written, identifiers already folded to lower case.
type Name struct {
	Catalog, Schema, Name string
	Pos                   int32 // byte offset in the statement text, -1 unknown
}

// String is the name as messages quote it: schema.name.
func (n Name) String() string {
	if n.Schema != "" {
		return n.Schema + "." + n.Name
	}
	return n.Name
}

// EmitMode is what an EMIT clause asks for.
type EmitMode uint8

const (
	EmitNone EmitMode = iota
	EmitChanges
	EmitOnWindowClose
)

// Query is a query with its EMIT clause.
type Query struct {
	Select *SelectStmt
	Emit   EmitMode
	EmitAt int32 // byte offset of EMIT, -1 without
	// Every is how long EMIT EVERY gathers changes, nil without.
	Every *Node
	// Text is the query as written, EMIT included, where a statement defines something by it
	// (… AS query): Parse takes it again. Empty elsewhere.
	Text string
}

// ObjectKind is what DROP and ALTER name.
type ObjectKind uint8

const (
	ObjTable ObjectKind = iota + 1
	ObjStream
	ObjSink
	ObjTopic
	ObjMaterializedView
	ObjView
	ObjIndex
	ObjSchema
	ObjSequence
	ObjType
	ObjDomain
	ObjFunction
)

// RenamePart is what of a relation gets another name.
type RenamePart uint8

const (
	RenameRelation RenamePart = iota
	RenameColumn
	RenameConstraint
)

var objectNames = map[ObjectKind]string{
	ObjTable: "TABLE", ObjStream: "STREAM", ObjSink: "SINK", ObjTopic: "TOPIC",
	ObjMaterializedView: "MATERIALIZED VIEW", ObjView: "VIEW", ObjIndex: "INDEX", ObjSchema: "SCHEMA", ObjSequence: "SEQUENCE",
	ObjType: "TYPE", ObjDomain: "DOMAIN", ObjFunction: "FUNCTION",
}

// String is the kind as command tags spell it: "MATERIALIZED VIEW".
func (k ObjectKind) String() string { return objectNames[k] }

type (
	// Select is a query whose rows go to the client.
	Select struct{ Query Query }
	// Subscribe is SUBSCRIBE TO relation, SUBSCRIBE TO (query), or a top-level query with EMIT
	// CHANGES.
	Subscribe struct{ Query Query }
	// Insert, Update, Delete and Merge are bound from their trees.
	Insert struct{ Stmt *pg.InsertStmt }
	Update struct{ Stmt *pg.UpdateStmt }
	Delete struct{ Stmt *pg.DeleteStmt }
	Merge  struct{ Stmt *pg.MergeStmt }

	// CreateTable is bound from its tree.
	CreateTable struct {
		Name        Name
		IfNotExists bool
		Options     []Option
		Stmt        *pg.CreateStmt
	}
	// CreateStream is CREATE STREAM with a column list (Stmt has it; nil when there is none), or
	// AS a query.
	CreateStream struct {
		Name        Name
		IfNotExists bool
		Options     []Option
		Stmt        *pg.CreateStmt
		Watermark   *Watermark
		AsQuery     *Query
		ColumnNames []string // of CREATE STREAM s (a, b) AS …
	}
	// CreateSink is CREATE SINK name TO TOPIC 'topic' AS query.
	CreateSink struct {
		Name        Name
		IfNotExists bool
		Topic       string
		ColumnNames []string
		Options     []Option
		Query       Query
	}
	// CreateTopic is CREATE TOPIC name [WITH (…)].
	CreateTopic struct {
		Name        string
		Pos         int32
		IfNotExists bool
		Options     []Option
	}
	// CreateMaterializedView is CREATE MATERIALIZED VIEW [IF NOT EXISTS] v [(c, …)] [WITH (…)] AS query.
	CreateMaterializedView struct {
		Name        Name
		IfNotExists bool
		ColumnNames []string
		Options     []Option
		NoData      bool
		Query       Query
	}
	// CreateTableAs is CREATE TABLE … AS query, and SELECT INTO.
	CreateTableAs struct {
		Name        Name
		IfNotExists bool
		ColumnNames []string
		Options     []Option
		Persistence string // "t" temporary, "u" unlogged, else permanent
		OnCommit    pg.OnCommitAction
		NoData      bool
		Into        bool     // SELECT INTO
		Execute     *Execute // AS EXECUTE: then there is no query
		Query       Query
	}
	// CreateView is a plain view.
	CreateView struct {
		Name        Name
		Replace     bool
		Temporary   bool
		ColumnNames []string
		Options     []Option
		Query       Query
	}
	// Refresh is REFRESH MATERIALIZED VIEW.
	Refresh struct {
		Name   Name
		NoData bool
	}
	// CreateIndex is bound from its tree.
	CreateIndex struct {
		Name        string // empty: to be chosen
		Table       Name
		Unique      bool
		IfNotExists bool
		Stmt        *pg.IndexStmt
	}
	// CreateSchema is CREATE SCHEMA [IF NOT EXISTS] [name] [AUTHORIZATION role] [elements].
	CreateSchema struct {
		Name        string // empty: that of Owner
		Owner       string // empty: not given
		Anybody     bool   // Owner is CURRENT_USER or the like
		IfNotExists bool
		Elements    []string // statements, in the order in which they run
		Outside     string   // the schema that an element names, which is not Name
	}
	// Comment is COMMENT ON what IS text.
	Comment struct {
		Kind     ObjectKind // 0: of a column or constraint of the relation, or of the database
		Name     Name       // of the relation, schema, topic or database
		Database bool
		Column   string
		// Constraint or Policy of the relation.
		Constraint, Policy string
		Text               string // empty: none
	}
	// AlterSchema is ALTER SCHEMA name RENAME TO new.
	AlterSchema struct{ Name, NewName string }
	// SetSchema is ALTER kind name SET SCHEMA schema.
	SetSchema struct {
		Kind     ObjectKind
		Name     Name
		IfExists bool
		Schema   string
	}
	// CreateSequence is CREATE SEQUENCE [IF NOT EXISTS] name options.
	CreateSequence struct {
		Name        Name
		Temporary   bool
		IfNotExists bool
		Options     []*pg.Node
	}
	// CreateEnum is CREATE TYPE name AS ENUM (…).
	CreateEnum struct {
		Name   Name
		Labels []string
	}
	// AlterEnum is ALTER TYPE name ADD VALUE, or RENAME VALUE where Old is given.
	AlterEnum struct {
		Name        Name
		Old, Label  string
		IfNotExists bool
		// Beside is the label that the new one comes before or behind; empty: it comes last.
		Beside string
		After  bool
	}
	// RenameType is ALTER TYPE, or ALTER DOMAIN, name RENAME TO.
	RenameType struct {
		Kind ObjectKind
		Name Name
		To   string
	}
	// CreateFunction is bound from its tree.
	CreateFunction struct {
		Name Name
		Stmt *pg.CreateFunctionStmt
	}
	// FunctionName is a function with the types of its arguments; Any: whichever has the name.
	FunctionName struct {
		Name Name
		Args []*pg.TypeName
		Any  bool
	}
	// DropFunction is DROP FUNCTION.
	DropFunction struct {
		Functions         []FunctionName
		IfExists, Cascade bool
	}
	// AlterFunction is ALTER FUNCTION: one of its fields says to what.
	AlterFunction struct {
		Function   FunctionName
		To, Schema string
		Owner      *RoleSpec
		Options    []*pg.Node
		Comment    *string
	}
	// CreateComposite is CREATE TYPE name AS (columns).
	CreateComposite struct {
		Name    Name
		Columns []*pg.Node
	}
	// AlterComposite is ALTER TYPE name ADD, DROP, ALTER ATTRIBUTE, or with New RENAME ATTRIBUTE.
	AlterComposite struct {
		Name     Name
		Commands []*pg.Node
		Old, New string
	}
	// CreateDomain is bound from its tree.
	CreateDomain struct {
		Name Name
		Stmt *pg.CreateDomainStmt
	}
	// AlterDomain is ALTER DOMAIN name, bound from its tree; with New it renames the constraint Old.
	AlterDomain struct {
		Name     Name
		Stmt     *pg.AlterDomainStmt
		Old, New string
	}
	// AlterSequence is ALTER SEQUENCE [IF EXISTS] name options.
	AlterSequence struct {
		Name     Name
		IfExists bool
		Options  []*pg.Node
	}
	// Drop is DROP kind [IF EXISTS] names [CASCADE].
	Drop struct {
		Kind     ObjectKind
		Names    []Name
		IfExists bool
		Cascade  bool
		// Concurrently is of an index.
		Concurrently bool
	}
	// AlterTable is ALTER TABLE with changes of a definition.
	AlterTable struct {
		Kind     ObjectKind // ObjTable, or ObjStream
		Name     Name
		IfExists bool
		Changes  []*pg.AlterTableCmd
	}
	// Rename is ALTER kind name RENAME …: of the relation, or of what Part is.
	Rename struct {
		Kind     ObjectKind
		Part     RenamePart
		Name     Name
		Old, New string // Old of a column or a constraint
		IfExists bool
	}
	// AlterSet is ALTER kind name SET (options).
	AlterSet struct {
		Kind     ObjectKind
		Name     Name
		IfExists bool
		Options  []Option
		Reset    bool // ALTER … RESET (names)
	}
	// AlterRebuild is ALTER kind name REBUILD [FROM WHAT IS LEFT].
	AlterRebuild struct {
		Kind     ObjectKind
		Name     Name
		IfExists bool
		Left     bool // FROM WHAT IS LEFT
	}

	// ShowObjects is SHOW STREAMS | TABLES | MATERIALIZED VIEWS | SINKS | TOPICS.
	ShowObjects struct{ Kind ObjectKind }
	// Show is SHOW name; "all" for SHOW ALL.
	Show struct{ Name string }
	// Set is SET name TO values. Default is SET … TO DEFAULT.
	Set struct {
		Name    string
		Values  []string
		Local   bool
		Default bool
	}
	// Reset is RESET name; "all" for RESET ALL.
	Reset struct{ Name string }
	// SetTransaction is SET TRANSACTION and SET SESSION CHARACTERISTICS.
	SetTransaction struct {
		Session bool
		Modes   []Option // transaction_isolation, transaction_read_only, transaction_deferrable
	}

	// CopyFrom is COPY table [(columns)] FROM STDIN.
	CopyFrom struct {
		Table   Name
		Columns []string
		Options []Option
		Where   bool   // a WHERE clause is there
		File    string // file name, for the refusal; empty = STDIN
	}
	// CopyTo is COPY table|(query) TO STDOUT. With Subscribe the query is COPY (SUBSCRIBE TO …).
	CopyTo struct {
		Table     *Name // nil for a query
		Columns   []string
		Query     *Query
		Statement Body // COPY (INSERT … RETURNING …): nil unless the query is DML
		Subscribe bool
		Options   []Option
		File      string
	}

	// Explain is EXPLAIN [options] statement.
	Explain struct {
		Options []Option
		Body    Body
	}
	// Prepare is PREPARE name [(types)] AS statement.
	Prepare struct {
		Name     string
		ArgTypes []*pg.Node
		Body     Body
	}
	// Execute is EXECUTE name (arguments).
	Execute struct {
		Name string
		Args []*pg.Node
	}
	// Deallocate is DEALLOCATE name|ALL.
	Deallocate struct {
		Name string
		All  bool
	}
	// Discard is DISCARD ALL|PLANS|SEQUENCES|TEMP.
	Discard struct{ What string }
	// Declare is DECLARE name CURSOR FOR query.
	Declare struct {
		Name   string
		Hold   bool
		Scroll bool // asked for, not merely allowed
		// NoScroll: refused.
		NoScroll bool
		Binary   bool
		// Subscribe: FOR SUBSCRIBE TO.
		Subscribe bool
		Query     Query
	}
	// Fetch is FETCH or MOVE of a cursor.
	Fetch struct {
		Cursor string
		Count  int64
		All    bool
		// Direction that Count rows are given in, or the row that it names.
		Direction FetchDirection
		Move      bool
		Options   []Option // WITH (timeout = …), of a cursor that subscribes
	}
	// CloseCursor is CLOSE name|ALL.
	CloseCursor struct {
		Name string
		All  bool
	}
	// LockTable is LOCK [TABLE] name, … IN mode MODE [NOWAIT]; Mode is PostgreSQL's number of it, 1 to 8.
	LockTable struct {
		Tables []Name
		Mode   int32
		NoWait bool
	}

	// Listen is LISTEN, UNLISTEN (empty Channel = *) or NOTIFY.
	Listen struct {
		What    string // LISTEN, UNLISTEN or NOTIFY
		Channel string
		Payload string
	}
	// Truncate is TRUNCATE tables [RESTART IDENTITY] [CASCADE].
	Truncate struct {
		Names            []Name
		Restart, Cascade bool
	}
	// SetConstraints is SET CONSTRAINTS names DEFERRED or IMMEDIATE; no names = ALL.
	SetConstraints struct {
		Names    []Name
		Deferred bool
	}
	// Unsupported is any other statement of PostgreSQL's; What names it as its command tag does.
	Unsupported struct{ What string }
)

func (*Select) body()                 {}
func (*Subscribe) body()              {}
func (*Insert) body()                 {}
func (*Update) body()                 {}
func (*Delete) body()                 {}
func (*Merge) body()                  {}
func (*CreateTable) body()            {}
func (*CreateStream) body()           {}
func (*CreateSink) body()             {}
func (*CreateTopic) body()            {}
func (*CreateMaterializedView) body() {}
func (*CreateTableAs) body()          {}
func (*CreateView) body()             {}
func (*Refresh) body()                {}
func (*CreateIndex) body()            {}
func (*CreateSchema) body()           {}
func (*AlterSchema) body()            {}
func (*Comment) body()                {}
func (*SetSchema) body()              {}
func (*CreateSequence) body()         {}
func (*AlterSequence) body()          {}
func (*CreateEnum) body()             {}
func (*AlterEnum) body()              {}
func (*RenameType) body()             {}
func (*CreateFunction) body()         {}
func (*DropFunction) body()           {}
func (*AlterFunction) body()          {}
func (*CreateComposite) body()        {}
func (*AlterComposite) body()         {}
func (*CreateDomain) body()           {}
func (*AlterDomain) body()            {}
func (*Drop) body()                   {}
func (*AlterTable) body()             {}
func (*Rename) body()                 {}
func (*AlterSet) body()               {}
func (*AlterRebuild) body()           {}
func (*ShowObjects) body()            {}
func (*Show) body()                   {}
func (*Set) body()                    {}
func (*Reset) body()                  {}
func (*SetTransaction) body()         {}
func (*CopyFrom) body()               {}
func (*CopyTo) body()                 {}
func (*Explain) body()                {}
func (*Prepare) body()                {}
func (*Execute) body()                {}
func (*Deallocate) body()             {}
func (*Discard) body()                {}
func (*Declare) body()                {}
func (*Fetch) body()                  {}
func (*CloseCursor) body()            {}
func (*LockTable) body()              {}
func (*Listen) body()                 {}
func (*Truncate) body()               {}
func (*SetConstraints) body()         {}
func (*Unsupported) body()            {}
