package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var staticFiles embed.FS

// staticPrefix begins the paths of all assets.
const staticPrefix = "/static/"

// An asset is a file that pages refer to. Its name holds a hash of its
// content, so that browsers may keep it for ever.
type asset struct {
	name    string
	content []byte
}

// assets are the assets by the name of their file, assetNames by their own.
var assets, assetNames = loadAssets()

func loadAssets() (byFile, byName map[string]asset) {
	byFile, byName = map[string]asset{}, map[string]asset{}
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		panic(err) // The folder is part of the binary.
	}
	for _, e := range entries {
		content, err := fs.ReadFile(staticFiles, "static/"+e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(content)
		extension := path.Ext(e.Name())
		name := strings.TrimSuffix(e.Name(), extension) + "." + hex.EncodeToString(sum[:6]) + extension
		a := asset{name, content}
		byFile[e.Name()], byName[name] = a, a
	}
	return byFile, byName
}

// assetURL returns the address of an asset by the name of its file.
func assetURL(file string) (string, error) {
	a, ok := assets[file]
	if !ok {
		return "", fmt.Errorf("asset %s: no such file", file)
	}
	return staticPrefix + a.name, nil
}

// serveAsset answers with an asset.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := assetNames[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(a.content))
}
