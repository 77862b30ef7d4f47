package datastore_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
	"github.com/stowage-dev/stowage/internal/access/datastore"
)

// TestScenarios asks the engine of AWS what the rules of a type of stores give
// a role whose policy allows some actions on everything.
func TestScenarios(t *testing.T) {
	t.Parallel()
	table, err := datastore.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	types := table.Types()
	const (
		bucketDoc = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"
		loginDoc  = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Enabling.html"
		dataDoc   = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.access.html"
	)
	bucket := access.Store{ID: "arn:aws:s3:::records", Type: "aws.s3.bucket", Settings: map[string]string{
		"kms_key": "arn:aws:kms:eu-west-1:111122223333:key/1",
	}}
	instance := access.Store{ID: "arn:aws:rds:eu-west-1:111122223333:db:orders", Type: "aws.rds.instance", Settings: map[string]string{
		"resource_id": "db-A", "iam_database_authentication": "true", "master_user_secret": "",
	}}
	cluster := access.Store{ID: "arn:aws:rds:eu-west-1:111122223333:cluster:orders", Type: "aws.rds.cluster", Settings: map[string]string{
		"resource_id": "cluster-A", "iam_database_authentication": "false", "http_endpoint": "true",
		"master_user_secret": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-abcdef", "master_user_secret_kms_key": "",
	}}
	for _, test := range []struct {
		name, doc string
		store     access.Store
		set       map[string]string // settings that differ; "-" for one that is not known
		allow     []string
		want      []string
	}{
		{"R17_list_of_an_encrypted_bucket_without_its_key", bucketDoc, bucket, nil, []string{"s3:GetObject", "s3:ListBucket"}, []string{"list by iam-data: allowed"}},
		{"R17_read_of_an_encrypted_bucket_with_its_key", bucketDoc, bucket, nil, []string{"s3:GetObject", "kms:Decrypt"}, []string{"read by iam-data: allowed"}},
		{"R17_read_of_a_bucket_without_a_key", bucketDoc, bucket, map[string]string{"kms_key": ""}, []string{"s3:GetObject"}, []string{"read by iam-data: allowed"}},
		{"R17_read_of_a_bucket_whose_key_is_not_known", bucketDoc, bucket, map[string]string{"kms_key": "-"}, []string{"s3:GetObject"}, []string{"read by iam-data: unknown"}},
		{"R24_login_with_iam_authentication_off", loginDoc, instance, map[string]string{"iam_database_authentication": "false"}, []string{"rds-db:connect"}, nil},
		{"R24_login_with_iam_authentication_on", loginDoc, instance, nil, []string{"rds-db:connect"}, []string{"read by iam-db-login: allowed", "write by iam-db-login: allowed"}},
		{"R24_login_with_iam_authentication_not_known", loginDoc, instance, map[string]string{"iam_database_authentication": "-"}, []string{"rds-db:connect"}, []string{"read by iam-db-login: unknown", "write by iam-db-login: unknown"}},
		{"R25_data_api_without_the_secret", dataDoc, cluster, nil, []string{"rds-data:ExecuteStatement"}, nil},
		{"R25_data_api_with_the_secret", dataDoc, cluster, nil, []string{"rds-data:ExecuteStatement", "secretsmanager:GetSecretValue"}, []string{"read by secret: allowed", "write by secret: allowed"}},
		{"R25_secret_alone", dataDoc, cluster, map[string]string{"http_endpoint": "false"}, []string{"rds-data:ExecuteStatement"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := test.store
			store.Account, store.Region = "111122223333", "eu-west-1"
			store.Settings = map[string]string{}
			for name, value := range test.store.Settings {
				store.Settings[name] = value
			}
			for name, value := range test.set {
				store.Settings[name] = value
				if value == "-" {
					delete(store.Settings, name)
				}
			}
			i := slices.IndexFunc(types, func(s access.StoreType) bool { return s.ID == store.Type })
			if i < 0 {
				t.Fatalf("no type %s", store.Type)
			}
			var got []string
			for _, g := range types[i].Decide(&store, allowing(test.allow)) {
				got = append(got, g.Level.String()+" by "+g.Channel.String()+": "+g.Verdict().String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("grants are %q, want %q (%s)", got, test.want, test.doc)
			}
		})
	}
}

// allowing returns the answers of a role that may do some actions to
// everything. The keys of the account leave it to its policies.
func allowing(actions []string) func(string, bool, access.Resource) access.Formula {
	policy := &awsiam.Document{Version: "2012-10-17", Statements: []awsiam.Statement{{Action: actions, Resource: []string{"*"}}}}
	delegation := &awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "key", Document: &awsiam.Document{Version: "2012-10-17", Statements: []awsiam.Statement{{
		Action: []string{"kms:*"}, Resource: []string{"*"}, Principal: &awsiam.Principals{AWS: []string{"arn:aws:iam::111122223333:root"}},
	}}}}}}
	return func(action string, _ bool, r access.Resource) access.Formula {
		in := awsiam.Input{
			Request: access.Request{
				Principal: access.Principal{Kind: awsiam.Role, ID: "arn:aws:iam::111122223333:role/app", Account: "111122223333"},
				Action:    action, Resource: r, Context: access.NewContext(access.Absent),
			},
			Identity: awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "app", Document: policy}}},
		}
		if strings.HasPrefix(action, "kms:") {
			in.Resource = delegation
		}
		return awsiam.Evaluate(in).Formula
	}
}
