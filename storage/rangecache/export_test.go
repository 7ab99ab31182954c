package rangecache

// PackPath is the file of a pack.
var PackPath = packPath

// ScanFile visits the entries of a file.
func ScanFile(path string, size int64, visit func(object string, position, length, at int64)) error {
	p := &pack{path: path, size: size}
	err := p.scan(func(e entry, at int64) { visit(e.object, e.position, e.length, at) })
	if p.file != nil {
		_ = p.file.Close() // it was only read
	}
	return err
}
