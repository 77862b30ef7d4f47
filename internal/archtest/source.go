package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// sourceFaults returns what a package owes its reader: one package comment, a
// comment on every exported name, files of readable length, a telling name.
// The content of its files comes from read.
func sourceFaults(p listed, read func(name string) ([]byte, error)) ([]string, error) {
	var faults []string
	if slices.Contains(vague, p.Name) {
		faults = append(faults, fmt.Sprintf("%s: the name %q tells nothing; name the package after what it does", p.path(), p.Name))
	}
	documented := 0
	for _, name := range p.GoFiles {
		text, err := read(filepath.Join(p.Dir, name))
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.path(), err)
		}
		if file.Doc != nil {
			documented++
		}
		if ast.IsGenerated(file) {
			continue
		}
		if fault := lengthFault(p.path()+"/"+name, text); fault != "" {
			faults = append(faults, fault)
		}
		for _, exported := range undocumented(file) {
			faults = append(faults, fmt.Sprintf("%s/%s: %s has no comment", p.path(), name, exported))
		}
	}
	if documented != 1 && len(p.GoFiles) > 0 {
		faults = append(faults, fmt.Sprintf("%s has %d package comments, want 1", p.path(), documented))
	}
	return faults, nil
}

func lengthFault(name string, text []byte) string {
	if n := bytes.Count(text, []byte("\n")); n > maxLines {
		return fmt.Sprintf("%s has %d lines, more than %d: split it by what it does", name, n, maxLines)
	}
	return ""
}

// undocumented returns the exported top-level names of a file that have no
// comment. A comment on a group of constants or variables is one for each.
func undocumented(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			wellKnown := d.Recv != nil && slices.Contains(wellKnownMethods, d.Name.Name)
			if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !wellKnown {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			if d.Doc != nil {
				continue
			}
			for _, spec := range d.Specs {
				names = append(names, undocumentedSpec(spec)...)
			}
		}
	}
	return names
}

func undocumentedSpec(spec ast.Spec) []string {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Doc == nil && s.Comment == nil && s.Name.IsExported() {
			return []string{s.Name.Name}
		}
	case *ast.ValueSpec:
		if s.Doc != nil || s.Comment != nil {
			return nil
		}
		var names []string
		for _, n := range s.Names {
			if n.IsExported() {
				names = append(names, n.Name)
			}
		}
		return names
	}
	return nil
}

// exportedReceiver reports whether a function is one that other packages see:
// no method, or a method of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	for t := d.Recv.List[0].Type; ; {
		switch e := t.(type) {
		case *ast.StarExpr:
			t = e.X
		case *ast.IndexExpr: // a type parameter
			t = e.X
		case *ast.IndexListExpr:
			t = e.X
		case *ast.Ident:
			return e.IsExported()
		default:
			return true
		}
	}
}

// testFile reports whether a name is that of a Go file with tests.
func testFile(name string) bool { return strings.HasSuffix(name, "_test.go") }
