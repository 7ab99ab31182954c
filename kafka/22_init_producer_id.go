package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// InitProducerID: a producer id that was never used, with epoch 0, for an idempotent producer.
// A transactional id is TRANSACTIONAL_ID_AUTHORIZATION_FAILED (an empty one INVALID_REQUEST).
//
// Versions: 2 flexible; 3 lets a producer name the id it had, which only matters with a
// transactional id; 4, 5 new error codes of transactions.

func (s *Server) initProducerID(ctx context.Context, _ *request, req *kmsg.InitProducerIDRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.InitProducerIDResponse)
	resp.ProducerID, resp.ProducerEpoch = -1, -1
	if req.TransactionalID != nil {
		resp.ErrorCode = kerr.TransactionalIDAuthorizationFailed.Code
		if *req.TransactionalID == "" {
			resp.ErrorCode = kerr.InvalidRequest.Code
		}
		return resp, nil
	}
	id, err := s.cfg.Log.NewProducerID(ctx)
	if err != nil {
		// The coordinator is who hands ids out in Kafka; this is what makes clients ask again.
		resp.ErrorCode = kerr.CoordinatorNotAvailable.Code
		return resp, nil
	}
	resp.ProducerID, resp.ProducerEpoch = id, 0
	return resp, nil
}
