package drivers

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// place is a server that a suite runs on.
type place struct{ host, port, user, database string }

func (p place) env() []string {
	return []string{"PGHOST=" + p.host, "PGPORT=" + p.port, "PGUSER=" + p.user, "PGDATABASE=" + p.database, "PGSSLMODE=disable", "PGTZ=UTC", "TZ=UTC", "PGCONNECT_TIMEOUT=20"}
}

func (p place) url() string {
	return fmt.Sprintf("postgres://%s@%s:%s/%s?sslmode=disable", p.user, p.host, p.port, p.database)
}

// suite is a driver's own tests.
type suite struct {
	name string
	// fetch puts the suite into a directory and says which version it is.
	fetch func(dir string) (version string, err error)
	// run is one command in that directory, or several; leave are the tests not to run.
	run func(dir string, on place, leave []string) []*exec.Cmd
	// setup is run in the database before.
	setup []string
	// outcomes of what a run printed, or left in the directory.
	outcomes func(dir, out string) map[string]string
}

const (
	pass = "PASS"
	fail = "FAIL"
	skip = "SKIP"
)

func suites() []suite {
	return []suite{
		{
			name: "pgx", fetch: goModule("github.com/jackc/pgx/v5@v5.12.0"), outcomes: goOutcomes,
			setup: []string{"create domain uint64 as numeric(20,0)", `create user " tricky, ' } "" \\ test user " superuser password 'secret'`},
			run: func(dir string, on place, leave []string) []*exec.Cmd {
				return goTests(dir, leave, "PGX_TEST_DATABASE="+on.url(), "PGX_TEST_TCP_CONN_STRING="+on.url())
			},
		},
		{
			name: "lib/pq", fetch: goModule("github.com/lib/pq@v1.12.3"), outcomes: goOutcomes,
			run: func(dir string, on place, leave []string) []*exec.Cmd { return goTests(dir, leave, on.env()...) },
		},
		{
			name: "psycopg 3", fetch: checkout("psycopg", "psycopg[binary]", "psycopg_pool", "pytest", "anyio", "mypy"), outcomes: junit,
			run: func(dir string, on place, leave []string) []*exec.Cmd {
				return pytest(dir, leave, on, "--test-dsn="+fmt.Sprintf("host=%s port=%s user=%s dbname=%s", on.host, on.port, on.user, on.database), "-m", "not slow and not mypy and not proxy", "--ignore=tests/pool", "--ignore=tests/test_typing.py")
			},
		},
		{
			name: "asyncpg", fetch: checkout("asyncpg", "asyncpg", "pytest", "distro"), outcomes: junit,
			run: func(dir string, on place, leave []string) []*exec.Cmd { return pytest(dir, leave, on) },
		},
		{name: "node-postgres", fetch: nodePostgres, run: nodeTests, outcomes: nodeOutcomes},
		{
			name: "pgjdbc", fetch: jdbcSource, outcomes: junit,
			setup: []string{"create role test superuser login"},
			run: func(dir string, on place, leave []string) []*exec.Cmd {
				properties := fmt.Sprintf("test.url.PGHOST=%s\ntest.url.PGPORT=%s\nserver=%s\nport=%s\ndatabase=%s\ntest.url.PGDBNAME=%s\nusername=%s\nuser=%s\npassword=test\nprivilegedUser=%s\nprivilegedPassword=test\nsspiusername=none\n"+
					"preparethreshold=5\nsslpassword=sslpwd\n", on.host, on.port, on.host, on.port, on.database, on.database, on.user, on.user, on.user)
				for _, name := range []string{"build.properties", "build.local.properties"} {
					_ = os.WriteFile(filepath.Join(dir, name), []byte(properties), 0o600) // without it the tests fail
				}
				c := exec.Command("mvn", "-B", "-q", "test", "-Dmaven.test.failure.ignore=true", "-DskipTests=false", "-Dbuild.properties.relative.path="+dir)
				c.Dir = dir
				return []*exec.Cmd{c}
			},
		},
	}
}

// goModule is a Go module with its tests.
func goModule(module string) func(string) (string, error) {
	return func(dir string) (string, error) {
		c := exec.Command("go", "mod", "download", "-json", module)
		c.Dir = os.TempDir() // not this module
		out, err := c.Output()
		if err != nil {
			return "", fmt.Errorf("go mod download %s: %w", module, err)
		}
		var found struct{ Dir, Version string }
		if err := json.Unmarshal(out, &found); err != nil {
			return "", err
		}
		if err := os.CopyFS(dir, os.DirFS(found.Dir)); err != nil {
			return "", err
		}
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { // the module cache cannot be written to
			return errors.Join(err, os.Chmod(path, map[bool]os.FileMode{true: 0o755, false: 0o644}[d.IsDir()]))
		})
		return found.Version, err
	}
}

func goTests(dir string, leave []string, env ...string) []*exec.Cmd {
	c := exec.Command("go", "test", "-mod=mod", "-json", "-count=1", "-p=1", "-parallel=1", "-timeout=15m")
	if len(leave) > 0 {
		c.Args = append(c.Args, "-skip=^("+strings.Join(leave, "|")+")$")
	}
	c.Args = append(c.Args, "./...")
	c.Dir, c.Env = dir, env
	return []*exec.Cmd{c}
}

// goOutcomes reads go test -json. A test with parts is its parts.
func goOutcomes(_, out string) map[string]string {
	found, parents := map[string]string{}, map[string]bool{}
	for _, line := range strings.Split(out, "\n") {
		var e struct{ Action, Package, Test string }
		if json.Unmarshal([]byte(line), &e) != nil || e.Test == "" {
			continue
		}
		name := e.Package[strings.LastIndexByte(e.Package, '/')+1:] + "." + e.Test
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			parents[name[:i]] = true
		}
		switch e.Action {
		case "pass", "fail", "skip":
			found[name] = strings.ToUpper(e.Action)
		}
	}
	for name := range parents {
		delete(found, name)
	}
	return found
}

// venv makes a Python with packages.
func venv(dir string, packages ...string) error {
	if out, err := exec.Command("python3", "-m", "venv", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("python3 -m venv: %w\n%s", err, out)
	}
	args := append([]string{"install", "--quiet", "--only-binary=:all:"}, packages...)
	if out, err := exec.Command(filepath.Join(dir, "bin", "pip"), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("pip %v: %w\n%s", args, err, out)
	}
	return nil
}

// checkout takes the tests out of SUITES/name, and the driver itself from PyPI.
func checkout(name string, packages ...string) func(string) (string, error) {
	return func(dir string) (string, error) {
		from := os.Getenv("TRIBUTARY_TEST_SUITES")
		if from == "" {
			return "", fmt.Errorf("its tests are in no package: SUITES=dir, with a checkout as dir/%s", name)
		}
		if err := os.CopyFS(filepath.Join(dir, "tests"), os.DirFS(filepath.Join(from, name, "tests"))); err != nil {
			return "", err
		}
		if text, err := os.ReadFile(filepath.Join(from, name, "pyproject.toml")); err == nil {
			if err := os.WriteFile(filepath.Join(dir, "pyproject.toml"), text, 0o600); err != nil {
				return "", err
			}
		}
		if err := venv(filepath.Join(dir, "venv"), packages...); err != nil {
			return "", err
		}
		module, _, _ := strings.Cut(packages[0], "[")
		out, err := exec.Command(filepath.Join(dir, "venv", "bin", "python"), "-c", "import "+module+"; print("+module+".__version__)").Output()
		return strings.TrimSpace(string(out)), err
	}
}

func pytest(dir string, leave []string, on place, args ...string) []*exec.Cmd {
	args = append([]string{"-m", "pytest", "-q", "--junitxml=" + filepath.Join(dir, "TEST-all.xml"), "tests"}, args...)
	for _, name := range leave {
		args = append(args, "--deselect="+name)
	}
	c := exec.Command(filepath.Join(dir, "venv", "bin", "python"), args...)
	c.Dir, c.Env = dir, append(on.env(), "PYTHONDONTWRITEBYTECODE=1")
	return []*exec.Cmd{c}
}

// junit reads the reports that pytest and Maven's surefire leave, and takes them away.
func junit(dir, _ string) map[string]string {
	found := map[string]string{}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { // what is not there was not run
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), "TEST-") || filepath.Ext(path) != ".xml" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		decoder := xml.NewDecoder(strings.NewReader(string(text)))
		for {
			token, err := decoder.Token()
			if err != nil {
				break
			}
			start, ok := token.(xml.StartElement)
			if !ok || start.Name.Local != "testcase" {
				continue
			}
			var c struct {
				Class   string    `xml:"classname,attr"`
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
				Skipped *struct{} `xml:"skipped"`
			}
			if decoder.DecodeElement(&c, &start) != nil {
				continue
			}
			outcome := pass
			switch {
			case c.Failure != nil || c.Error != nil:
				outcome = fail
			case c.Skipped != nil:
				outcome = skip
			}
			name := strings.Join(strings.Fields(c.Class+"."+c.Name), " ")
			if found[name] != fail {
				found[name] = outcome
			}
		}
		return os.Remove(path)
	})
	return found
}

// nodePostgres is the package from npm with the tests of SUITES beside its library.
func nodePostgres(dir string) (string, error) {
	from := os.Getenv("TRIBUTARY_TEST_SUITES")
	if from == "" {
		return "", errors.New("its tests are in no package: SUITES=dir, with a checkout as dir/node-postgres")
	}
	c := exec.Command("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", dir, "pg", "async@2.6.4", "bluebird@3.7.2", "co@4.6.0", "pg-copy-streams@0.3.0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm: %w\n%s", err, out)
	}
	pg := filepath.Join(dir, "node_modules", "pg")
	if err := os.CopyFS(filepath.Join(pg, "test"), os.DirFS(filepath.Join(from, "node-postgres", "packages", "pg", "test"))); err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(pg, "package.json"))
	if err != nil {
		return "", err
	}
	var found struct{ Version string }
	return found.Version, errors.Join(json.Unmarshal(text, &found), nil)
}

// nodeTests are its integration files, each a program.
func nodeTests(dir string, on place, leave []string) (all []*exec.Cmd) {
	pg := filepath.Join(dir, "node_modules", "pg")
	files, _ := filepath.Glob(filepath.Join(pg, "test", "integration", "*", "*-tests.js")) // the pattern is well formed
	more, _ := filepath.Glob(filepath.Join(pg, "test", "integration", "*-tests.js"))
	for _, path := range append(files, more...) {
		name, _ := filepath.Rel(filepath.Join(pg, "test", "integration"), path) // it is below
		c := exec.Command("timeout", "60", "node", path)
		c.Dir, c.Env = pg, on.env()
		if !strings.Contains("\n"+strings.Join(leave, "\n")+"\n", "\n"+name+"\n") {
			all = append(all, c)
		}
	}
	return all
}

// nodeOutcomes are whether the programs ended well, as test writes it between their outputs.
func nodeOutcomes(_, out string) map[string]string {
	found := map[string]string{}
	for _, line := range strings.Split(out, "\n") {
		if rest, ok := strings.CutPrefix(line, endOf); ok {
			code, path, _ := strings.Cut(rest, " ")
			if _, name, ok := strings.Cut(path, "/test/integration/"); ok {
				found[name] = map[bool]string{true: pass, false: fail}[code == "0"]
			}
		}
	}
	return found
}

// jdbcSource is pgjdbc with its tests, as Maven has it for those who build it themselves.
func jdbcSource(dir string) (string, error) {
	const version = "42.7.7"
	c := exec.Command("mvn", "-q", "-B", "dependency:copy", "-Dartifact=org.postgresql:postgresql:"+version+":tar.gz:jdbc-src", "-DoutputDirectory="+dir)
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mvn dependency:copy: %w\n%s", err, out)
	}
	c = exec.Command("tar", "xzf", "postgresql-"+version+"-jdbc-src.tar.gz", "--strip-components=1")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("tar: %w\n%s", err, out)
	}
	return version, nil
}
