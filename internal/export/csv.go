package export

import (
	"encoding/csv"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

// csvFormat is RFC 4180 with a header line.
var csvFormat = Format{Name: "csv", MediaType: "text/csv; charset=utf-8", Extension: ".csv", write: writeCSV}

func writeCSV(w io.Writer, columns []string, rows iter.Seq2[row, error]) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	cells := make([]string, len(columns))
	for r, err := range rows {
		if err != nil {
			return err
		}
		for i, c := range r.cells {
			cells[i] = defuse(c)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// formulaStarts begin what a spreadsheet takes for a formula; some take the
// full-width forms too.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// defuse returns a cell that no spreadsheet takes for a formula: names and
// labels come from whoever deploys workloads. See
// https://owasp.org/www-community/attacks/CSV_Injection.
func defuse(cell string) string {
	if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune(formulaStarts, first) {
		return "'" + cell
	}
	return cell
}
