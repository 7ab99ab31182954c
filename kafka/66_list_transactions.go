package kafka

import (
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// ListTransactions: the transactional ids, by state, producer id, how long a transaction is open, and a
// regular expression. States that do not exist are told apart.
//
// Versions: 1 duration; 2 pattern, which is RE2's here.

var txnStates = []log.TxnState{log.TxnEmpty, log.TxnOpen, log.TxnCommitted, log.TxnAborted}

func (s *Server) listTransactions(_ context.Context, _ *request, req *kmsg.ListTransactionsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.ListTransactionsResponse)
	var pattern *regexp.Regexp
	if req.Version >= 2 && req.TransactionalIDPattern != nil && *req.TransactionalIDPattern != "" {
		var err error
		if pattern, err = regexp.Compile("^(?:" + *req.TransactionalIDPattern + ")$"); err != nil {
			resp.ErrorCode = kerr.InvalidRegularExpression.Code
			return resp, nil
		}
	}
	for _, state := range req.StateFilters {
		known := slices.ContainsFunc(txnStates, func(x log.TxnState) bool { return x.String() == state })
		if !known {
			resp.UnknownStateFilters = append(resp.UnknownStateFilters, state)
		}
	}
	longest := s.cfg.Clock.Now()
	if req.Version >= 1 && req.DurationFilterMillis >= 0 {
		longest = longest.Add(-time.Duration(req.DurationFilterMillis) * time.Millisecond)
	}
	for _, x := range s.cfg.Log.Transactions(nil) {
		switch {
		case len(req.StateFilters) > 0 && !slices.Contains(req.StateFilters, x.State.String()),
			len(req.ProducerIDFilters) > 0 && !slices.Contains(req.ProducerIDFilters, x.Producer.ID),
			req.Version >= 1 && req.DurationFilterMillis >= 0 && (x.State != log.TxnOpen || x.Start.After(longest)),
			pattern != nil && !pattern.MatchString(x.Name):
			continue
		}
		rx := kmsg.NewListTransactionsResponseTransactionState()
		rx.TransactionalID, rx.ProducerID, rx.TransactionState = x.Name, x.Producer.ID, x.State.String()
		resp.TransactionStates = append(resp.TransactionStates, rx)
	}
	return resp, nil
}
