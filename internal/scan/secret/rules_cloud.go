package secret

import "bytes"

// cloudRules are of the platforms that everything else runs on.
var cloudRules = []Rule{
	{
		ID: "aws-access-key", Title: "an AWS access key", Confidence: High,
		Source:   "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids",
		keywords: []string{"AKIA", "ASIA"}, find: findAWSKey, random: true,
	},
	{
		ID: "aws-secret-key", Title: "an AWS secret access key", Confidence: High,
		Source:   "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
		keywords: []string{"secret_access_key", "secretaccesskey", "aws_secret_key", "awssecretkey"}, fold: true, random: true,
		find: func(t *text, at, end int) (match, bool) {
			return t.assignedAfter(at, end, awsSecret, isAWSSecret)
		},
	},
	token("aws-bedrock-key", "an Amazon Bedrock key", "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
		`ABSKQmVkcm9ja0FQSUtleS[A-Za-z0-9+/]{100,150}={0,2}`, "ABSKQmVkcm9ja0FQSUtleS"),
	token("aws-mws-key", "an Amazon MWS key", "https://developer-docs.amazon.com/sp-api",
		`amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "amzn.mws."),
	{
		ID: "gcp-service-account", Title: "a Google Cloud service account's key", Confidence: High,
		Source:   "https://cloud.google.com/iam/docs/keys-create-delete",
		keywords: []string{`"private_key"`}, find: findServiceAccount,
	},
	token("google-api-key", "a Google API key", "https://cloud.google.com/docs/authentication/api-keys",
		`AIza[A-Za-z0-9_-]{35}`, "AIza").likely(),
	token("google-oauth-secret", "a Google OAuth client secret", "https://developers.google.com/identity/protocols/oauth2",
		`GOCSPX-[A-Za-z0-9_-]{28}`, "GOCSPX-"),
	token("google-oauth-token", "a Google OAuth token", "https://developers.google.com/identity/protocols/oauth2",
		`ya29\.[A-Za-z0-9_-]{100,300}`, "ya29.").likely(),
	token("azure-storage-key", "an Azure storage key", "https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string",
		`(?i:AccountKey)=([A-Za-z0-9+/]{86}==)`, "AccountKey=", "accountkey=").checked(isAzureStorageKey),
	token("azure-shared-access-key", "an Azure shared access key", "https://learn.microsoft.com/en-us/azure/service-bus-messaging/service-bus-sas",
		`SharedAccessKey=([A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)`, "SharedAccessKey="),
	token("azure-client-secret", "a Microsoft Entra client secret", "https://learn.microsoft.com/en-us/entra/identity-platform/how-to-add-credentials",
		`[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}`, "Q~").looksBack(4).wide(36),
	token("azure-devops-token", "an Azure DevOps token", "https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate",
		`[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}`, "AZDO").looksBack(76).wide(8),
	token("azure-service-key", "an Azure service key", "https://github.com/microsoft/security-utilities/blob/main/docs/CommonAnnotatedSecretKey.md",
		`[A-Za-z0-9+/]{33,76}(?:\+ASt|ACDb|AzFu|AzSe|\+ASb|\+AEh|AIoT|AzCa|\+ACR|APIM)[A-Za-z0-9+/]{5,10}={0,2}`,
		"+ASt", "ACDb", "AzFu", "AzSe", "+ASb", "+AEh", "AIoT", "AzCa", "+ACR").looksBack(76).wide(16).checked(isAzureServiceKey),
	token("alibaba-access-key-id", "an Alibaba Cloud access key ID", "https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair",
		`LTAI[A-Za-z0-9]{20}`, "LTAI").likely(),
	token("tencent-secret-id", "a Tencent Cloud secret ID", "https://www.tencentcloud.com/document/product/598/32675",
		`AKID[A-Za-z0-9]{32}`, "AKID").likely(),
	token("yandex-api-key", "a Yandex Cloud key", "https://yandex.cloud/en/docs/iam/concepts/authorization/api-key",
		`AQVN[A-Za-z0-9_-]{35,38}`, "AQVN").likely(),
}

const (
	awsKeyID  = 20
	awsSecret = `[A-Za-z0-9/+]{40}`
	// awsReach is how far from its ID the secret may be: a few lines.
	awsReach = 400
)

// findAWSKey finds the ID of an access key with its secret, which alone is of
// use, or the ID alone.
func findAWSKey(t *text, at, _ int) (match, bool) {
	end := at + awsKeyID
	if end > len(t.b) || !t.boundary(at) || end < len(t.b) && isWord(t.b[end]) {
		return match{}, false
	}
	id := t.b[at:end]
	for _, c := range id[4:] {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return match{}, false
		}
	}
	if isExample(id) && !t.loose {
		return match{}, false
	}
	t.work += 2 * awsReach
	if start := t.nearAWSSecret(at, end); start >= 0 {
		return match{start: at, end: end, value: t.b[start : start+40]}, true
	}
	return match{start: at, end: end, value: id, confidence: Medium}, true
}

// nearAWSSecret returns where the secret of a key ID is, or -1.
func (t *text) nearAWSSecret(at, end int) int {
	// The secret mostly follows.
	for _, part := range [][2]int{{end, min(end+awsReach, len(t.b))}, {max(at-awsReach, 0), at}} {
		run := 0
		for i := part[0]; i <= part[1]; i++ {
			if i < part[1] && (isWord(t.b[i]) && t.b[i] != '_' || t.b[i] == '/' || t.b[i] == '+') {
				run++
				continue
			}
			if run == 40 && isAWSSecret(t.b[i-40:i]) && (i == len(t.b) || t.b[i] != '=' && t.b[i] != '_') {
				return i - 40
			}
			run = 0
		}
	}
	return -1
}

// isAWSSecret reports whether 40 characters look like a secret access key, and
// not like a checksum or a path.
func isAWSSecret(value []byte) bool {
	var upper, low, digit, slash int
	for _, c := range value {
		switch {
		case 'A' <= c && c <= 'Z':
			upper++
		case 'a' <= c && c <= 'z':
			low++
		case '0' <= c && c <= '9':
			digit++
		case c == '/':
			slash++
		}
	}
	return upper > 3 && low > 3 && digit > 0 && slash < 6 && entropy(value) >= 4 && !isExample(value)
}

// findServiceAccount finds the key file of a service account, whose other
// members are near its private key.
func findServiceAccount(t *text, at, end int) (match, bool) {
	const reach = 3 << 10
	around := t.b[max(at-reach, 0):min(end+reach, len(t.b))]
	t.work += len(around)
	if !bytes.Contains(around, []byte("gserviceaccount.com")) || !bytes.Contains(around, []byte(`"service_account"`)) {
		return match{}, false
	}
	begin := bytes.Index(t.b[end:min(end+64, len(t.b))], []byte("-----BEGIN "))
	if begin < 0 {
		return match{}, false
	}
	m, ok := t.privateKey(end + begin)
	m.confidence = 0
	return m, ok
}

// isAzureServiceKey knows the lengths that keys with a signature in them have.
func isAzureServiceKey(value []byte) bool {
	switch len(value) {
	case 44, 52, 56, 84, 88:
		return true
	}
	return false
}
