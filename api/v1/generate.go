//go:build ignore

// Generate compiles the .proto files of this directory and lets the plugins of tools.mod write Go
// from them.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

const (
	module = "github.com/tributary-db/tributary/api/v1"
	// prefix is where importers have the files: a name that no other program's registry has.
	prefix = "tributary/v1/"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	names, err := filepath.Glob("*.proto")
	if err != nil {
		return err
	}
	for i, name := range names {
		names[i] = prefix + name
	}
	open := func(name string) (io.ReadCloser, error) { return os.Open(strings.TrimPrefix(name, prefix)) }
	c := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: open}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := c.Compile(context.Background(), names...)
	if err != nil {
		return err
	}
	var descriptors []*descriptorpb.FileDescriptorProto
	seen := map[string]bool{}
	for _, f := range files {
		descriptors = withImports(descriptors, f, seen)
	}
	for _, plugin := range []string{"protoc-gen-go", "protoc-gen-connect-go"} {
		if err := generate(plugin, names, descriptors); err != nil {
			return fmt.Errorf("%s: %w", plugin, err)
		}
	}
	return nil
}

// withImports appends what f imports, then f.
func withImports(out []*descriptorpb.FileDescriptorProto, f protoreflect.FileDescriptor, seen map[string]bool) []*descriptorpb.FileDescriptorProto {
	if seen[f.Path()] {
		return out
	}
	seen[f.Path()] = true
	for i := range f.Imports().Len() {
		out = withImports(out, f.Imports().Get(i).FileDescriptor, seen)
	}
	return append(out, protodesc.ToFileDescriptorProto(f))
}

func generate(plugin string, names []string, descriptors []*descriptorpb.FileDescriptorProto) error {
	in, err := proto.Marshal(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: names, Parameter: proto.String("module=" + module), ProtoFile: descriptors,
	})
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "tool", "-modfile=../../tools.mod", plugin)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		return err
	}
	var out pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(raw, &out); err != nil {
		return err
	}
	if out.Error != nil {
		return errors.New(out.GetError())
	}
	for _, f := range out.File {
		name := f.GetName()
		if strings.Contains(name, "..") {
			return fmt.Errorf("file %s", name)
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(f.GetContent()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
