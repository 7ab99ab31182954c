package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// EndTxn: a transaction is committed or aborted, in all of its partitions and with the offsets of its
// groups, in one commit: when it is answered, everybody sees the outcome.
//
// Behaviour: asked once more after a lost answer it answers the same. Without an open transaction it is
// INVALID_TXN_STATE, but that version 5 aborts one that may not have begun.
//
// Versions: 2 PRODUCER_FENCED; 3 flexible; 5 the epoch rises with each transaction (KIP-890), so that what
// comes late from one never falls into the next; the answer has the identity from now on.

func (s *Server) endTxn(ctx context.Context, _ *request, req *kmsg.EndTxnRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.EndTxnResponse)
	resp.ProducerID, resp.ProducerEpoch = -1, -1
	if req.TransactionalID == "" {
		resp.ErrorCode = kerr.InvalidRequest.Code
		return resp, nil
	}
	who := log.ProducerIdentity{ID: req.ProducerID, Epoch: req.ProducerEpoch}
	next, err := s.cfg.Log.EndTransaction(ctx, req.TransactionalID, who, req.Commit, req.Version >= 5)
	if resp.ErrorCode = txnCode(err, req.Version >= 2); err == nil {
		resp.ProducerID, resp.ProducerEpoch = next.ID, next.Epoch
	}
	return resp, ctx.Err()
}
