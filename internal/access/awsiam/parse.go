package awsiam

import "errors"

// Parse reads a policy document.
func Parse(data []byte) (*Document, error) {
	return nil, errors.New("to be written")
}
