package log

import (
	"errors"
	"time"

	"github.com/tributary-db/tributary/internal/job"
)

// runTxnTimeouts aborts transactions that are open for longer than their client asked for. It sleeps
// while none is open.
func (db *DB) runTxnTimeouts() {
	job.Label("transaction timeouts")
	for {
		late, wait := db.lateTxns()
		for _, r := range late {
			_, err := db.requestTxn(db.background, r)
			if err == nil {
				db.stats.txnTimeouts.Add(1)
			}
			if err != nil && !errors.Is(err, ErrCondition) && db.background.Err() == nil {
				db.cfg.Logger.Warn("a transaction past its timeout was not aborted, will be tried again", "transactional_id", r.name, "error", err)
				wait = upkeepRetry
			}
		}
		if len(late) > 0 && wait == 0 {
			continue
		}
		var due <-chan time.Time
		if wait > 0 {
			due = db.clock.After(wait)
		}
		select {
		case <-due:
		case <-db.txnWake:
		case <-db.upkeep.stopping:
			return
		}
	}
}

// lateTxns are ends for the transactions whose time is over, and how long the next one still has; 0 =
// there is none.
func (db *DB) lateTxns() (late []*txnRequest, wait time.Duration) {
	now := db.time.nowMillis()
	db.mu.RLock()
	defer db.mu.RUnlock()
	for _, x := range db.mu.fold.txns.open {
		left := x.startMillis + x.timeoutMillis - now
		if left < 0 {
			late = append(late, &txnRequest{op: txnEndOp, name: x.name, who: x.identity, bump: true, cause: EndByTimeout, number: x.number})
			continue
		}
		if d := time.Duration(left+1) * time.Millisecond; wait == 0 || d < wait {
			wait = d
		}
	}
	return late, wait
}
