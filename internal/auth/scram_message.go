package auth

import (
	"encoding/base64"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// maxNonce bounds a client's part of the nonce; clients use some 20 to 40 characters.
const maxNonce = 1024

// clientFirst is the first message of a client, RFC 5802 section 7.
type clientFirst struct {
	header  string // gs2-header: flag, binding, authorization identity, with both commas
	flag    byte   // n: no channel binding; y: the server seems to have none; p: used
	binding string // its type, with p
	name    string
	nonce   string
	bare    string // client-first-message-bare, which is signed
}

func malformed(detail string) error {
	return sqlerr.New(sqlerr.ProtocolViolation, "malformed SCRAM message").WithDetail("%s", detail)
}

func parseClientFirst(text string) (m clientFirst, err error) {
	parts := strings.SplitN(text, ",", 3)
	if len(parts) < 3 {
		return m, malformed("The first message has no GS2 header.")
	}
	m.header, m.bare = text[:len(parts[0])+len(parts[1])+2], parts[2]
	switch binding, bound := strings.CutPrefix(parts[0], "p="); {
	case bound && binding != "":
		m.flag, m.binding = 'p', binding
	case parts[0] == "n" || parts[0] == "y":
		m.flag = parts[0][0]
	default:
		return m, malformed("Unexpected channel-binding flag.")
	}
	fields := strings.Split(m.bare, ",")
	if strings.HasPrefix(m.bare, "m=") {
		return m, sqlerr.New(sqlerr.FeatureNotSupported, "client requires an unsupported SCRAM extension")
	}
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "n=") || !strings.HasPrefix(fields[1], "r=") {
		return m, malformed("The first message lacks a name or a nonce.")
	}
	var ok bool
	if m.name, ok = unescapeName(fields[0][2:]); !ok {
		return m, malformed("The name is not encoded as it must be.")
	}
	if m.nonce = fields[1][2:]; !isNonce(m.nonce) {
		return m, malformed("Non-printable characters in SCRAM nonce.")
	}
	if parts[1] != "" && parts[1] != "a="+fields[0][2:] {
		return m, sqlerr.New(sqlerr.FeatureNotSupported, "client uses authorization identity, but it is not supported")
	}
	return m, nil
}

// unescapeName reads a saslname: =2C is a comma, =3D an equals sign, nothing else begins with one.
func unescapeName(s string) (string, bool) {
	name := strings.ReplaceAll(strings.ReplaceAll(s, "=2C", ","), "=3D", "=")
	rest := strings.ReplaceAll(strings.ReplaceAll(s, "=2C", ""), "=3D", "")
	return name, !strings.Contains(rest, "=") && !strings.Contains(rest, "\x00")
}

func isNonce(s string) bool {
	if s == "" || len(s) > maxNonce {
		return false
	}
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// clientFinal is the second message of a client.
type clientFinal struct {
	binding      []byte // GS2 header and channel-binding data
	nonce        string
	proof        []byte
	withoutProof string // which is signed
}

func parseClientFinal(text string) (m clientFinal, err error) {
	at := strings.LastIndex(text, ",p=")
	if at < 0 {
		return m, malformed("The final message has no proof.")
	}
	m.withoutProof = text[:at]
	fields := strings.Split(m.withoutProof, ",")
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "c=") || !strings.HasPrefix(fields[1], "r=") {
		return m, malformed("The final message lacks its channel binding or nonce.")
	}
	m.nonce = fields[1][2:]
	if m.binding, err = base64.StdEncoding.DecodeString(fields[0][2:]); err != nil {
		return m, malformed("The channel binding is not base64.")
	}
	if m.proof, err = base64.StdEncoding.DecodeString(text[at+3:]); err != nil {
		return m, malformed("Malformed proof in client-final-message.")
	}
	return m, nil
}
