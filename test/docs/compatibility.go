package docs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// notServed are the keys of Kafka that a client or a tool may send and that are refused by ApiVersions, and why.
var notServed = map[int16]string{
	88: "Kafka Streams' own group protocol; the classic one is served", 89: "Kafka Streams' own group protocol; the classic one is served",
}

// betweenBrokers are the keys that only Kafka's brokers and controllers send to each other.
var betweenBrokers = []int16{
	4, 5, 6, 7, 52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, 82, 83, 84, 85, 86, 87, 93, 94,
}

// Versions are those of one key that are served.
type Versions struct{ Min, Max int16 }

// Compatibility returns docs/compatibility.md. An error says which key is in none of the lists.
func Compatibility(served map[int16]Versions) (string, error) {
	var rows, rest []string
	clients := 0
	for key := int16(0); key <= kmsg.MaxKey; key++ {
		v, here := served[key]
		why, refused := notServed[key]
		between := slices.Contains(betweenBrokers, key)
		name := kmsg.NameForKey(key)
		switch {
		case here && !refused && !between:
			clients++
			rows = append(rows, fmt.Sprintf("| %d | %s | %d-%d |", key, name, max(v.Min, firstServed[key]), v.Max))
		case refused && !here && !between:
			clients++
			rest = append(rest, fmt.Sprintf("| %d | %s | %s |", key, name, why))
		case !between || here:
			return "", fmt.Errorf("key %d (%s): served %v, refused %q, between brokers %v", key, name, here, why, between)
		}
	}
	return head("Kafka compatibility", fmt.Sprintf("Keys and versions of the Kafka protocol, as the server answers ApiVersions: %d of the %d keys that clients and tools send\n"+
		"(%d %%). Older and newer versions are refused as Kafka refuses them, so that clients choose one of these.", len(rows), clients, 100*len(rows)/clients)) +
		"\n## Served\n\n| key | name | versions |\n|---|---|---|\n" + strings.Join(rows, "\n") + `

- Produce is advertised from version 0 on, as Kafka 4 does, since librdkafka compresses nothing otherwise; versions 0 to 2 are answered with UNSUPPORTED_VERSION.
- There is one broker and the object store keeps the copies: elections, reassignments and moves between directories are
  answered for what they are, needless (ELECTION_NOT_NEEDED, NO_REASSIGNMENT_IN_PROGRESS) or not possible.
- ACLs list, make and take back the grants of SQL that say the same; what no grant says is INVALID_REQUEST. Where nobody has to prove who he is they
  are SECURITY_DISABLED. Client quotas are producer_byte_rate and consumer_byte_rate of users and client ids; other kinds are refused. SCRAM
  credentials are those of the roles.
- Delegation tokens are DELEGATION_TOKEN_AUTH_DISABLED, as without a secret key in Kafka. The broker cannot be unregistered, nor the
  quorum changed (UNSUPPORTED_VERSION, as with kraft.version 0). Clients' metrics (KIP-714) are asked for by nobody: the
  subscription is an empty one.
- WriteTxnMarkers aborts a transaction as a whole, in all its partitions.

## Not served

| key | name | what it is for |
|---|---|---|
` + strings.Join(rest, "\n") + "\n\nWhat Kafka's brokers and controllers say to each other is not served either. What clients of other makes did: [clients.md](clients.md).\n", nil
}

// firstServed is where that differs from what ApiVersions says.
var firstServed = map[int16]int16{0: 3}
