// libpq STEP: lib/pq.
package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/lib/pq"
)

func main() {
	if os.Args[1] == "version" {
		info, _ := debug.ReadBuildInfo()
		for _, d := range info.Deps {
			if d.Path == "github.com/lib/pq" {
				fmt.Println(d.Version[1:])
			}
		}
		return
	}
	db, err := sql.Open("postgres", "sslmode=disable")
	check(err)
	step := map[string]func(*sql.DB){"connect": connect, "introspect": introspect, "crud": crud, "transactions": transactions}[os.Args[1]]
	if step == nil {
		os.Exit(3)
	}
	step(db)
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func connect(db *sql.DB) {
	var s string
	var n int
	check(db.QueryRow("select $1::text, $2::int", "ü", 7).Scan(&s, &n))
	fmt.Println(s, n)
}

func introspect(db *sql.DB) {
	rows, err := db.Query("select * from shop.customer order by id")
	check(err)
	types, err := rows.ColumnTypes()
	check(err)
	for _, c := range types {
		length, ok := c.Length()
		precision, scale, has := c.DecimalSize()
		fmt.Println(c.Name(), c.ScanType(), length, ok, precision, scale, has)
	}
	check(rows.Close())
}

func crud(db *sql.DB) {
	_, err := db.Exec("create table shop.pq_crud (id serial primary key, a int[], t timestamptz, b bytea)")
	check(err)
	var id int
	check(db.QueryRow("insert into shop.pq_crud (a, t, b) values ($1, $2, $3) returning id", pq.Array([]int{1, 2}), time.Unix(0, 0), []byte{0, 255}).Scan(&id))
	tx, err := db.Begin()
	check(err)
	in, err := tx.Prepare(pq.CopyInSchema("shop", "pq_crud", "a", "b"))
	check(err)
	for i := range 3 {
		_, err = in.Exec(pq.Array([]int{i}), []byte{byte(i)})
		check(err)
	}
	_, err = in.Exec()
	check(err)
	check(in.Close())
	check(tx.Commit())
	rows, err := db.Query("select id, a, t, b from shop.pq_crud where id = any($1) order by id", pq.Array([]int{1, 2, 3}))
	check(err)
	for rows.Next() {
		var a pq.Int64Array
		var t sql.NullTime
		var b []byte
		check(rows.Scan(&id, &a, &t, &b))
		fmt.Println(id, a, t.Time.UTC(), b)
	}
	check(rows.Err())
}

func transactions(db *sql.DB) {
	_, err := db.Exec("create table shop.pq_tx (id int primary key)")
	check(err)
	tx, err := db.Begin()
	check(err)
	_, err = tx.Exec("insert into shop.pq_tx values (1), (1)")
	var e *pq.Error
	fmt.Println(errors.As(err, &e) && e.Code == "23505" && e.Constraint == "pq_tx_pkey" && e.Table == "pq_tx", e.Detail)
	fmt.Println(tx.Commit() != nil)
	heard := pq.NewListener("sslmode=disable", time.Second, time.Minute, nil)
	check(heard.Listen("news"))
	_, err = db.Exec("notify news, 'here'")
	check(err)
	n := <-heard.Notify
	fmt.Println(n.Channel, n.Extra)
	check(heard.Close())
}
