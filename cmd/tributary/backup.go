package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tributary-db/tributary/internal/cli"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
	"github.com/tributary-db/tributary/storage/backup"
	"github.com/tributary-db/tributary/storage/log"
)

// defaultRate bounds what copying takes from the clients of a server.
const defaultRate = "64MB"

// rateFlag is the flag of what copies.
func rateFlag(c *cobra.Command) *string {
	return c.Flags().String("rate", defaultRate, "bytes that are copied in a second at most; 0 = no bound")
}

func parseRate(text string) (int64, error) {
	n, err := config.ParseBytes(text)
	if err == nil && n < 0 {
		err = fmt.Errorf("%q is negative", text)
	}
	if err != nil {
		return 0, cli.Usage("--rate: %v", err)
	}
	return n, nil
}

// newBackup is `tributary backup`.
func newBackup() *cobra.Command {
	var to, address, user, passwordFile string
	c := &cobra.Command{
		Use:   "backup --to URL",
		Short: "Copy a consistent point of a running server, or of a stopped one's directory",
		Long: `Writes one point more to a backup: all of the metadata at one commit, and the objects that are not in the backup yet. Of a running
server, which does the copying itself (URL and credentials are those of its machine) and deletes nothing meanwhile; or with --data-dir
of a directory whose server is stopped. The backup is a place of its own, for one database.

Ends with 0 when the point is complete. One that was cut off leaves copies that the next one writes over.`,
		Example: `  tributary backup --to s3://backups/tributary
  tributary backup --to s3://backups/tributary --keep 14
  tributary backup --to file:///backup/tributary --server http://127.0.0.1:7480 --rate 200MB
  TRIBUTARY_PASSWORD=… tributary backup --to s3://backups/tributary --server https://db.example:7480 --user tributary
  tributary backup --to file:///backup/tributary --data-dir /var/lib/tributary`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	loader := storageFlags(c, "data-dir", "meta", "config", "object-store")
	c.Flags().StringVar(&to, "to", "", "where the backup is: file:///path or s3://bucket/prefix?…")
	c.Flags().StringVar(&address, "server", "http://127.0.0.1:7480", "address of the running server (http_listen)")
	c.Flags().StringVar(&user, "user", "tributary", "role to log in as, where the server asks; its password is in --login-file or TRIBUTARY_PASSWORD")
	c.Flags().StringVar(&passwordFile, "login-file", "", "file whose first line is the password")
	rate := rateFlag(c)
	keep := c.Flags().Int("keep", 0, "points that stay, the new one among them; older ones are removed with what they alone name. 0 = all")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *keep < 0 {
			return cli.Usage("--keep: %d is negative", *keep)
		}
		if to == "" {
			return cli.Usage("--to is needed: where the backup is")
		}
		perSecond, err := parseRate(*rate)
		if err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		line := newCopying(c.ErrOrStderr())
		var made server.Backed
		if c.Flags().Changed("data-dir") || c.Flags().Changed("config") {
			var cfg *config.Settings
			if cfg, _, err = loader.Load(os.Environ()); err != nil {
				return err
			}
			syscall.Umask(0o077)
			made, err = server.BackupStopped(ctx, cfg, newLogger(cfg, os.Stderr), to, server.BackupOptions{Rate: perSecond, Keep: *keep, Progress: line.show})
		} else {
			to, err = absolute(to)
			if err == nil {
				made, err = askForBackup(ctx, address, user, passwordFile, server.BackupRequest{To: to, Rate: perSecond, Keep: *keep}, line.show)
			}
		}
		line.end()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "Backup of commit %d to %s, point %s: %d objects, %d bytes; copied %d objects, %d bytes.\n",
			made.Commit, made.To, made.Point, made.Objects, made.Bytes, made.CopiedObjects, made.CopiedBytes)
		if err == nil && made.RemovedPoints > 0 {
			_, err = fmt.Fprintf(c.OutOrStdout(), "Removed %d older points, and %d objects that they alone had.\n", made.RemovedPoints, made.RemovedObjects)
		}
		return err
	}
	return c
}

// absolute makes a relative directory one that the server, which has another working directory, understands.
func absolute(url string) (string, error) {
	dir, ok := strings.CutPrefix(url, "file://")
	if !ok {
		return url, nil
	}
	dir, err := filepath.Abs(dir)
	return "file://" + dir, err
}

// askForBackup has a running server make a backup, and listens to it.
func askForBackup(ctx context.Context, address, user, passwordFile string, q server.BackupRequest, show func(backup.Progress)) (made server.Backed, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return made, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(address, "/")+"/backup", bytes.NewReader(body))
	if err != nil {
		return made, err
	}
	r.Header.Set("Content-Type", "application/json")
	password, err := readPassword(passwordFile)
	if err != nil {
		return made, err
	}
	if password != "" {
		r.SetBasicAuth(user, password)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return made, fmt.Errorf("%w; is the server running? A stopped one's directory is --data-dir", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK && answer.Header.Get("Content-Type") != "application/x-ndjson" {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) // only for the message
		return made, fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(text)))
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l server.BackupLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return made, err
		}
		switch {
		case l.Error != "":
			return made, errors.New(l.Error)
		case l.Made != nil:
			return *l.Made, nil
		case l.Progress != nil:
			show(*l.Progress)
		}
	}
	return made, errors.Join(errors.New("the server went away before the backup was complete"), lines.Err())
}

func readPassword(file string) (string, error) {
	if file == "" {
		return os.Getenv("TRIBUTARY_PASSWORD"), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(first, "\r"), nil
}

// newRestore is `tributary restore`.
func newRestore() *cobra.Command {
	var from, toTime string
	var toCommit uint64
	c := &cobra.Command{
		Use:   "restore --from URL",
		Short: "Make a data directory and an object store of a backup",
		Long: `Makes a database of a backup: the newest point, or with --to-time or --to-commit what was committed by then, as far back as the log
in the points goes. Directory and object store must be empty. All that is needed is checked before it is copied, and each
object against its checksum. A new timeline begins: Kafka clients see a new leader epoch.

One that was cut off is run again, with the same flags.`,
		Example: `  tributary restore --from s3://backups/tributary --data-dir /var/lib/tributary
  tributary restore --from file:///backup/tributary --to-time 2026-03-01T12:00:00Z --data-dir ./restored
  tributary restore --from s3://backups/tributary --to-commit 81234 --data-dir ./restored --object-store s3://bucket/restored`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	loader := storageFlags(c, "data-dir", "meta", "config", "object-store", "broker-id")
	c.Flags().StringVar(&from, "from", "", "where the backup is: file:///path or s3://bucket/prefix?…")
	c.Flags().StringVar(&toTime, "to-time", "", "moment, as 2026-03-01T12:00:00Z: what was committed later is left out")
	c.Flags().Uint64Var(&toCommit, "to-commit", 0, "newest commit that is not left out")
	rate := rateFlag(c)
	_ = c.Flags().Set("rate", "0") // nobody is waited on
	c.RunE = func(c *cobra.Command, _ []string) error {
		o, err := restoreOptions(from, toTime, toCommit, *rate)
		if err != nil {
			return err
		}
		cfg, warnings, err := loader.Load(os.Environ())
		if err != nil {
			return err
		}
		logger := newLogger(cfg, os.Stderr)
		for _, w := range warnings {
			logger.Warn(w)
		}
		syscall.Umask(0o077)
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		line := newCopying(c.ErrOrStderr())
		o.Progress = line.show
		r, err := server.Restore(ctx, cfg, logger, from, o)
		line.end()
		if err != nil {
			return err
		}
		return r.Report(c.OutOrStdout(), cfg)
	}
	return c
}

func restoreOptions(from, toTime string, toCommit uint64, rate string) (o server.RestoreOptions, err error) {
	if from == "" {
		return o, cli.Usage("--from is needed: where the backup is")
	}
	if toTime != "" && toCommit != 0 {
		return o, cli.Usage("--to-time and --to-commit exclude each other")
	}
	o.ToCommit = log.CommitSeq(toCommit)
	if o.Rate, err = parseRate(rate); err != nil || toTime == "" {
		return o, err
	}
	if o.ToTime, err = time.Parse(time.RFC3339Nano, toTime); err != nil {
		return o, cli.Usage("--to-time %q: want a moment as 2026-03-01T12:00:00Z", toTime)
	}
	return o, nil
}
