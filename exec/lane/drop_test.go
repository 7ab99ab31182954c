package lane_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/session"
)

// A view that is dropped within a tick that would take minutes ends at once, gives back all its
// memory and holds nobody up: in its first tick, and in one of the lane.
func TestDropWithinTick(t *testing.T) {
	rows := make([]string, 60_000)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"x":%d}`, i)
	}
	const heavy = `CREATE MATERIALIZED VIEW heavy AS SELECT count(*) FROM a, b WHERE a.x + b.x < 0`
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprintf("first=%t", first), func(t *testing.T) {
			d := newDatabase(t)
			d.exec(`CREATE STREAM a (x int)`)
			d.exec(`CREATE STREAM b (x int)`)
			d.exec(`CREATE STREAM other (x int)`)
			d.exec(`CREATE MATERIALIZED VIEW other_sum AS SELECT sum(x) AS s FROM other`)
			d.exec(`INSERT INTO other VALUES (1)`)
			same(t, "before", d.exec(`SELECT s FROM other_sum`), []string{"1"})
			before := d.account.Used()
			d.produce("a", rows...)
			created := make(chan error, 1)
			if first {
				d.produce("b", rows...)
				go func() { created <- d.elsewhere(heavy) }()
				d.until("the view works", func() bool { return d.account.Used() > before+256<<10 })
			} else {
				d.exec(heavy)
				created <- nil
				idle := d.account.Used()
				d.produce("b", rows...)
				d.until("the view works", func() bool { return d.account.Used() > idle })
			}
			d.exec(`DROP MATERIALIZED VIEW heavy`)
			d.until("all memory is given back", func() bool { return d.account.Used() == before })
			<-created // an error or not: it may be there before its DROP
			d.exec(`INSERT INTO other VALUES (2)`)
			same(t, "after", d.exec(`SELECT s FROM other_sum`), []string{"3"})
		})
	}
}

// elsewhere runs a statement in a session of its own.
func (d *database) elsewhere(sql string) error {
	ctx := context.Background()
	s, err := d.db.Open(ctx, face.Startup{Principal: auth.Principal{Name: session.Superuser}, Database: "tributary", Client: client{}})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return s.Simple(ctx, sql, &rowsWriter{})
}
