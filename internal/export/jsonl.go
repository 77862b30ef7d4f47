package export

import (
	"encoding/json"
	"io"
	"iter"
)

// jsonLinesFormat is one JSON object per line: https://jsonlines.org.
var jsonLinesFormat = Format{Name: "jsonl", MediaType: "application/jsonl", Extension: ".jsonl", write: writeJSONLines}

func writeJSONLines(w io.Writer, _ []string, rows iter.Seq2[row, error]) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for r, err := range rows {
		if err != nil {
			return err
		}
		if err := out.Encode(r.value); err != nil {
			return err
		}
	}
	return nil
}
