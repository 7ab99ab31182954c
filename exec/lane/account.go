package lane

import (
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// account is the memory that all dataflows share.
type account struct {
	limit int64
	used  atomic.Int64
}

// charge takes bytes (negative gives them back); past the limit nothing is taken and it is
// 53200.
func (a *account) charge(bytes int64) error {
	if used := a.used.Add(bytes); bytes > 0 && a.limit > 0 && used > a.limit {
		a.used.Add(-bytes)
		return sqlerr.New(sqlerr.OutOfMemory, "out of memory").
			WithDetail("The state of dataflows would exceed state_memory (%d bytes).", a.limit)
	}
	return nil
}
