package aws

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// decode reads the JSON body of a request.
func (c *call) decode(in any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, in); err != nil {
		return &apiError{Code: "SerializationException", Message: "The request body is not valid: " + err.Error(), Status: http.StatusBadRequest}
	}
	return nil
}

// writeJSON writes a reply or an error of the JSON and REST protocols.
func writeJSON(b *bytes.Buffer, header http.Header, reply any, fail *apiError) int {
	status := http.StatusOK
	if fail != nil {
		status, reply = fail.Status, fail.body()
		header.Set("X-Amzn-Errortype", fail.Code)
	}
	if err := json.NewEncoder(b).Encode(reply); err != nil {
		panic(fmt.Sprintf("reply %T: %v", reply, err)) // replies are plain structs
	}
	return status
}

// writeQuery writes a reply or an error of the Query protocol.
func (c *call) writeQuery(b *bytes.Buffer, id string, reply any, fail *apiError) int {
	type metadata struct {
		RequestID string `xml:"RequestId"`
	}
	if fail != nil {
		encodeXML(b, struct {
			XMLName xml.Name `xml:"ErrorResponse"`
			Xmlns   string   `xml:"xmlns,attr"`
			Type    string   `xml:"Error>Type"`
			Code    string   `xml:"Error>Code"`
			Message string   `xml:"Error>Message"`
			ID      string   `xml:"RequestId"`
		}{Xmlns: c.service.namespace, Type: "Sender", Code: fail.Code, Message: fail.Message, ID: id})
		return fail.Status
	}
	encodeXML(b, struct {
		XMLName  xml.Name
		Xmlns    string `xml:"xmlns,attr"`
		Result   element
		Metadata metadata `xml:"ResponseMetadata"`
	}{XMLName: xml.Name{Local: c.action + "Response"}, Xmlns: c.service.namespace, Result: element{c.action + "Result", reply}, Metadata: metadata{id}})
	return http.StatusOK
}

// writeEC2 writes a reply or an error of EC2's variant of the Query protocol,
// in which the reply's fields stand beside the request's identifier.
func (c *call) writeEC2(b *bytes.Buffer, id string, reply any, fail *apiError) int {
	if fail != nil {
		encodeXML(b, struct {
			XMLName xml.Name `xml:"Response"`
			Code    string   `xml:"Errors>Error>Code"`
			Message string   `xml:"Errors>Error>Message"`
			ID      string   `xml:"RequestID"`
		}{Code: fail.Code, Message: fail.Message, ID: id})
		return fail.Status
	}
	var inner bytes.Buffer
	if err := xml.NewEncoder(&inner).Encode(element{"x", reply}); err != nil {
		panic(fmt.Sprintf("reply %T: %v", reply, err)) // replies are plain structs
	}
	encodeXML(b, struct {
		XMLName xml.Name
		Xmlns   string `xml:"xmlns,attr"`
		ID      string `xml:"requestId"`
		Fields  []byte `xml:",innerxml"`
	}{XMLName: xml.Name{Local: c.action + "Response"}, Xmlns: c.service.namespace, ID: id, Fields: inner.Bytes()[len("<x>") : inner.Len()-len("</x>")]})
	return http.StatusOK
}

// An element is a value under a name that is known at run time only.
type element struct {
	name  string
	value any
}

// MarshalXML implements [xml.Marshaler].
func (e element) MarshalXML(enc *xml.Encoder, _ xml.StartElement) error {
	return enc.EncodeElement(e.value, xml.StartElement{Name: xml.Name{Local: e.name}})
}

// encodeXML writes a document.
func encodeXML(b *bytes.Buffer, v any) {
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(b).Encode(v); err != nil {
		panic(fmt.Sprintf("reply %T: %v", v, err)) // replies are plain structs
	}
}

// A timestamp is written to JSON as seconds since 1970.
type timestamp time.Time

// MarshalJSON implements [json.Marshaler].
func (t timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(t).UnixMilli())/1000, 'f', -1, 64), nil
}

// xmlTime formats a time for XML.
func xmlTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// members returns the values of a list parameter: prefix.1, prefix.2, ….
func (c *call) members(prefix string) []string {
	var out []string
	for i := 1; c.form.Has(prefix + "." + strconv.Itoa(i)); i++ {
		out = append(out, c.form.Get(prefix+"."+strconv.Itoa(i)))
	}
	return out
}

// errToken is what every service says to a page token that it did not give out.
var errToken = &apiError{Code: "InvalidParameterException", Message: "The specified token is not valid.", Status: http.StatusBadRequest}

// page returns the part of a list that begins where the token says, of at most
// limit items, and the token of the next part, empty at the end.
func page[T any](items []T, token string, limit int) ([]T, string, error) {
	start := 0
	if token != "" {
		b, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return nil, "", errToken
		}
		if _, err := fmt.Sscanf(string(b), "offset=%d", &start); err != nil || start < 0 {
			return nil, "", errToken
		}
	}
	start = min(start, len(items))
	end := min(start+limit, len(items))
	next := ""
	if end < len(items) {
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "offset=%d", end))
	}
	if start == end {
		return []T{}, next, nil // "[]" in JSON, not "null"
	}
	return items[start:end], next, nil
}

// pageSize returns the page size for a requested one: the default if none is
// asked for, an error outside 1 to the maximum.
func pageSize(asked, standard, maximum int) (int, error) {
	switch {
	case asked == 0:
		return standard, nil
	case asked < 0 || asked > maximum:
		return 0, &apiError{
			Code: "InvalidParameterException", Status: http.StatusBadRequest,
			Message: fmt.Sprintf("The maximum number of results must be between 1 and %d.", maximum),
		}
	}
	return asked, nil
}

// integer returns a parameter as a number; zero if it is missing.
func integer(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, &apiError{Code: "ValidationError", Message: fmt.Sprintf("%q is not a number.", s), Status: http.StatusBadRequest}
	}
	return n, nil
}

// requestID returns a new identifier.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
