package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// TestACLsAreGrants: Kafka's tools see the grants of SQL as ACLs, and make and take back those that a grant says.
func TestACLsAreGrants(t *testing.T) {
	s := guarded(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db, err := login(t, s, "first")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, db, `CREATE USER shop PASSWORD 'pw'; CREATE USER other PASSWORD 'pw'; CREATE TOPIC orders; CREATE TOPIC "a.b"; CREATE TABLE t (a int PRIMARY KEY);
		GRANT SELECT ON t TO shop; GRANT SELECT ON TOPIC orders TO shop WITH GRANT OPTION`)
	as := func(user, password string) *kadm.Client {
		cl, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cl.Close)
		return kadm.NewClient(cl)
	}
	first, shop := as("tributary", "first"), as("shop", "pw")
	// told lists the ACLs of topics that are somebody's.
	told := func() []string {
		t.Helper()
		got, err := shop.DescribeACLs(ctx, kadm.NewACLs().AnyResource().Allow().AllowHosts().Deny().DenyHosts().Operations(kadm.OpAny).ResourcePatternType(kadm.ACLPatternAny))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, r := range got {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			for _, a := range r.Described {
				if a.Principal != "User:*" && a.Operation != kadm.OpAll {
					out = append(out, fmt.Sprintf("%v %s %s %v", a.Type, a.Name, a.Principal, a.Operation))
				}
			}
		}
		slices.Sort(out)
		return out
	}
	want := func(lines ...string) {
		t.Helper()
		lines = append(lines, "CLUSTER kafka-cluster User:tributary CREATE", "TOPIC t User:shop READ", "TOPIC __consumer_offsets User:pg_monitor READ")
		slices.Sort(lines)
		if got := told(); !slices.Equal(got, lines) {
			t.Errorf("ACLs:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
		}
	}
	want("TOPIC orders User:shop READ")
	create := func(cl *kadm.Client, b *kadm.ACLBuilder) string {
		t.Helper()
		got, err := cl.CreateACLs(ctx, b)
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, r := range got {
			text := "ok"
			if r.Err != nil {
				text = strings.TrimSuffix(strings.SplitN(r.Err.Error(), ":", 2)[0], " ")
			}
			out = append(out, text)
		}
		return strings.Join(out, " ")
	}
	on := func(topic, user string, ops ...kadm.ACLOperation) *kadm.ACLBuilder {
		return kadm.NewACLs().Topics(topic).ResourcePatternType(kadm.ACLPatternLiteral).Operations(ops...).Allow("User:" + user).AllowHosts("*")
	}
	for _, c := range []struct {
		by   *kadm.Client
		acl  *kadm.ACLBuilder
		want string
	}{
		{first, on("orders", "other", kadm.OpWrite), "ok"},
		{first, on("orders", "other", kadm.OpWrite), "ok"},
		{first, on("a.b", "other", kadm.OpRead), "ok"},
		{first, on("orders", "other", kadm.OpDescribe), "ok"},
		{first, kadm.NewACLs().Groups("g1").ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpRead).Allow("User:other").AllowHosts("*"), "ok"},
		{shop, on("orders", "other", kadm.OpRead), "ok"},
		{shop, on("orders", "other2", kadm.OpRead), "INVALID_REQUEST"},
		{shop, on("a.b", "shop", kadm.OpRead), "TOPIC_AUTHORIZATION_FAILED"},
		{first, on("nothing", "shop", kadm.OpRead), "UNKNOWN_TOPIC_OR_PARTITION"},
		{first, on("orders", "shop", kadm.OpDelete), "INVALID_REQUEST"},
		{first, on("orders", "shop", kadm.OpAll), "INVALID_REQUEST"},
		{first, on("ord", "shop", kadm.OpRead).ResourcePatternType(kadm.ACLPatternPrefixed), "INVALID_REQUEST"},
		{first, on("orders", "shop", kadm.OpRead).AllowHosts("10.0.0.1"), "INVALID_REQUEST"},
		{first, kadm.NewACLs().Topics("orders").ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpRead).Deny("User:shop").DenyHosts("*"), "INVALID_REQUEST"},
		{first, kadm.NewACLs().Clusters().ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpCreate).Allow("User:shop").AllowHosts("*"), "ok"},
		{first, kadm.NewACLs().Clusters().ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpAlter).Allow("User:shop").AllowHosts("*"), "INVALID_REQUEST"},
	} {
		if got := create(c.by, c.acl); got != c.want {
			t.Errorf("create %+v: %s, want %s", c.acl, got, c.want)
		}
	}
	want("TOPIC orders User:shop READ", "TOPIC orders User:other WRITE", "TOPIC orders User:other READ", "TOPIC a.b User:other READ", "CLUSTER kafka-cluster User:shop CREATE")
	if got := roleOutcome(ctx, db, "SELECT has_database_privilege('shop', 'tributary', 'CREATE')"); got != "t; SELECT 1" {
		t.Error(got)
	}
	remove := func(by *kadm.Client, b *kadm.ACLBuilder) string {
		t.Helper()
		got, err := by.DeleteACLs(ctx, b)
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, r := range got {
			for _, a := range r.Deleted {
				text := "ok"
				if a.Err != nil {
					text = strings.SplitN(a.Err.Error(), ":", 2)[0]
				}
				out = append(out, fmt.Sprintf("%s %v %s", a.Name, a.Operation, text))
			}
		}
		return strings.Join(out, ", ")
	}
	if got := remove(shop, on("a.b", "other", kadm.OpRead)); got != "a.b READ TOPIC_AUTHORIZATION_FAILED" {
		t.Error(got)
	}
	if got := remove(first, on("t", "shop", kadm.OpRead)); got != "t READ INVALID_REQUEST" {
		t.Error(got)
	}
	if got := remove(first, on("orders", "other", kadm.OpAny)); got != "orders READ TOPIC_AUTHORIZATION_FAILED, orders WRITE ok" && got != "orders WRITE ok, orders READ TOPIC_AUTHORIZATION_FAILED" {
		t.Error(got) // READ is what shop has given
	}
	if got := remove(shop, on("orders", "other", kadm.OpRead)); got != "orders READ ok" {
		t.Error(got)
	}
	want("TOPIC orders User:shop READ", "TOPIC a.b User:other READ", "CLUSTER kafka-cluster User:shop CREATE")
}

// TestStatementsOfOthers: what another's session runs is not told.
func TestStatementsOfOthers(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE USER ann; CREATE USER mon; GRANT pg_monitor TO mon")
	for _, c := range []struct{ role, want string }{{"ann", "<insufficient privilege>; SELECT 1"}, {"mon", "SELECT 'secret'; SELECT 1"}} {
		of, err := asRole(t, ctx, ownDSN(s), c.role)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, ctx, db, "SELECT 'secret'")
		for _, ask := range []string{"SELECT query FROM pg_stat_activity WHERE usename = 'tributary'", "SELECT statement FROM tributary.sessions WHERE role = 'tributary'"} {
			if got := roleOutcome(ctx, of, ask); got != c.want {
				t.Errorf("%s, %s: %s, want %s", c.role, ask, got, c.want)
			}
		}
		if got := roleOutcome(ctx, of, "SELECT query = current_query(), state FROM pg_stat_activity WHERE usename = current_user"); !strings.HasPrefix(got, "t|active") && !strings.HasPrefix(got, "0A000") {
			t.Errorf("%s of herself: %s", c.role, got)
		}
	}
}
