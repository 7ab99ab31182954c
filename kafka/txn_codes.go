package kafka

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tributary-db/tributary/storage/log"
)

// txnCode is the code of a request about transactions. What a client may try again is told as Kafka's
// coordinator tells it; versions that do not know PRODUCER_FENCED get its older name.
func txnCode(err error, knowsFenced bool) int16 {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, log.ErrProducerFenced) && !knowsFenced:
		return kerr.InvalidProducerEpoch.Code
	}
	for _, told := range []error{
		log.ErrProducerFenced, log.ErrProducerIDMapping, log.ErrInvalidTxnState, log.ErrConcurrentTransactions,
		log.ErrUnknownTopic, log.ErrTooLarge,
	} {
		if errors.Is(err, told) {
			return codeOf(told)
		}
	}
	return kerr.CoordinatorNotAvailable.Code
}
