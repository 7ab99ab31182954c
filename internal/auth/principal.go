package auth

import "time"

// Principal is who a connection turned out to be. The zero value is nobody.
type Principal struct {
	Role   uint32 // OID
	Name   string
	Method Method
	Peer   string // address without port; "" for what is not on the network
	// Expires is when the client must have proved itself again; zero = never.
	Expires time.Time
}

// Method is how a principal proved who it is.
type Method string

// The methods; their texts are labels of metrics and stand in the log.
const (
	Trust       Method = "trust" // not at all
	SCRAM256    Method = "scram-sha-256"
	SCRAM256TLS Method = "scram-sha-256-plus" // bound to the TLS channel
	SCRAM512    Method = "scram-sha-512"
	Plain       Method = "plain"  // SASL PLAIN
	Basic       Method = "basic"  // HTTP Basic
	Bearer      Method = "bearer" // a token of Gate.Issue
	Certificate Method = "certificate"
	None        Method = "none" // asked for something without having tried
)

// Methods are all of them.
func Methods() []Method {
	return []Method{Trust, SCRAM256, SCRAM256TLS, SCRAM512, Plain, Basic, Bearer, Certificate, None}
}

// Face is where a client came in; its text is a label of metrics.
type Face string

const (
	PG     Face = "pg"
	Kafka  Face = "kafka"
	HTTP   Face = "http"
	Flight Face = "flight"
)

// Faces are all of them.
func Faces() []Face { return []Face{PG, Kafka, HTTP, Flight} }
