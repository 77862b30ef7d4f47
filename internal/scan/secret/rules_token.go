package secret

// token returns a rule of a token that begins with one of the keywords and
// looks random: nothing else has its shape.
func token(id, title, source, pattern string, keywords ...string) Rule {
	return Rule{ID: id, Title: title, Source: source, Confidence: High, pattern: pattern, keywords: keywords, random: true}
}

// checked returns r with a validator.
func (r Rule) checked(valid func(value []byte) bool) Rule {
	r.valid = valid
	return r
}

// looksBack returns r for a keyword that comes up to n bytes after the start.
func (r Rule) looksBack(n int) Rule {
	r.before = n
	return r
}

// onlyIf returns r with a quick look at what follows a keyword that is a
// common word.
func (r Rule) onlyIf(quick func(rest []byte) bool) Rule {
	r.quick = quick
	return r
}

func startsWithDigit(rest []byte) bool { return len(rest) > 0 && '0' <= rest[0] && rest[0] <= '9' }

// likely returns r with medium confidence.
func (r Rule) likely() Rule {
	r.Confidence = Medium
	return r
}

// forgeRules are of places that keep and build source code.
var forgeRules = []Rule{
	token("github-token", "a GitHub token", "https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/",
		`gh[pousr]_[A-Za-z0-9]{36}`, "ghp_", "gho_", "ghu_", "ghs_", "ghr_").checked(hasCRC62),
	token("github-fine-grained-token", "a GitHub fine-grained token", "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens",
		`github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}`, "github_pat_"),
	token("gitlab-token", "a GitLab token", "https://docs.gitlab.com/security/tokens/#token-prefixes",
		`(?:glpat|gldt|glrt|glrtr|glptt|glft|glsoat|glagent|gloas|glffct|glimt|glcbt)-[A-Za-z0-9_-]{20,64}(?:\.[0-9a-z]{2}\.?[0-9a-z]{7,9})?`,
		"glpat-", "gldt-", "glrt-", "glrtr-", "glptt-", "glft-", "glsoat-", "glagent-", "gloas-", "glffct-", "glimt-", "glcbt-"),
	token("gitlab-runner-registration-token", "a GitLab runner registration token", "https://docs.gitlab.com/security/tokens/#token-prefixes",
		`GR1348941[A-Za-z0-9_-]{20}`, "GR1348941"),
	token("bitbucket-app-password", "a Bitbucket app password", "https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/",
		`ATBB[A-Za-z0-9]{32}`, "ATBB"),
	token("bitbucket-access-token", "a Bitbucket access token", "https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/",
		`ATCTT3xFfGN0[A-Za-z0-9_=-]{100,250}`, "ATCTT3xFfGN0"),
	token("atlassian-api-token", "an Atlassian API token", "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/",
		`ATATT3xFfGF0[A-Za-z0-9_-]{80,240}=[0-9A-F]{8}`, "ATATT3xFfGF0"),
	token("circleci-token", "a CircleCI token", "https://circleci.com/docs/managing-api-tokens/",
		`CCI(?:PAT|PRJ)_[A-Za-z0-9]{22}_[0-9a-f]{40}`, "CCIPAT_", "CCIPRJ_"),
	token("buildkite-token", "a Buildkite token", "https://buildkite.com/docs/platform/token-security",
		`bkua_[0-9a-f]{40}`, "bkua_"),
	token("sonarqube-token", "a SonarQube token", "https://docs.sonarsource.com/sonarqube-server/latest/user-guide/managing-tokens/",
		`sq[pua]_[0-9a-f]{40}`, "sqp_", "squ_", "sqa_"),
	token("sourcegraph-token", "a Sourcegraph token", "https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token",
		`sgp_(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}`, "sgp_"),
	token("linear-api-key", "a Linear API key", "https://linear.app/developers/graphql",
		`lin_api_[A-Za-z0-9]{40}`, "lin_api_"),
	token("figma-token", "a Figma token", "https://www.figma.com/developers/api#access-tokens",
		`figd_[A-Za-z0-9_-]{38,46}`, "figd_"),
	token("postman-api-key", "a Postman API key", "https://learning.postman.com/docs/developer/postman-api/authentication/",
		`PMAK-[0-9a-f]{24}-[0-9a-f]{34}`, "PMAK-"),
}

// registryRules are of places that packages and images are published to.
var registryRules = []Rule{
	token("npm-token", "an npm token", "https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format/",
		`npm_[A-Za-z0-9]{36}`, "npm_").checked(hasCRC62),
	token("pypi-token", "a PyPI token", "https://pypi.org/help/#apitoken",
		`pypi-(?:AgEIcHlwaS5vcmc|AgENdGVzdC5weXBpLm9yZw)[A-Za-z0-9_-]{50,250}`, "pypi-AgE"),
	token("rubygems-token", "a RubyGems token", "https://guides.rubygems.org/api-key-scopes/",
		`rubygems_[0-9a-f]{48}`, "rubygems_"),
	token("crates-token", "a crates.io token", "https://github.com/rust-lang/crates.io/blob/main/crates/crates_io_database/src/models/token.rs",
		`cio[A-Za-z0-9]{32}`, "cio"),
	token("nuget-key", "a NuGet API key", "https://learn.microsoft.com/en-us/nuget/nuget-org/scoped-api-keys",
		`oy2[a-z0-9]{43}`, "oy2"),
	token("docker-hub-token", "a Docker Hub token", "https://docs.docker.com/security/access-tokens/",
		`dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,64}`, "dckr_pat_", "dckr_oat_"),
	token("clojars-token", "a Clojars token", "https://github.com/clojars/clojars-web/wiki/Deploy-Tokens",
		`CLOJARS_[0-9a-z]{60}`, "CLOJARS_"),
	token("jfrog-token", "a JFrog Artifactory key", "https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens",
		`AKCp[58][A-Za-z0-9]{68,70}|cmVmdGtuO[A-Za-z0-9]{55}`, "AKCp5", "AKCp8", "cmVmdGtuO"),
}

// modelRules are of services that run language models.
var modelRules = []Rule{
	token("anthropic-key", "an Anthropic key", "https://docs.anthropic.com/en/api/admin-api/apikeys/get-api-key",
		`sk-ant-(?:api|admin|oat|ort|sid)[0-9]{2}-[A-Za-z0-9_-]{80,120}`, "sk-ant-"),
	token("openai-key", "an OpenAI key", "https://platform.openai.com/docs/api-reference/authentication",
		`sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,90}T3BlbkFJ[A-Za-z0-9_-]{20,90}`, "T3BlbkFJ").looksBack(110).wide(100),
	token("openrouter-key", "an OpenRouter key", "https://openrouter.ai/docs/api-reference/authentication",
		`sk-or-v1-[0-9a-f]{64}`, "sk-or-v1-"),
	token("hugging-face-token", "a Hugging Face token", "https://huggingface.co/docs/hub/security-tokens",
		`(?:hf_|api_org_)[A-Za-z]{34}`, "hf_", "api_org_"),
	token("groq-key", "a Groq key", "https://console.groq.com/docs/quickstart",
		`gsk_[A-Za-z0-9]{52}`, "gsk_"),
	token("xai-key", "an xAI key", "https://docs.x.ai/docs/overview",
		`xai-[A-Za-z0-9]{80}`, "xai-"),
	token("perplexity-key", "a Perplexity key", "https://docs.perplexity.ai/guides/api-key-management",
		`pplx-[A-Za-z0-9]{48}`, "pplx-"),
	token("replicate-token", "a Replicate token", "https://replicate.com/docs/topics/security/api-tokens",
		`r8_[A-Za-z0-9]{37}`, "r8_"),
	token("langsmith-key", "a LangSmith key", "https://docs.langchain.com/langsmith/create-account-api-key",
		`lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}`, "lsv2_pt_", "lsv2_sk_"),
}

// chatRules are of services that deliver messages.
var chatRules = []Rule{
	token("slack-token", "a Slack token", "https://docs.slack.dev/authentication/tokens",
		`xox[abeoprs]-(?:[0-9]-)?(?:[0-9]{8,14}-){1,3}[A-Za-z0-9]{16,64}|xoxe(?:\.xox[bp])?-[0-9]-[A-Za-z0-9]{140,170}`, "xox"),
	token("slack-app-token", "a Slack app token", "https://docs.slack.dev/authentication/tokens",
		`xapp-[0-9]-[A-Z0-9]{9,12}-[0-9]{10,14}-[0-9a-f]{64}`, "xapp-"),
	token("slack-webhook", "a Slack webhook", "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
		`hooks\.slack\.com/(?:services|workflows)/T[A-Z0-9]{8,12}/[AB][A-Z0-9]{8,12}/[A-Za-z0-9]{20,26}`, "hooks.slack.com/"),
	token("discord-webhook", "a Discord webhook", "https://discord.com/developers/docs/resources/webhook",
		`(?:discord|discordapp)\.com/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,70}`, "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"),
	token("teams-webhook", "a Microsoft Teams webhook", "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook",
		`webhook\.office\.com/webhookb2/[0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36}`, "webhook.office.com/webhookb2/"),
	token("telegram-bot-token", "a Telegram bot token", "https://core.telegram.org/bots/api#authorizing-your-bot",
		`[0-9]{8,10}:AA[A-Za-z0-9_-]{33}`, ":AA").looksBack(10).wide(36),
	token("sendgrid-key", "a SendGrid key", "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys",
		`SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}`, "SG."),
	token("brevo-key", "a Brevo key", "https://developers.brevo.com/docs/getting-started",
		`xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}`, "xkeysib-"),
	token("mailgun-key", "a Mailgun key", "https://documentation.mailgun.com/docs/mailgun/user-manual/api-key-mgmt/rbac-mgmt",
		`key-[0-9a-f]{32}`, "key-").likely(),
	token("mailchimp-key", "a Mailchimp key", "https://mailchimp.com/developer/marketing/docs/fundamentals/",
		`[0-9a-f]{32}-us[0-9]{1,2}`, "-us").looksBack(32).wide(5).likely().onlyIf(startsWithDigit),
}

// paymentRules are of services that move money.
var paymentRules = []Rule{
	token("stripe-key", "a Stripe key", "https://docs.stripe.com/keys",
		`[sr]k_live_[A-Za-z0-9]{24,247}`, "sk_live_", "rk_live_"),
	token("stripe-test-key", "a Stripe test key", "https://docs.stripe.com/keys",
		`[sr]k_test_[A-Za-z0-9]{24,247}`, "sk_test_", "rk_test_").likely(),
	token("stripe-webhook-secret", "a Stripe webhook secret", "https://docs.stripe.com/webhooks/signature",
		`whsec_[A-Za-z0-9]{32,64}`, "whsec_"),
	token("square-secret", "a Square secret", "https://developer.squareup.com/docs/build-basics/access-tokens",
		`sq0(?:csp-[A-Za-z0-9_-]{43}|atp-[A-Za-z0-9_-]{22})`, "sq0csp-", "sq0atp-"),
	token("braintree-token", "a Braintree token", "https://developer.paypal.com/braintree/articles/control-panel/important-gateway-credentials",
		`access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}`, "access_token$production$"),
	token("shopify-token", "a Shopify token", "https://shopify.dev/changelog/length-of-the-shopify-access-token-is-increasing",
		`shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}`, "shpat_", "shpss_", "shpca_", "shppa_"),
	token("flutterwave-key", "a Flutterwave key", "https://developer.flutterwave.com/docs/authentication",
		`FLWSECK-[0-9a-zA-Z]{32}-X`, "FLWSECK-"),
	token("shippo-token", "a Shippo token", "https://docs.goshippo.com/docs/guides_general/authentication/",
		`shippo_live_[0-9a-f]{40}`, "shippo_live_"),
}

// operationRules are of services that watch, deploy and keep secrets.
var operationRules = []Rule{
	token("vault-token", "a HashiCorp Vault token", "https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes",
		`hv[sbr]\.[A-Za-z0-9_-]{90,300}`, "hvs.", "hvb.", "hvr."),
	token("terraform-cloud-token", "a Terraform Cloud token", "https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens",
		`[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,70}`, ".atlasv1.").looksBack(14).wide(80),
	token("databricks-token", "a Databricks token", "https://docs.databricks.com/aws/en/dev-tools/auth/pat",
		`dapi[0-9a-f]{32}(?:-[0-9])?`, "dapi"),
	token("grafana-token", "a Grafana service account token", "https://grafana.com/docs/grafana/latest/administration/service-accounts/",
		`glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}`, "glsa_").checked(hasGrafanaCRC),
	token("grafana-cloud-token", "a Grafana Cloud token", "https://grafana.com/docs/grafana-cloud/security-and-account-management/authentication-and-permissions/access-policies/",
		`glc_[A-Za-z0-9+/]{32,400}={0,2}`, "glc_").checked(func(value []byte) bool { return isBase64JSON(value[len("glc_"):]) }),
	token("new-relic-key", "a New Relic key", "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/",
		`NRAK-[A-Z0-9]{27}|NRII-[A-Za-z0-9_-]{32}`, "NRAK-", "NRII-"),
	token("new-relic-license", "a New Relic licence key", "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/",
		`[0-9a-f]{36}NRAL`, "NRAL").looksBack(36).wide(4),
	token("dynatrace-token", "a Dynatrace token", "https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens",
		`dt0(?:c01|s0[12])\.[A-Z0-9]{24}\.[A-Z0-9]{64}`, "dt0c01.", "dt0s01.", "dt0s02."),
	token("sentry-org-token", "a Sentry organization token", "https://docs.sentry.io/account/auth-tokens/",
		`sntrys_[A-Za-z0-9+/]{60,300}={0,2}_[A-Za-z0-9+/]{43}`, "sntrys_").wide(400),
	token("sentry-user-token", "a Sentry user token", "https://docs.sentry.io/account/auth-tokens/",
		`sntryu_[0-9a-f]{64}`, "sntryu_"),
	token("pulumi-token", "a Pulumi token", "https://www.pulumi.com/docs/pulumi-cloud/access-management/access-tokens/",
		`pul-[0-9a-f]{40}`, "pul-"),
	token("doppler-token", "a Doppler token", "https://docs.doppler.com/docs/service-tokens",
		`dp\.(?:pt|ct|sa|scim|audit)\.[A-Za-z0-9]{40,44}|dp\.st\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}`,
		"dp.pt.", "dp.ct.", "dp.sa.", "dp.st.", "dp.scim.", "dp.audit."),
	token("onepassword-service-token", "a 1Password service account token", "https://developer.1password.com/docs/service-accounts/",
		`ops_eyJ[A-Za-z0-9+/_-]{200,}={0,2}`, "ops_eyJ").wide(1400),
	token("tailscale-key", "a Tailscale key", "https://tailscale.com/kb/1277/key-prefixes",
		`tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{11,21}-[A-Za-z0-9]{32}`, "tskey-"),
	token("launchdarkly-key", "a LaunchDarkly key", "https://launchdarkly.com/docs/sdk/concepts/client-side-server-side",
		`(?:sdk|api)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "sdk-", "api-").likely(),
	token("infracost-key", "an Infracost key", "https://www.infracost.io/docs/",
		`ico-[A-Za-z0-9]{32}`, "ico-").likely(),
	token("prefect-key", "a Prefect key", "https://docs.prefect.io/v3/how-to-guides/cloud/manage-users/api-keys",
		`pn[ub]_[A-Za-z0-9]{36}`, "pnu_", "pnb_"),
	assigned("datadog-key", "a Datadog key", "https://docs.datadoghq.com/account_management/api-app-keys/",
		`[0-9a-f]{32}|[0-9a-f]{40}`, "datadog", "dd_api_key", "dd_app"),
	assigned("pagerduty-key", "a PagerDuty key", "https://support.pagerduty.com/main/docs/api-access-keys",
		`[A-Za-z0-9+_-]{20}|[0-9a-f]{32}`, "pagerduty", "pager_duty"),
	assigned("okta-token", "an Okta token", "https://developer.okta.com/docs/guides/create-an-api-token/main/",
		`00[A-Za-z0-9_-]{40}`, "okta"),
	assigned("twilio-token", "a Twilio token", "https://www.twilio.com/docs/iam/api-keys",
		`[0-9a-f]{32}|SK[0-9a-f]{32}`, "twilio"),
}

// wide returns r with a larger window.
func (r Rule) wide(n int) Rule {
	r.window = n
	return r
}

// hostingRules are of platforms that run applications and databases.
var hostingRules = []Rule{
	token("digitalocean-token", "a DigitalOcean token", "https://docs.digitalocean.com/reference/api/create-personal-access-token/",
		`do[por]_v1_[0-9a-f]{64}`, "dop_v1_", "doo_v1_", "dor_v1_"),
	token("cloudflare-origin-ca-key", "a Cloudflare origin CA key", "https://developers.cloudflare.com/fundamentals/api/get-started/ca-keys/",
		`v1\.0-[0-9a-f]{24}-[0-9a-f]{146}`, "v1.0-"),
	assigned("cloudflare-token", "a Cloudflare token", "https://developers.cloudflare.com/fundamentals/api/get-started/create-token/",
		`[A-Za-z0-9_-]{40}|[0-9a-f]{37}`, "cloudflare", "cf_api"),
	token("heroku-key", "a Heroku key", "https://devcenter.heroku.com/articles/oauth",
		`HRKU-AA[A-Za-z0-9_-]{58}`, "HRKU-AA"),
	assigned("heroku-legacy-key", "a Heroku key", "https://devcenter.heroku.com/articles/oauth",
		`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "heroku"),
	token("fly-token", "a Fly.io token", "https://fly.io/docs/security/tokens/",
		`fo1_[A-Za-z0-9_-]{43}|fm2_[A-Za-z0-9+/]{100,250}={0,2}`, "fo1_", "fm2_"),
	token("netlify-token", "a Netlify token", "https://docs.netlify.com/api/get-started/#authentication",
		`nfp_[A-Za-z0-9]{36}`, "nfp_"),
	token("supabase-token", "a Supabase token", "https://supabase.com/docs/guides/api/api-keys",
		`sbp_(?:v0_)?[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{22,40}`, "sbp_", "sb_secret_"),
	token("planetscale-secret", "a PlanetScale secret", "https://planetscale.com/docs/api/reference/service-tokens",
		`pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,64}`, "pscale_tkn_", "pscale_pw_", "pscale_oauth_"),
	token("notion-token", "a Notion token", "https://developers.notion.com/docs/authorization",
		`ntn_[0-9]{11}[A-Za-z0-9]{35}`, "ntn_"),
	token("airtable-token", "an Airtable token", "https://airtable.com/developers/web/guides/personal-access-tokens",
		`pat[A-Za-z0-9]{14}\.[0-9a-f]{64}`, "pat").onlyIf(func(rest []byte) bool { return len(rest) > 14 && rest[14] == '.' }),
	token("contentful-token", "a Contentful token", "https://www.contentful.com/developers/docs/references/authentication/",
		`CFPAT-[A-Za-z0-9_-]{43}`, "CFPAT-"),
	token("mapbox-secret-token", "a Mapbox secret token", "https://docs.mapbox.com/help/dive-deeper/access-tokens/",
		`sk\.eyJ[A-Za-z0-9_-]{60,100}\.[A-Za-z0-9_-]{22}`, "sk.eyJ"),
	token("scalingo-token", "a Scalingo token", "https://developers.scalingo.com/tokens",
		`tk-us-[A-Za-z0-9_-]{48}`, "tk-us-"),
	token("typeform-token", "a Typeform token", "https://www.typeform.com/developers/get-started/personal-access-token/",
		`tfp_[A-Za-z0-9]{44}_[A-Za-z0-9]{12,16}`, "tfp_"),
	token("duffel-token", "a Duffel token", "https://duffel.com/docs/api/overview/authentication",
		`duffel_live_[A-Za-z0-9_-]{43}`, "duffel_live_"),
	token("easypost-key", "an EasyPost key", "https://docs.easypost.com/docs/authentication",
		`EZAK[A-Za-z0-9]{54}`, "EZAK"),
	token("readme-key", "a ReadMe key", "https://docs.readme.com/main/reference/intro/authentication",
		`rdme_[a-z0-9]{70}`, "rdme_"),
}
