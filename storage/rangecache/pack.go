package rangecache

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// pack is one file of entries.
type pack struct {
	number uint64
	path   string
	file   *os.File
	size   int64
	held   []place // of its entries, some of which newer packs may have again
}

// place names an entry.
type place struct {
	object   string
	position int64
}

const packSuffix = ".pack"

func packPath(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016x%s", number, packSuffix))
}

// findPacks lists the packs of a directory, oldest first. Other files are left alone.
func findPacks(dir string) ([]*pack, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var packs []*pack
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), packSuffix)
		number, err := strconv.ParseUint(name, 16, 64)
		if !ok || err != nil || len(name) != 16 || !f.Type().IsRegular() {
			continue
		}
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		packs = append(packs, &pack{number: number, path: packPath(dir, number), size: info.Size()})
	}
	slices.SortFunc(packs, func(a, b *pack) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	return packs, nil
}

// scan opens the pack and visits its entries up to the first that is none; at is where its bytes
// are.
func (p *pack) scan(visit func(e entry, at int64)) error {
	file, err := os.Open(p.path)
	if err != nil {
		return err
	}
	p.file = file
	var header [packHeader]byte
	if n, err := file.ReadAt(header[:], 0); err != nil && !errors.Is(err, io.EOF) || !validPackHeader(header[:n]) {
		return nil
	}
	buffer := make([]byte, entryHeader+256)
	for at := int64(packHeader); at < p.size; {
		n, err := file.ReadAt(buffer, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		e, size := decodeEntry(buffer[:n])
		if size == 0 && len(buffer) < entryHeader+maxKeyLength && n == len(buffer) { // a long key, perhaps
			buffer = make([]byte, entryHeader+maxKeyLength)
			continue
		}
		if size == 0 || at+int64(size)+e.length > p.size {
			return nil
		}
		visit(e, at+int64(size))
		at += int64(size) + e.length
	}
	return nil
}

// remove ends the pack; who reads of it meanwhile finds nothing.
func (p *pack) remove() error {
	if p.file != nil {
		_ = p.file.Close() // nothing of it is needed
	}
	return os.Remove(p.path)
}
