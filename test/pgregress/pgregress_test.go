package pgregress

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

var (
	update = flag.Bool("update", false, "write docs/postgresql-suite.md")
	only   = flag.String("files", "", "run these files alone, behind test_setup, with commas between them")
)

const docPage = "../../docs/postgresql-suite.md"

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// TestRead: a file is cut where psql cuts it.
func TestRead(t *testing.T) {
	steps := read("-- a; comment\nSELECT 'a;b', $$c;d$$, E'e\\';f', \"g;h\" /* i;/*j;*/ */;\n\\set x 1\ncopy t from stdin;\n1\t2\n\\.\n" +
		"create function f() returns int begin atomic select 1; select case when true then 1 end; end;\nselect 1 \\gset\nselect (1;2);")
	var got []string
	for _, s := range steps {
		got = append(got, fmt.Sprintf("%d %s|%s|%s", s.line, s.text, s.meta, s.data))
	}
	want := []string{
		"2 SELECT 'a;b', $$c;d$$, E'e\\';f', \"g;h\" /* i;/*j;*/ */||", `3 |\set x 1|`, "4 copy t from stdin||1\t2\n",
		"7 create function f() returns int begin atomic select 1; select case when true then 1 end; end||", `8 select 1|\gset|`, "9 select (1;2)||",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestSuite runs PostgreSQL's suite on both sides. It fails when this server dies of it, or says XX000.
func TestSuite(t *testing.T) {
	folder := os.Getenv("TRIBUTARY_TEST_PGREGRESS")
	if folder == "" {
		t.Skip("TRIBUTARY_TEST_PGREGRESS does not name PostgreSQL's src/test/regress: skipped")
	}
	there := &side{dsn: pgoracle.DSN(t)}
	server := harness.Start(t, t.TempDir())
	here := &side{dsn: server.DSN()}
	defer there.end()
	defer here.end()
	var counts []count
	var misses []miss
	for _, file := range schedule(t, folder) {
		if unfitFiles[file] != "" {
			continue
		}
		c, m := runFile(t, folder, file, there, here)
		counts, misses = append(counts, c), append(misses, m...)
		if !server.Running() {
			t.Fatalf("%s: the server is gone:\n%s", file, server.Stderr())
		}
	}
	for _, m := range misses {
		if strings.HasPrefix(m.why, "XX000") || strings.HasPrefix(m.why, "lost") {
			t.Errorf("%s:%d: %s\n\t%s", m.file, m.line, m.why, clip(m.text))
		}
	}
	var table, list bytes.Buffer
	page(&table, counts)
	reasons(&list, misses)
	t.Log("\n" + table.String())
	if path := os.Getenv("TRIBUTARY_TEST_PGREGRESS_MISSES"); path != "" {
		all := list.String() + "\n"
		for _, m := range misses {
			all += fmt.Sprintf("%s:%d\t%d\t%s\t%s\n", m.file, m.line, m.verdict, m.why, clip(strings.Join(strings.Fields(m.text), " ")))
		}
		if err := os.WriteFile(path, []byte(all), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if *update && *only == "" {
		if err := os.WriteFile(docPage, append([]byte(head), table.Bytes()...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const head = `# PostgreSQL's own regression suite

Written by ` + "`make pgregress SUITE=…/src/test/regress`" + ` (PostgreSQL 15's sources; they are not part of this project). Each statement ran here and on a
PostgreSQL 15; how they are compared, and what is kept out, is told in test/pgregress/doc.go. A table that could not be made here makes every
later statement on it differ.

`

// schedule is the order of the files.
func schedule(t *testing.T, folder string) []string {
	text, err := os.ReadFile(filepath.Join(folder, "parallel_schedule"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "test:"); ok {
			files = append(files, strings.Fields(rest)...)
		}
	}
	if *only != "" {
		files = append([]string{"test_setup"}, strings.Split(*only, ",")...)
	}
	return files
}

// runFile runs one file on both sides.
func runFile(t *testing.T, folder, file string, there, here *side) (count, []miss) {
	text, err := os.ReadFile(filepath.Join(folder, "sql", file+".sql"))
	if err != nil {
		t.Logf("%s: %v", file, err)
		return count{file: file}, nil
	}
	for _, s := range []*side{there, here} {
		s.vars = variables{}
		if err := s.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c := count{file: file}
	var misses []miss
	var left aside
	for _, st := range read(string(text)) {
		if st.text == "" {
			there.vars.set(st.meta, folder)
			here.vars.set(st.meta, folder)
			continue
		}
		if left.why(st.text) != "" {
			c.aside++
			a := there.run(t.Context(), st)
			here.runAside(t.Context(), st, a.state == "")
			continue
		}
		a := there.run(t.Context(), st)
		b := here.run(t.Context(), st)
		v, why := compare(a, b)
		c.verdicts[v]++
		if v != equal && v != sayDiffers {
			misses = append(misses, miss{file, st.line, st.text, v, why})
		}
	}
	return c, misses
}
