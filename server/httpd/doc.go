// Package httpd serves statements, and what operators and machines ask about a running server,
// over HTTP.
//
//	POST /query       one statement; rows as JSON lines, CSV, an Arrow stream or Parquet
//	POST /token       a bearer token for who asks
//	GET /healthz      200 while the process can answer
//	GET /readyz       200 once Ready says so, else 503 with the reason; Notes follow
//	GET /metrics      Prometheus text, from a registry of this server's own
//	GET /debug/pprof  only where the setting http_pprof is on
//	Handle(pattern)   what other faces add: server/rpc
//
// HTTP/1.1 and HTTP/2 are spoken, the latter with and without TLS (gRPC).
//
// Unless clients are trusted (auth = trust, loopback only), all but what is open (healthz, readyz, the health of gRPC) want a role's
// name and password by HTTP Basic, a token, or a client certificate (auth.go), and /readyz tells
// its reason and its notes to nobody else. Whether requests come under TLS is the listener's matter (internal/tlsconf);
// on an address that other machines reach it is a must (internal/config).
//
// On a loopback address every request must name a loopback host: a web page whose name is
// rebound to 127.0.0.1 gets 421 instead of answers. A statement comes in a content type that a
// page of another site cannot send, and from no other site.
//
// Goroutines: Serve runs in its caller, net/http starts one for each connection; Shutdown ends
// them. Metrics are read when they are asked for, by functions that must not block.
package httpd
