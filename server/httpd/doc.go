// Package httpd serves what operators and machines ask about a running server over HTTP.
//
//	GET /healthz      200 while the process can answer
//	GET /readyz       200 once Ready says so, else 503 with the reason; Notes follow
//	GET /metrics      Prometheus text, from a registry of this server's own
//	GET /debug/pprof  only where the setting http_pprof is on
//	Handle(pattern)   what other faces add later
//
// On a loopback address every request must name a loopback host: a web page whose name is
// rebound to 127.0.0.1 gets 421 instead of answers. Other verbs than GET and HEAD are refused.
//
// Goroutines: Serve runs in its caller, net/http starts one for each connection; Shutdown ends
// them. Metrics are read when they are asked for, by functions that must not block.
package httpd
