package collect

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// roleTemplate is the CloudFormation template of [RoleTemplate] around the
// policy document.
const roleTemplate = `{
  "AWSTemplateFormatVersion": "2010-09-09",
  "Description": "The role by which Stowage reads this account. Generated from the collectors' declarations by make generate.",
  "Parameters": {
    "TrustedPrincipal": {
      "Type": "String",
      "Description": "ARN of the role or user that Stowage runs as."
    },
    "ExternalId": {
      "Type": "String",
      "Default": "",
      "Description": "External ID that Stowage must name; empty for none."
    },
    "RoleName": {
      "Type": "String",
      "Default": "stowage-read"
    }
  },
  "Conditions": {
    "HasExternalId": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExternalId"}, ""]}]}
  },
  "Resources": {
    "Role": {
      "Type": "AWS::IAM::Role",
      "Properties": {
        "RoleName": {"Ref": "RoleName"},
        "AssumeRolePolicyDocument": {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Allow",
              "Principal": {"AWS": {"Ref": "TrustedPrincipal"}},
              "Action": "sts:AssumeRole",
              "Condition": {
                "Fn::If": [
                  "HasExternalId",
                  {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
                  {"Ref": "AWS::NoValue"}
                ]
              }
            }
          ]
        },
        "Policies": [
          {
            "PolicyName": "stowage-read",
            "PolicyDocument": %s
          }
        ]
      }
    }
  },
  "Outputs": {
    "RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}
  }
}
`

// RoleTemplate returns the CloudFormation template of a role with the policy
// of [IAMPolicy], for one account or, as a StackSet, for all accounts of an
// organization.
func RoleTemplate(collectors []Collector) ([]byte, error) {
	policy, err := IAMPolicy(collectors)
	if err != nil {
		return nil, err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, bytes.TrimSpace(policy), "            ", "  "); err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, roleTemplate, indented.Bytes()), nil
}
