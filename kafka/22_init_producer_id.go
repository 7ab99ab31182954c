package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// InitProducerID: a producer id that was never used, with epoch 0, for an idempotent producer. With a
// transactional id: its producer id with the next epoch, so that whoever had it before is fenced, and a
// transaction left open is aborted in the same commit. An empty one is INVALID_REQUEST.
//
// Behaviour: a producer may name what it has (KIP-360), to go on after an error that it can recover
// from, a timeout of its transaction included; it is PRODUCER_FENCED if a newer one has the id. Named once
// more it gets the same answer. A timeout above the server's is INVALID_TRANSACTION_TIMEOUT.
//
// Versions: 2 flexible; 3 names the id it had; 4 PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH; 5
// TRANSACTION_ABORTABLE, which is not used.

func (s *Server) initProducerID(ctx context.Context, _ *request, req *kmsg.InitProducerIDRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.InitProducerIDResponse)
	resp.ProducerID, resp.ProducerEpoch = -1, -1
	if req.TransactionalID == nil {
		id, err := s.cfg.Log.NewProducerID(ctx)
		if err != nil {
			// The coordinator is who hands ids out in Kafka; this is what makes clients ask again.
			resp.ErrorCode = kerr.CoordinatorNotAvailable.Code
			return resp, nil
		}
		resp.ProducerID, resp.ProducerEpoch = id, 0
		return resp, nil
	}
	have := log.NoIdentity
	if req.Version >= 3 {
		have = log.ProducerIdentity{ID: req.ProducerID, Epoch: req.ProducerEpoch}
	}
	timeout := time.Duration(req.TransactionTimeoutMillis) * time.Millisecond
	switch {
	case *req.TransactionalID == "", (have.ID < 0) != (have.Epoch < 0), have.ID < -1:
		resp.ErrorCode = kerr.InvalidRequest.Code
		return resp, nil
	case timeout <= 0 || timeout > s.cfg.MaxTransactionTimeout:
		resp.ErrorCode = kerr.InvalidTransactionTimeout.Code
		return resp, nil
	}
	who, err := s.cfg.Log.InitTransactions(ctx, *req.TransactionalID, timeout, have)
	if resp.ErrorCode = txnCode(err, req.Version >= 4); err == nil {
		resp.ProducerID, resp.ProducerEpoch = who.ID, who.Epoch
	}
	return resp, ctx.Err()
}
