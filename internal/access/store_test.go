package access

import "testing"

func TestResourceForm(t *testing.T) {
	t.Parallel()
	s := &Store{
		ID: "arn:aws-cn:kafka:cn-north-1:111122223333:cluster/orders/uuid-1", Account: "111122223333", Region: "cn-north-1",
		Settings: map[string]string{"stream": "", "kms_key": "arn:aws-cn:kms:cn-north-1:111122223333:key/1"},
	}
	for _, test := range []struct {
		name, template, want, missing string
	}{
		{"plain", "*", "*", ""},
		{"id", "{id}/", s.ID + "/", ""},
		{"parts", "arn:{partition}:kafka:{region}:{account}:topic/{path}/", "arn:aws-cn:kafka:cn-north-1:111122223333:topic/orders/uuid-1/", ""},
		{"name", "x:{name}", "x:uuid-1", ""},
		{"setting", "{kms_key}", "arn:aws-cn:kms:cn-north-1:111122223333:key/1", ""},
		{"empty_setting", "{stream}", "", ""},
		{"unknown_setting", "x:{name}:{secret}/y", "x:uuid-1:", "setting secret of the store"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, missing := ResourceForm{Template: test.template, Below: true}.Resource(s)
			if r.ID != test.want || missing != test.missing || !r.Below || r.Account != s.Account {
				t.Errorf("resource = %+v, %q, want %q, %q", r, missing, test.want, test.missing)
			}
		})
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	s := &Store{ID: "x", Settings: map[string]string{"auth": "true", "empty": ""}}
	for _, test := range []struct {
		gate Gate
		want Verdict
	}{
		{Gate{Setting: "auth", Is: []string{"true"}}, Allowed},
		{Gate{Setting: "auth", Is: []string{"false"}}, Denied},
		{Gate{Setting: "auth", Not: []string{"true"}}, Denied},
		{Gate{Setting: "empty", Not: []string{"true"}}, Allowed},
		{Gate{Setting: "empty", Is: []string{"true"}}, Denied},
		{Gate{Setting: "other", Not: []string{"true"}}, Unknown},
		{Gate{Setting: "other", Is: []string{"true"}}, Unknown},
	} {
		if got := test.gate.Open(s).Verdict(); got != test.want {
			t.Errorf("%+v is %v, want %v", test.gate, got, test.want)
		}
	}
	for setting, want := range map[string]Verdict{"": Allowed, "auth": Allowed, "empty": Denied, "other": Unknown} {
		if got := (Demand{IfSet: setting}).Set(s).Verdict(); got != want {
			t.Errorf("if_set %q is %v, want %v", setting, got, want)
		}
	}
}
