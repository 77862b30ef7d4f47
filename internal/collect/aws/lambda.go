package aws

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

const (
	lambdaFunctionKind inventory.Kind = "aws.lambda.function"
	lambdaURLKind      inventory.Kind = "aws.lambda.function_url"
)

// lambdaService reads the functions that are built from images. Functions from
// archives cost no call beyond the list.
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

func collectLambda(ctx context.Context, s *session, out collect.Sink) error {
	client := lambda.NewFromConfig(s.config)
	list := pages(ctx, client.ListFunctions, &lambda.ListFunctionsInput{MaxItems: aws.Int32(50)},
		func(in *lambda.ListFunctionsInput, out *lambda.ListFunctionsOutput) *string {
			in.Marker = out.NextMarker
			return in.Marker
		})
	var arns []string
	for page, err := range list {
		if err != nil {
			return err
		}
		for _, f := range page.Functions {
			if f.PackageType != types.PackageTypeImage {
				continue
			}
			arn := aws.ToString(f.FunctionArn)
			if err := emitFunction(ctx, client, arn, out); err != nil {
				return err
			}
			arns = append(arns, arn)
		}
	}
	// After all functions: they are known even if this is denied.
	for _, arn := range arns {
		if err := emitURLs(ctx, client, arn, out); err != nil {
			return err
		}
	}
	return nil
}

// emitFunction emits a function.
func emitFunction(ctx context.Context, client *lambda.Client, arn string, out collect.Sink) error {
	f, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &arn})
	if isError[*types.ResourceNotFoundException](err) {
		return nil // Deleted since it was listed.
	}
	if err != nil {
		return err
	}
	if f.Configuration == nil || f.Code == nil {
		return errors.New("lambda:GetFunction of " + arn + " returned no configuration")
	}
	return out.Emit(functionWorkload(f.Configuration, f.Code))
}

// emitURLs emits how the internet reaches a function by its URLs.
func emitURLs(ctx context.Context, client *lambda.Client, arn string, out collect.Sink) error {
	list := pages(ctx, client.ListFunctionUrlConfigs, &lambda.ListFunctionUrlConfigsInput{FunctionName: &arn, MaxItems: aws.Int32(50)},
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
			if err := out.Emit(inventory.Exposure{
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
