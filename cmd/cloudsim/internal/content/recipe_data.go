package content

import v1 "github.com/google/go-containerregistry/pkg/v1"

// dataRecipes are the images of the team that works with data.
var dataRecipes = []recipe{
	{
		name: "recommender-1.2.0", app: "Recommender", repository: "data/recommender", created: "2023-09-05",
		config: v1.Config{Env: []string{pathEnv, "MODEL_BUCKET=models"}, Cmd: []string{"python3.11", "serve.py"}, ExposedPorts: ports("8501")},
		layers: []*layer{
			debian12Base,
			// These Python packages belong to Debian: its fixes do not
			// change the version, so PyPI's advisories do not apply.
			run("RUN apt-get install -y python3-werkzeug python3-certifi", debian12.install(
				"python3-werkzeug 2.2.2-3 python-werkzeug 2.2.2-3 /usr/lib/python3/dist-packages/Werkzeug-2.2.2.dist-info/METADATA=644\n"+
					"python3-certifi 2022.9.24-1 python-certifi 2022.9.24-1 /usr/lib/python3/dist-packages/certifi-2022.9.24.dist-info/METADATA=644\n")),
			python311,
			run("RUN pip install -r requirements.txt", pythonSite{sitePackages, []string{
				"numpy@1.25.2", "requests@2.19.1", "urllib3@1.24.1", "Jinja2@2.10", "Flask@1.1.2", "Werkzeug@1.0.1",
			}}),
		},
	},
	{
		name: "etl-7.0.1", app: "ETL", repository: "data/etl", created: "2022-10-30",
		config: v1.Config{Env: []string{pathEnv}, User: "0:0", Cmd: []string{"python3.11", "-m", "etl"}},
		layers: []*layer{
			debian11Base,
			run("RUN apt-get install -y libxml2 libpq5", debian11.install(
				"libxml2 2.9.10+dfsg-6.7+deb11u1 libxml2\nlibpq5 13.5-0+deb11u1 postgresql-13\n")),
			python311,
			run("RUN pip install -r requirements.txt", pythonSite{sitePackages, []string{
				"pandas@1.2.4", "SQLAlchemy@1.3.0", "cryptography@3.2", "python-dateutil@2.8.1",
			}}),
			run("COPY reference.parquet /data/", plain{{path: "data/reference.parquet", data: fakeBytes("parquet", 4<<20)}}),
		},
	},
	{
		name: "billing-2.1.0", app: "Billing", repository: "data/billing", created: "2022-08-01",
		config: v1.Config{Env: []string{pathEnv, "PGPASSWORD=" + fakeHex("billing", 24)}, Cmd: []string{"python3.11", "billing.py"}, ExposedPorts: ports("8000")},
		layers: []*layer{ubuntu22Base, python311, run("RUN pip install -r requirements.txt", pythonSite{sitePackages, []string{
			"Flask@2.2.2", "Werkzeug@2.2.2", "Jinja2@3.1.2", "psycopg2-binary@2.9.3",
		}})},
	},
}
