package pgwire

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// OpenFunc starts the session of an authenticated client. Its error ends the connection
// (FATAL).
type OpenFunc func(ctx context.Context, s face.Startup) (Session, error)

// Session is one client's conversation with the database. All calls come from one goroutine,
// one at a time. A *sqlerr.Error is shown to the client as it is; any other error is shown as
// XX000 and logged. When the context ends during a call, the session stops and may return
// the context's error as it is: the client is shown the context's cause.
//
// Transactions: Simple runs its statements in one implicit transaction, which it ends itself.
// In the extended protocol the implicit transaction goes on until Sync. After an error no
// call but Status comes before the next Simple or Sync.
type Session interface {
	// Parameters are the settings that clients follow (ParameterStatus), in the order in which
	// they are sent when the connection starts.
	Parameters() []face.Setting

	// Simple runs the statements of sql one after the other and writes the results.
	Simple(ctx context.Context, sql string, w face.Writer) error

	// Parse prepares a statement. name "" replaces the unnamed one; another that exists is
	// 42P05. paramTypes may be shorter than the parameters used; Invalid means: infer it; borrowed.
	Parse(ctx context.Context, name, sql string, paramTypes []sqltype.OID) error
	// Bind makes a portal; b is borrowed.
	Bind(ctx context.Context, b *face.Bind) error
	// DescribeStatement gives the types of the parameters, and the result columns, all in text
	// format; nil when the statement returns no rows. Parameters that come with an error are
	// told before it.
	DescribeStatement(ctx context.Context, name string) (params []sqltype.OID, fields []face.Field, err error)
	// DescribePortal gives the result columns with the formats bound; nil when no rows come.
	DescribePortal(ctx context.Context, name string) ([]face.Field, error)
	// Execute runs a portal, or goes on with it. maxRows 0 = all.
	Execute(ctx context.Context, portal string, maxRows int, w face.Writer) error
	// CloseStatement and ClosePortal forget one; that it does not exist is no error.
	CloseStatement(ctx context.Context, name string) error
	ClosePortal(ctx context.Context, name string) error
	// Sync ends the implicit transaction: it commits, or rolls back after an error.
	Sync(ctx context.Context) error
	// Fail tells of an error that the face found, in the middle of an extended exchange or of a
	// statement: the transaction is to be treated as if the session had returned it.
	Fail(ctx context.Context)

	// IdleTimeout is how long the client may be silent now, 0 = for ever, and the error that ends
	// the connection then.
	IdleTimeout() (time.Duration, *sqlerr.Error)
	// Deliver tells the client what other sessions have sent it (face.Listener). Called between two statements.
	Deliver()
	// Status is the state of the transaction block.
	Status() face.TxStatus
	// Close ends the session: an open transaction is rolled back. Called once, whatever happened.
	Close() error
}
