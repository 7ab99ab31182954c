// Package tributaryv1 is the RPC interface of Tributary: messages and services, generated from the
// .proto files beside it.
//
//	stream.proto, query.proto ─► generate.go (protocompile) ─► protoc-gen-go         *.pb.go
//	                                                       └─► protoc-gen-connect-go tributaryv1connect
//
// server/rpc serves it, docs/rpc.md describes it. What is here is what other programs were built
// with: fields and methods are added, never changed or numbered anew.
//
// The plugins and the compiler are pinned in tools.mod; no protoc is needed. The package imports
// nothing of this module.
package tributaryv1

//go:generate go run -modfile=../../tools.mod generate.go
