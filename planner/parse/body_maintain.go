package parse

import pg "github.com/pganalyze/pg_query_go/v5"

type (
	// Reindex is REINDEX of an index, a table, a schema, or (Kind 0) of the database or its system relations.
	Reindex struct {
		Kind    ObjectKind
		System  bool
		Name    Name
		Options []*pg.Node
	}
	// Maintain is VACUUM and ANALYZE.
	Maintain struct {
		What  string // the tag
		Names []Name
		// Columns that are named of each of Names.
		Columns [][]string
		Options []Option
	}
	// Cluster is CLUSTER of a table, or with no name of all that were clustered before; Index is empty = the one of before.
	Cluster struct {
		Name  Name
		Index string
	}
)

func (*Reindex) body()  {}
func (*Maintain) body() {}
func (*Cluster) body()  {}
