package kafka

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/tributary-db/tributary/internal/auth"
)

// passwords are ann's, which is the one role; they are her account too.
type passwords struct {
	mu sync.Mutex
	vs auth.Verifiers
}

func (p *passwords) Roles(context.Context) ([]string, error) { return []string{"ann"}, nil }

func (p *passwords) Verifiers(context.Context, string) (auth.Verifiers, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.vs, nil
}

func (p *passwords) Alter(_ context.Context, _ string, change func(auth.Verifiers) (auth.Verifiers, error)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	vs, err := change(p.vs)
	if err == nil {
		p.vs = vs
	}
	return err
}

func (p *passwords) Account(ctx context.Context, name string) (auth.Account, error) {
	if name != "ann" {
		return auth.Account{}, nil
	}
	vs, _ := p.Verifiers(ctx, name)
	return auth.Account{Role: 10, Exists: true, Verifiers: vs}, nil
}

// TestScramCredentials: a password that a client sets lets in and the one before does not, for the
// mechanism that was named; what is refused changes nothing.
func TestScramCredentials(t *testing.T) {
	old, err := auth.NewVerifiers("old", countingReader{})
	if err != nil {
		t.Fatal(err)
	}
	people := &passwords{vs: old}
	b := start(t, func(c *Config) {
		c.Credentials = people
		c.Auth = newGate(t, auth.Config{Directory: people, MockKey: []byte("0123456789abcdef")})
	})
	ctx := testContext(t)
	lets := func(pass string, sha512 bool) bool {
		a := scram.Auth{User: "ann", Pass: pass}
		mechanism := a.AsSha256Mechanism()
		if sha512 {
			mechanism = a.AsSha512Mechanism()
		}
		return b.client(t, kgo.SASL(mechanism), kgo.RetryTimeout(1)).Ping(ctx) == nil
	}
	cl := b.client(t, kgo.SASL(scram.Auth{User: "ann", Pass: "old"}.AsSha256Mechanism()))
	adm := kadm.NewClient(cl)
	all, err := adm.DescribeUserSCRAMs(ctx)
	if err != nil || len(all["ann"].CredInfos) != 2 || all["ann"].CredInfos[0].Iterations != 4096 {
		t.Fatalf("all: %+v, %v", all, err)
	}
	if got, err := adm.DescribeUserSCRAMs(ctx, "bob"); err != nil || got["bob"].Err != kerr.ResourceNotFound {
		t.Fatalf("bob: %+v, %v", got, err)
	}
	salt := []byte("saltsaltsalt")
	salted, err := pbkdf2.Key(sha512.New, "new", salt, 8192, 64)
	if err != nil {
		t.Fatal(err)
	}
	upsert := func(user string, mechanism kadm.ScramMechanism, iterations int32, salted []byte) kadm.UpsertSCRAM {
		return kadm.UpsertSCRAM{User: user, Mechanism: mechanism, Iterations: iterations, Salt: salt, SaltedPassword: salted}
	}
	for name, c := range map[string]struct {
		del    []kadm.DeleteSCRAM
		upsert []kadm.UpsertSCRAM
		user   string
		want   error
	}{
		"another role":   {nil, []kadm.UpsertSCRAM{upsert("bob", kadm.ScramSha512, 8192, salted)}, "bob", kerr.ResourceNotFound},
		"few iterations": {nil, []kadm.UpsertSCRAM{upsert("ann", kadm.ScramSha512, 4095, salted)}, "ann", kerr.UnacceptableCredential},
		"many":           {nil, []kadm.UpsertSCRAM{upsert("ann", kadm.ScramSha512, 16385, salted)}, "ann", kerr.UnacceptableCredential},
		"short":          {nil, []kadm.UpsertSCRAM{upsert("ann", kadm.ScramSha512, 8192, salted[:32])}, "ann", kerr.UnacceptableCredential},
		"nobody":         {nil, []kadm.UpsertSCRAM{upsert("", kadm.ScramSha512, 8192, salted)}, "", kerr.UnacceptableCredential},
		"twice": {[]kadm.DeleteSCRAM{{User: "ann", Mechanism: kadm.ScramSha512}}, []kadm.UpsertSCRAM{upsert("ann", kadm.ScramSha512, 8192, salted)},
			"ann", kerr.DuplicateResource},
		"half": {[]kadm.DeleteSCRAM{{User: "ann", Mechanism: kadm.ScramSha256}}, []kadm.UpsertSCRAM{upsert("ann", kadm.ScramSha512, 1, salted)},
			"ann", kerr.UnacceptableCredential},
	} {
		got, err := adm.AlterUserSCRAMs(ctx, c.del, c.upsert)
		if err != nil || got[c.user].Err != c.want {
			t.Errorf("%s: %+v, %v, want %v", name, got, err, c.want)
		}
	}
	unknown := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	unknown.Upsertions = []kmsg.AlterUserSCRAMCredentialsRequestUpsertion{{Name: "ann", Mechanism: 7, Iterations: 8192, Salt: salt, SaltedPassword: salted}}
	if got, err := unknown.RequestWith(ctx, cl); err != nil || got.Results[0].ErrorCode != kerr.UnsupportedSaslMechanism.Code {
		t.Errorf("%+v, %v", got, err)
	}
	if !lets("old", true) || !lets("old", false) {
		t.Fatal("what was refused changed a password")
	}
	if got, err := adm.AlterUserSCRAMs(ctx, nil, []kadm.UpsertSCRAM{upsert("ann", kadm.ScramSha512, 8192, salted)}); err != nil || got["ann"].Err != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if lets("old", true) || !lets("new", true) || !lets("old", false) {
		t.Error("the password of one mechanism was to change")
	}
	salted256, err := pbkdf2.Key(sha256.New, "new", salt, 4096, 32)
	if err != nil {
		t.Fatal(err)
	}
	got, err := adm.AlterUserSCRAMs(ctx, []kadm.DeleteSCRAM{{User: "ann", Mechanism: kadm.ScramSha512}},
		[]kadm.UpsertSCRAM{upsert("ann", kadm.ScramSha256, 4096, salted256)})
	if err != nil || got["ann"].Err != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if lets("new", true) || lets("old", false) || !lets("new", false) {
		t.Error("one mechanism was to go, the other to change")
	}
	got, err = adm.AlterUserSCRAMs(ctx, []kadm.DeleteSCRAM{{User: "ann", Mechanism: kadm.ScramSha512}}, nil)
	if err != nil || got["ann"].Err != kerr.ResourceNotFound {
		t.Errorf("what is not there was deleted: %+v, %v", got, err)
	}
	req := kmsg.NewPtrDescribeUserSCRAMCredentialsRequest()
	req.Users = []kmsg.DescribeUserSCRAMCredentialsRequestUser{{Name: "ann"}, {Name: "ann"}}
	resp, err := req.RequestWith(ctx, cl)
	if err != nil || len(resp.Results) != 1 || resp.Results[0].ErrorCode != kerr.DuplicateResource.Code {
		t.Errorf("%+v, %v", resp, err)
	}
}

// countingReader is a poor source of salts.
type countingReader struct{}

func (countingReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i)
	}
	return len(p), nil
}
