package aws

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"golang.org/x/sync/errgroup"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

const (
	lambdaFunctionKind inventory.Kind = "aws.lambda.function"
	lambdaURLKind      inventory.Kind = "aws.lambda.function_url"
)

// lambdaService reads the functions that are built from images. Functions from
// archives cost no call beyond the list, and functions that are of the same
// revision as when they were last read only the one that lists their URLs,
// which are no part of the revision.
var lambdaService = service{
	name:  "lambda",
	kinds: []inventory.Kind{lambdaFunctionKind},
	calls: []collect.Call{
		{Action: "lambda:ListFunctions", Class: "lambda/control-plane"},
		{Action: "lambda:GetFunction", Class: "lambda/get-function"},
		{Action: "lambda:ListFunctionUrlConfigs", Class: "lambda/control-plane"},
	},
	collect: collectLambda,
}

// lambdaAtOnce is how many functions of a region are read at a time, and of how
// many the URLs are: so many that Lambda's rates set the pace, however far it is.
const lambdaAtOnce = 3

// lambdaReader reads the functions of one region.
type lambdaReader struct {
	*session
	client *lambda.Client
	out    collect.Sink
}

func collectLambda(ctx context.Context, s *session, out collect.Sink) error {
	r := &lambdaReader{s, lambda.NewFromConfig(s.config), out}
	functions, reading := errgroup.WithContext(ctx)
	functions.SetLimit(lambdaAtOnce)
	// An error of these ends none of the functions: they are known even if this
	// is denied.
	urls, readingURLs := errgroup.WithContext(ctx)
	urls.SetLimit(lambdaAtOnce)
	err := r.images(reading, func(f listedFunction) {
		functions.Go(func() error { return r.function(reading, f) })
		urls.Go(func() error { return r.urls(readingURLs, f.arn) })
	})
	// The error of a function cancels the list, so it comes first.
	err = cmp.Or(functions.Wait(), err)
	return cmp.Or(err, urls.Wait())
}

// listedFunction is what is kept of a function of the list while Lambda's rates
// are waited for.
type listedFunction struct {
	arn string
	// key is what its revision is cached by, if versioned.
	key       spoolKey
	versioned bool
}

// images calls read with each function that is built from an image.
func (r *lambdaReader) images(ctx context.Context, read func(listedFunction)) error {
	list := pages(ctx, r.client.ListFunctions, &lambda.ListFunctionsInput{MaxItems: aws.Int32(50)},
		func(in *lambda.ListFunctionsInput, out *lambda.ListFunctionsOutput) *string {
			in.Marker = out.NextMarker
			return in.Marker
		})
	for page, err := range list {
		if err != nil {
			return err
		}
		for _, f := range listedImages(page) {
			read(f)
		}
	}
	return nil
}

// listedImages returns the functions of a page that are built from images. It
// keeps nothing of the page.
func listedImages(page *lambda.ListFunctionsOutput) []listedFunction {
	var all []listedFunction
	for _, f := range page.Functions {
		if f.PackageType == types.PackageTypeImage {
			listed := listedFunction{arn: text(f.FunctionArn)}
			listed.key, listed.versioned = revisionKey(&f)
			all = append(all, listed)
		}
	}
	return all
}

// function emits a function. The list lacks its image, which is asked for once
// for each revision.
func (r *lambdaReader) function(ctx context.Context, listed listedFunction) error {
	if listed.versioned {
		if encoded, ok := r.cloud.spool.get(listed.key); ok {
			var w inventory.Workload
			if err := json.Unmarshal(encoded, &w); err != nil {
				return err
			}
			return r.out.Emit(w)
		}
	}
	f, err := r.client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &listed.arn})
	if isError[*types.ResourceNotFoundException](err) {
		return nil // Deleted since it was listed.
	}
	if err != nil {
		return err
	}
	if f.Configuration == nil || f.Code == nil {
		return errors.New("lambda:GetFunction of " + listed.arn + " returned no configuration")
	}
	w := functionWorkload(f.Configuration, f.Code)
	// It may be of a later revision than the listed one.
	if key, ok := revisionKey(f.Configuration); ok {
		encoded, err := json.Marshal(w)
		if err != nil {
			return err
		}
		r.cloud.spool.add(key, encoded)
	}
	return r.out.Emit(w)
}

// revisionKey returns what a function's configuration and code are cached by,
// or false if Lambda does not tell enough. Every change of either, by anyone,
// makes a new revision; see
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
func revisionKey(f *types.FunctionConfiguration) (spoolKey, bool) {
	revision, code := aws.ToString(f.RevisionId), aws.ToString(f.CodeSha256)
	if revision == "" || code == "" {
		return spoolKey{}, false
	}
	return keyOf("lambda:GetFunction", aws.ToString(f.FunctionArn), revision, code, aws.ToString(f.LastModified)), true
}

// urls emits how the internet reaches a function by its URLs.
func (r *lambdaReader) urls(ctx context.Context, arn string) error {
	list := pages(ctx, r.client.ListFunctionUrlConfigs, &lambda.ListFunctionUrlConfigsInput{FunctionName: &arn, MaxItems: aws.Int32(50)},
		func(in *lambda.ListFunctionUrlConfigsInput, out *lambda.ListFunctionUrlConfigsOutput) *string {
			in.Marker = out.NextMarker
			return in.Marker
		})
	for page, err := range list {
		if isError[*types.ResourceNotFoundException](err) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, u := range page.FunctionUrlConfigs {
			if u.AuthType != types.FunctionUrlAuthTypeNone {
				continue
			}
			url := aws.ToString(u.FunctionUrl)
			if err := r.out.Emit(inventory.Exposure{
				Workload: arn, Via: lambdaURLKind, Address: url, Ports: []int{443},
				Evidence: []inventory.Evidence{{Kind: lambdaURLKind, UID: url, Detail: "function URL with AuthType NONE: callers are not authenticated"}},
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// functionWorkload returns an image function. Of its environment only the
// names are kept, of its code only the image: the answer also holds values and
// a signed URL.
func functionWorkload(f *types.FunctionConfiguration, code *types.FunctionCodeLocation) inventory.Workload {
	c := inventory.Container{
		Name: aws.ToString(f.FunctionName), Type: inventory.MainContainer,
		Image: aws.ToString(code.ImageUri), RuntimeImage: aws.ToString(code.ResolvedImageUri),
	}
	if c.Digest = pinnedDigest(c.RuntimeImage); c.Digest != "" {
		c.DigestKind = inventory.ManifestDigest // Lambda refuses indexes.
	}
	if len(f.Architectures) > 0 {
		c.Architecture = architecture(string(f.Architectures[0]))
	}
	if f.Environment != nil {
		for name := range f.Environment.Variables {
			c.EnvNames = append(c.EnvNames, name)
		}
		slices.Sort(c.EnvNames)
	}
	w := inventory.Workload{
		UID: aws.ToString(f.FunctionArn), Kind: lambdaFunctionKind, Name: aws.ToString(f.FunctionName),
		Identity: aws.ToString(f.Role), Containers: []inventory.Container{c},
	}
	if v := f.VpcConfig; v != nil {
		w.Network.SecurityGroups = distinct(v.SecurityGroupIds)
		w.Network.Subnets = distinct(v.SubnetIds)
	}
	return w
}
