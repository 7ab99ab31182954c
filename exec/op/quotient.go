package op

import (
	"errors"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// appendQuotient appends sum / n with the scale that PostgreSQL's division picks, or nothing
// with the error.
func appendQuotient(b *delta.Builder, sum decimal.Dec, n int64) *sqlerr.Error {
	q, err := decimal.Div(sum, decimal.FromInt64(n))
	if err != nil {
		return userError(err)
	}
	b.AppendNumeric(q)
	return nil
}

// userError is err as a row's error.
func userError(err error) *sqlerr.Error {
	var e *sqlerr.Error
	if errors.As(err, &e) {
		return e
	}
	return sqlerr.New(sqlerr.InternalError, "%v", err)
}
