package awsiam_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
	"github.com/stowage-dev/stowage/internal/access/datastore"
)

// TestScenariosOfStores decides what policies mean for the content of a store:
// what is needed besides the operation itself, by the table of data stores.
func TestScenariosOfStores(t *testing.T) {
	t.Parallel()
	table, err := datastore.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	const (
		account = "111122223333"
		secret  = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!cluster-AbCdEf"
	)
	bucket := access.Store{
		ID: "arn:aws:s3:::records", Type: "aws.s3.bucket", Account: account,
		Settings: map[string]string{"kms_key": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
	}
	cluster := func(settings ...string) access.Store {
		s := access.Store{
			ID: "arn:aws:rds:eu-west-1:111122223333:cluster:orders", Type: "aws.rds.cluster", Account: account, Region: "eu-west-1",
			Settings: map[string]string{
				"resource_id": "cluster-ABC", "iam_database_authentication": "false", "http_endpoint": "false",
				"master_user_secret": "", "master_user_secret_kms_key": "",
			},
		}
		for i := 0; i < len(settings); i += 2 {
			s.Settings[settings[i]] = settings[i+1]
		}
		return s
	}
	for _, test := range []struct {
		name    string
		doc     string // the page of AWS that says so, below https://docs.aws.amazon.com/
		actions []string
		store   access.Store
		want    []string // level, channel and verdict
	}{
		{
			"R17_bucket_without_its_key", "AmazonS3/latest/userguide/UsingKMSEncryption.html",
			[]string{"s3:GetObject", "s3:PutObject", "s3:ListBucket"},
			bucket,
			[]string{"list iam-data allowed"},
		},
		{
			"R17_bucket_with_its_key", "AmazonS3/latest/userguide/UsingKMSEncryption.html",
			[]string{"s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt"},
			bucket,
			[]string{"list iam-data allowed", "read iam-data allowed"},
		},
		{
			"R24_login_with_iam_disabled", "AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html",
			[]string{"rds-db:connect"},
			cluster(), nil,
		},
		{
			"R24_login_with_iam_enabled", "AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html",
			[]string{"rds-db:connect"},
			cluster("iam_database_authentication", "true"),
			[]string{"read iam-db-login allowed", "write iam-db-login allowed"},
		},
		{
			"R25_data_api_without_its_secret", "AmazonRDS/latest/AuroraUserGuide/data-api.access.html",
			[]string{"rds-data:ExecuteStatement"},
			cluster("http_endpoint", "true", "master_user_secret", secret), nil,
		},
		{
			"R25_data_api_disabled", "AmazonRDS/latest/AuroraUserGuide/data-api.access.html",
			[]string{"rds-data:ExecuteStatement"},
			cluster("master_user_secret", secret), nil,
		},
		{
			"R25_data_api_with_its_secret", "AmazonRDS/latest/AuroraUserGuide/data-api.access.html",
			[]string{"rds-data:ExecuteStatement", "secretsmanager:GetSecretValue"},
			cluster("http_endpoint", "true", "master_user_secret", secret),
			[]string{"read secret allowed", "write secret allowed"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			document := &awsiam.Document{Version: "2012-10-17", Statements: []awsiam.Statement{{Action: test.actions, Resource: []string{"*"}}}}
			byAccount := &awsiam.Document{Statements: []awsiam.Statement{{
				Principal: &awsiam.Principals{AWS: []string{account}}, Action: []string{"kms:*"}, Resource: []string{"*"},
			}}}
			storeType, ok := table.Type(test.store.Type)
			if !ok {
				t.Fatalf("there is no type %s", test.store.Type)
			}
			var got []string
			for _, g := range storeType.Decide(&test.store, func(operation string, _ bool, r access.Resource) access.Formula {
				in := awsiam.Input{
					Request: access.Request{
						Principal: access.Principal{Kind: awsiam.Role, ID: "arn:aws:iam::111122223333:role/app", Account: account},
						Action:    operation, Resource: r, Context: access.NewContext(access.UnknownState),
					},
					Identity: awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "app", Document: document}}},
				}
				if strings.HasPrefix(operation, "kms:") {
					in.Resource = &awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "key", Document: byAccount}}}
				}
				return awsiam.Evaluate(in).Formula
			}) {
				got = append(got, g.Level.String()+" "+g.Channel.String()+" "+g.Verdict().String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("https://docs.aws.amazon.com/%s (-want +got):\n%s", test.doc, diff)
			}
		})
	}
}
