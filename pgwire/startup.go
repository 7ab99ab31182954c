package pgwire

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Codes in place of a protocol version in the first eight bytes of a connection.
const (
	codeCancel = 1234<<16 | 5678
	codeSSL    = 1234<<16 | 5679
	codeGSSENC = 1234<<16 | 5680

	protocolMajor = 3
	newestMinor   = 2 // 3.1 is reserved, 3.2 has longer cancel keys

	maxStartup = 10_000 // PostgreSQL's MAX_STARTUP_PACKET_LENGTH
	maxCancel  = 12 + 256
)

// hello is a startup packet.
type hello struct {
	minor    int // what is spoken: at most newestMinor
	user     string
	database string
	settings []face.Setting
}

// readStartup answers encryption requests and cancel requests until the startup packet is
// read. errGone: nothing more to do with this connection.
func (c *conn) readStartup(ctx context.Context) (*hello, error) {
	if first, err := c.in.br.Peek(1); err == nil && first[0] == tlsRecord && c.srv.cfg.TLS != nil {
		if err := c.startTLS(ctx, true); err != nil {
			return nil, err
		}
	}
	var askedSSL, askedGSS bool
	for {
		var head [8]byte
		if _, err := io.ReadFull(c.in.br, head[:]); err != nil {
			return nil, errGone
		}
		size, code := binary.BigEndian.Uint32(head[:4]), binary.BigEndian.Uint32(head[4:])
		if size < 8 || size > maxStartup {
			return nil, errGone // not our protocol: HTTP, noise
		}
		var err error
		switch {
		case code == codeSSL && size == 8 && !askedSSL && c.tls == nil:
			askedSSL = true
			err = c.answerSSL(ctx)
		case code == codeGSSENC && size == 8 && !askedGSS && c.tls == nil:
			askedGSS = true
			err = c.answerNo("GSSAPI encryption")
		case code == codeCancel && size >= 16 && size <= maxCancel:
			return nil, c.readCancel(int(size) - 8)
		default:
			return c.readHello(int(code>>16), int(code&0xffff), int(size)-8)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (c *conn) readCancel(size int) error {
	body := make([]byte, size)
	if _, err := io.ReadFull(c.in.br, body); err == nil {
		c.srv.stats.cancels.Add(1)
		c.srv.conns.cancel(int32(binary.BigEndian.Uint32(body)), body[4:])
	}
	return errGone
}

func (c *conn) readHello(major, minor, size int) (*hello, error) {
	if major != protocolMajor {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "unsupported frontend protocol %d.%d: server supports %d.0 to %d.%d",
			major, minor, protocolMajor, protocolMajor, newestMinor)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.in.br, body); err != nil {
		return nil, errGone
	}
	h, unknown, err := parseHello(body)
	if err != nil {
		return nil, err
	}
	if c.tls == nil && c.srv.cfg.RequireTLS {
		return nil, noEntry(hostOf(c.nc.RemoteAddr()), h)
	}
	h.minor = min(minor, newestMinor)
	if h.minor == 1 {
		h.minor = 0
	}
	if h.minor != minor || len(unknown) > 0 {
		at := c.out.begin('v')
		c.out.int32(uint32(protocolMajor<<16 | h.minor))
		c.out.int32(uint32(len(unknown)))
		for _, name := range unknown {
			c.out.str(name)
		}
		c.out.end(at)
	}
	return h, nil
}

// parseHello reads the parameters. unknown are the protocol extensions asked for.
func parseHello(body []byte) (h *hello, unknown []string, err error) {
	h = &hello{}
	for {
		name, rest, ok := bytes.Cut(body, []byte{0})
		if !ok || (len(name) == 0 && len(rest) > 0) {
			return nil, nil, sqlerr.New(sqlerr.ProtocolViolation, "invalid startup packet layout: expected terminator as last byte")
		}
		if len(name) == 0 {
			break
		}
		value, rest, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			return nil, nil, sqlerr.New(sqlerr.ProtocolViolation, "invalid startup packet layout: expected terminator as last byte")
		}
		body = rest
		if err := validText(name, value); err != nil {
			return nil, nil, err
		}
		if bytes.HasPrefix(name, []byte("_pq_.")) {
			unknown = append(unknown, string(name))
			continue
		}
		if err := h.set(strings.ToLower(string(name)), string(value)); err != nil {
			return nil, nil, err
		}
	}
	if h.user == "" {
		return nil, nil, sqlerr.New(sqlerr.InvalidAuthorizationSpecification, "no PostgreSQL user name specified in startup packet")
	}
	if h.database == "" {
		h.database = h.user
	}
	return h, unknown, nil
}

func (h *hello) set(name, value string) error {
	switch name {
	case "user":
		h.user = value
	case "database":
		h.database = value
	case "options":
		items, err := parseOptions(value)
		h.settings = append(h.settings, items...)
		return err
	case "replication":
		switch strings.ToLower(value) {
		case "", "false", "off", "no", "0":
		default:
			return sqlerr.New(sqlerr.FeatureNotSupported, "replication connections are not supported")
		}
	default:
		h.settings = append(h.settings, face.Setting{Name: name, Value: value})
	}
	return nil
}

// parseOptions reads the command-line options of a startup packet: -c name=value,
// -cname=value and --name=value, separated by white space, with backslash as escape.
func parseOptions(s string) ([]face.Setting, error) {
	var out []face.Setting
	words := splitOptions(s)
	for i := 0; i < len(words); i++ {
		word, item := words[i], ""
		switch {
		case word == "-c" && i+1 < len(words):
			i++
			item = words[i]
		case strings.HasPrefix(word, "-c") && len(word) > 2:
			item = word[2:]
		case strings.HasPrefix(word, "--") && len(word) > 2:
			item = word[2:]
		default:
			return nil, sqlerr.New(sqlerr.SyntaxError, "invalid command-line argument for server process: %s", word)
		}
		name, value, ok := strings.Cut(item, "=")
		if !ok || name == "" {
			return nil, sqlerr.New(sqlerr.SyntaxError, "-c %s requires a value", item)
		}
		name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
		out = append(out, face.Setting{Name: name, Value: value})
	}
	return out, nil
}

func splitOptions(s string) []string {
	var words []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == '\\' && i+1 < len(s):
			i++
			word.WriteByte(s[i])
			inWord = true
		case b == ' ' || (b >= '\t' && b <= '\r'):
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteByte(b)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words
}

// checkDatabase refuses a database that is not one of the names of the only one.
func (s *Server) checkDatabase(name string) error {
	for _, d := range s.cfg.Databases {
		if d == name {
			return nil
		}
	}
	return sqlerr.New(sqlerr.InvalidCatalogName, "database %s does not exist", fmt.Sprintf("%q", name))
}
