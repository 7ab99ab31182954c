package rpc_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestMisdirected: who calls a method as it cannot be called is told what to do instead.
func TestMisdirected(t *testing.T) {
	s, ctx := rpcServer(t)
	const consume, produce = "/tributary.v1.StreamService/Consume", "/tributary.v1.StreamService/Produce"
	for _, tc := range []struct {
		method, path, kind string
		status             int
		says               string
	}{
		{"POST", consume, "application/json", 415, `{"code":"invalid_argument","message":"StreamService/Consume is a stream: its messages are sent and answered as application/connect+json, each in an envelope of the Connect protocol, or with gRPC, not as application/json; StreamService/Fetch is its first answer"}`},
		{"POST", consume, "application/json; charset=utf-8", 415, "is a stream"},
		{"POST", "/tributary.v1.QueryService/WatchView", "application/proto", 415, "QueryService/WatchView is a stream"},
		{"POST", produce, "application/connect+json", 415, "StreamService/Produce is no stream: it wants Content-Type: application/json"},
		{"POST", produce, "", 415, "StreamService/Produce wants Content-Type: application/json"},
		{"POST", produce, "text/plain", 415, "not text/plain"},
		{"POST", produce, "application/json; charset=latin1", 415, "in UTF-8"},
		{"GET", consume, "", 405, "StreamService/Consume is called with POST"},
		{"POST", "/tributary.v1.StreamService/ProduceStream", "application/connect+json", 505, "StreamService/ProduceStream is a stream in both directions and wants HTTP/2"},
		{"POST", "/tributary.v1.StreamService/Nothing", "application/json", 404, `{"code":"unimplemented","message":"there is no method tributary.v1.StreamService/Nothing"`},
		{"GET", "/tributary.v1.StreamService/Nothing", "", 404, "there is no method tributary.v1.StreamService/Nothing"},
	} {
		req, err := http.NewRequestWithContext(ctx, tc.method, "http://"+s.HTTPAddr.String()+tc.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if tc.kind != "" {
			req.Header.Set("Content-Type", tc.kind)
		}
		resp, err := http1(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tc.status || !strings.Contains(string(body), tc.says) {
			t.Errorf("%s %s as %q: %s %s, want %d %s", tc.method, tc.path, tc.kind, resp.Status, body, tc.status, tc.says)
		}
		if ct := resp.Header.Get("Content-Type"); ct == "application/json" && !json.Valid(body) {
			t.Errorf("%s is no JSON", body)
		}
	}
	// What is well directed goes through.
	for _, kind := range []string{"application/json", "application/json; charset=UTF-8"} {
		resp, err := http1(t).Post("http://"+s.HTTPAddr.String()+"/tributary.v1.StreamService/ListTopics", kind, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", kind, resp.Status)
		}
	}
}
