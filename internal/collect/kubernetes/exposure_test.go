package kubernetes

import "testing"

func TestPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"203.0.113.7":                    true,
		"2001:db8::1":                    true,
		"10.0.0.1":                       false,
		"172.16.0.1":                     false,
		"192.168.0.1":                    false,
		"100.64.0.1":                     false,
		"127.0.0.1":                      false,
		"169.254.169.254":                false,
		"0.0.0.0":                        false,
		"::1":                            false,
		"fd00::1":                        false,
		"fe80::1":                        false,
		"":                               false,
		"localhost":                      false,
		"a1.eu-west-1.elb.amazonaws.com": true,
		"internal-a1.eu-west-1.elb.amazonaws.com": false,
		"internal-tools.example.com":              true,
	} {
		if got := public(address); got != want {
			t.Errorf("public(%q) = %v, want %v", address, got, want)
		}
	}
}

func TestInternalLoadBalancer(t *testing.T) {
	t.Parallel()
	const aws = "service.beta.kubernetes.io/aws-load-balancer-"
	for _, test := range []struct {
		name        string
		annotations map[string]string
		class       string
		want        bool
	}{
		{"none", nil, "", false},
		{"aws_scheme_internal", map[string]string{aws + "scheme": "internal"}, "", true},
		{"aws_scheme_internet_facing", map[string]string{aws + "scheme": "internet-facing", aws + "type": "external"}, "", false},
		{"aws_internal", map[string]string{aws + "internal": "true"}, "", true},
		{"aws_internal_old_form", map[string]string{aws + "internal": "0.0.0.0/0"}, "", true},
		{"aws_not_internal", map[string]string{aws + "internal": "false"}, "", false},
		{"aws_nlb_of_the_cloud_provider", map[string]string{aws + "type": "nlb"}, "", false},
		{"aws_controller_default", map[string]string{aws + "type": "external"}, "", true},
		{"aws_controller_class", nil, "service.k8s.aws/nlb", true},
		{"eks_auto_mode", nil, "eks.amazonaws.com/nlb", true},
		{"azure", map[string]string{"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}, "", true},
		{"azure_not", map[string]string{"service.beta.kubernetes.io/azure-load-balancer-internal": "false"}, "", false},
		{"gcp", map[string]string{"networking.gke.io/load-balancer-type": "Internal"}, "", true},
		{"gcp_old", map[string]string{"cloud.google.com/load-balancer-type": "internal"}, "", true},
		{"gcp_external", map[string]string{"networking.gke.io/load-balancer-type": "External"}, "", false},
	} {
		var s service
		s.Spec.Type = "LoadBalancer"
		s.Spec.LoadBalancerClass = test.class
		s.Metadata.Annotations = test.annotations
		if got := s.internal(); got != test.want {
			t.Errorf("%s: internal = %v, want %v", test.name, got, test.want)
		}
	}
}
