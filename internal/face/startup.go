package face

import (
	"net"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Startup is what a client said when it connected. It is authenticated, and the database
// exists.
type Startup struct {
	Principal auth.Principal
	Database  string
	// Settings in the order given: the startup packet's parameters and the -c items of its
	// options, names in lower case. A value that a setting refuses is the session's error.
	Settings []Setting
	// PID is what pg_backend_pid() gives; unique among the connections of this process.
	PID int32
	// Remote is the client's end of the connection, Local this one's; nil = there is none.
	Remote, Local net.Addr
	Client        Client
	// Cancel ends the call that runs now, if one does, Terminate the conversation; the client is told the cause. From any
	// goroutine; nil = that cannot be.
	Cancel, Terminate func(cause *sqlerr.Error)
}

// Setting is the name and value of a run-time setting.
type Setting struct{ Name, Value string }

// Client takes what a session may tell its client at any time, statement or not. Nothing
// here blocks: it is sent with the next answer.
type Client interface {
	// Notice sends a message that is no error.
	Notice(n Notice)
	// Parameter reports the new value of a setting that clients follow.
	Parameter(name, value string)
}

// Listener is a client that can be told of notifications.
type Listener interface {
	// Notification sends one with the next answer.
	Notification(pid int32, channel, payload string)
	// Wake has the face call the session's Deliver as soon as the client is not served. From any goroutine.
	Wake()
}

// Notice is a message for the client. Severity is WARNING, NOTICE, INFO, LOG or DEBUG;
// empty is NOTICE.
type Notice struct {
	Severity string
	Code     string // SQLSTATE; empty is 00000, or 01000 for WARNING
	Message  string
	Detail   string
	Hint     string
	Position int // 1-based character of the statement, 0 = none
}

// TxStatus is where a session stands in a transaction, as ReadyForQuery says it.
type TxStatus byte

const (
	TxIdle   TxStatus = 'I' // no transaction block
	TxActive TxStatus = 'T' // in a transaction block
	TxFailed TxStatus = 'E' // in a failed one: only ROLLBACK and COMMIT do anything
)
