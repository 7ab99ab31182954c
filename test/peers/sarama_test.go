package peers

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"testing"
)

// saramaTests are the beginnings of the names of sarama's tests that want a broker.
const saramaTests = "TestFunc|TestConsumerFetchFollowerFailover|TestConsumerHighWaterMarkOffset|TestConsumerPartialBatchRecovery|TestVersionMatrix|" +
	"TestReadOnlyAndAllCommittedMessages|TestConsumerGroupDeadlock|TestJava|TestInterceptors|TestAsyncProducerRemoteBrokerClosed"

// noProxies says to sarama's suite that there are its proxies, and switches none.
func noProxies(t *testing.T) []string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/reset" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		proxy := map[string]any{"name": path.Base(r.URL.Path), "enabled": true}
		if err := json.NewEncoder(w).Encode(proxy); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return []string{"TOXIPROXY_ADDR=" + s.URL}
}
