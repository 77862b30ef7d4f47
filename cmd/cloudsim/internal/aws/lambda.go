package aws

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// lambda serves AWS Lambda. All reading shares 15 requests a second, but for
// GetFunction and GetPolicy; see
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
var lambda = &service{
	name: "lambda", protocol: restProtocol,
	faults: func() faultCodes {
		f := restFaults
		f.throttled = &apiError{Code: "TooManyRequestsException", Message: "Rate exceeded", Status: 429, Fields: map[string]string{"Reason": "CallerRateLimitExceeded"}}
		f.internal = &apiError{Code: "ServiceException", Message: "Service encountered an internal error.", Status: 500}
		return f
	}(),
	limits: map[string]limit{"control": {15, 15}, "get-function": {100, 100}, "get-policy": {15, 15}},
	operations: map[string]operation{
		"GET /2015-03-31/functions":           {action: "ListFunctions", class: "control", handle: (*call).lambdaListFunctions},
		"GET /2015-03-31/functions/{}":        {action: "GetFunction", class: "get-function", handle: (*call).lambdaGetFunction},
		"GET /2015-03-31/functions/{}/policy": {action: "GetPolicy", class: "get-policy", handle: (*call).lambdaGetPolicy},
		"GET /2021-10-31/functions/{}/urls":   {action: "ListFunctionUrlConfigs", class: "control", handle: (*call).lambdaListURLs},
	},
}

// A functionConfiguration is a function as Lambda writes it.
type functionConfiguration struct {
	FunctionName  string
	FunctionARN   string `json:"FunctionArn"`
	Role          string
	PackageType   string
	Runtime       string `json:",omitempty"`
	Handler       string `json:",omitempty"`
	Architectures []string
	MemorySize    int
	Timeout       int
	CodeSha256    string
	CodeSize      int
	Version       string
	LastModified  string
	RevisionID    string               `json:"RevisionId"`
	State         string               `json:",omitempty"`
	Environment   *functionEnvironment `json:",omitempty"`
}

type functionEnvironment struct {
	Variables map[string]string
}

// newConfiguration writes a function.
func (c *call) newConfiguration(f *estate.Function) functionConfiguration {
	out := functionConfiguration{
		FunctionName: f.Name, FunctionARN: f.ARN, Role: f.Role, PackageType: "Zip", Runtime: "python3.12", Handler: "index.handler",
		Architectures: []string{f.Architecture}, MemorySize: f.Memory, Timeout: 30, CodeSha256: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		CodeSize: 2048, Version: "$LATEST", LastModified: f.ModifiedAt.Format("2006-01-02T15:04:05.000-0700"),
	}
	if f.Image != nil {
		out.PackageType, out.Runtime, out.Handler, out.CodeSize = "Image", "", "", 0
		out.CodeSha256 = strings.TrimPrefix(c.Estate.RunningDigest(*f.Image), "sha256:")
	}
	if f.Env != nil {
		out.Environment = &functionEnvironment{f.Env}
	}
	out.RevisionID = revisionOf(out, f.Image)
	return out
}

// revisionOf returns the revision of a function: another one for every change
// of its configuration or code.
func revisionOf(f functionConfiguration, image *estate.Container) string {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode(f) // a hash takes everything
	if image != nil {
		io.WriteString(h, image.Reference)
	}
	id := h.Sum(nil)
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
}

func (c *call) lambdaListFunctions() (any, error) {
	limit, err := integer(c.query.Get("MaxItems"))
	if err != nil {
		return nil, err
	}
	if limit < 0 || limit > 10000 {
		return nil, &apiError{Code: "InvalidParameterValueException", Message: "MaxItems must be from 1 to 10000.", Status: 400}
	}
	if limit == 0 || limit > 50 { // a page holds 50, whatever is asked for
		limit = 50
	}
	functions, next, err := page(c.cell().Functions, c.query.Get("Marker"), limit)
	if err != nil {
		return nil, &apiError{Code: "InvalidParameterValueException", Message: "Invalid marker.", Status: 400}
	}
	out := struct {
		Functions  []functionConfiguration
		NextMarker string `json:",omitempty"`
	}{[]functionConfiguration{}, next}
	for _, f := range functions {
		out.Functions = append(out.Functions, c.newConfiguration(f))
	}
	return out, nil
}

// function finds the function that the path names, by name or ARN.
func (c *call) function() (*estate.Function, error) {
	name := c.params[0]
	functions := c.cell().Functions
	i := slices.IndexFunc(functions, func(f *estate.Function) bool { return f.Name == name || f.ARN == name })
	if i < 0 {
		if !strings.HasPrefix(name, "arn:") {
			name = c.arn("lambda", "function:"+name)
		}
		return nil, &apiError{Code: "ResourceNotFoundException", Message: "Function not found: " + name, Status: 404, Fields: map[string]string{"Type": "User"}}
	}
	return functions[i], nil
}

func (c *call) lambdaGetFunction() (any, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	type code struct {
		RepositoryType   string
		ImageURI         string `json:"ImageUri,omitempty"`
		ResolvedImageURI string `json:"ResolvedImageUri,omitempty"`
		Location         string `json:",omitempty"`
	}
	out := struct {
		Configuration functionConfiguration
		Code          code
		Tags          map[string]string
	}{Configuration: c.newConfiguration(f), Tags: map[string]string{}}
	out.Configuration.State = "Active"
	if i := f.Image; i != nil {
		out.Code = code{RepositoryType: "ECR", ImageURI: i.Reference, ResolvedImageURI: i.Image.Host + "/" + i.Image.Repository + "@" + c.Estate.RunningDigest(*i)}
	} else {
		out.Code = code{RepositoryType: "S3", Location: "https://awslambda-" + c.region + "-tasks.s3." + c.region + ".amazonaws.com/snapshots/" + c.account() + "/" + f.Name + "?X-Amz-Signature=secret"}
	}
	return out, nil
}

func (c *call) lambdaListURLs() (any, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	type config struct {
		FunctionURL      string `json:"FunctionUrl"`
		FunctionARN      string `json:"FunctionArn"`
		AuthType         string
		InvokeMode       string
		CreationTime     string
		LastModifiedTime string
	}
	out := struct {
		Configs []config `json:"FunctionUrlConfigs"`
	}{[]config{}}
	if f.URL != "" {
		at := f.ModifiedAt.Format("2006-01-02T15:04:05.000000000Z")
		out.Configs = append(out.Configs, config{f.URL, f.ARN, f.URLAuth, "BUFFERED", at, at})
	}
	return out, nil
}

func (c *call) lambdaGetPolicy() (any, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	if !f.PublicPolicy {
		return nil, &apiError{Code: "ResourceNotFoundException", Message: "The resource you requested does not exist.", Status: 404, Fields: map[string]string{"Type": "User"}}
	}
	policy, err := json.Marshal(map[string]any{
		"Version": "2012-10-17", "Id": "default",
		"Statement": []map[string]any{{
			"Sid": "FunctionURLAllowPublicAccess", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl",
			"Resource": f.ARN, "Condition": map[string]any{"StringEquals": map[string]string{"lambda:FunctionUrlAuthType": "NONE"}},
		}},
	})
	if err != nil {
		return nil, err
	}
	return struct{ Policy, RevisionId string }{string(policy), requestID()}, nil //nolint:revive // RevisionId is the protocol's name.
}
