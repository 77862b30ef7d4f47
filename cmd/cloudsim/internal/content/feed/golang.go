package feed

var goAdvisories = []advisory{
	{
		id: "GO-2023-2102", aliases: "CVE-2023-39325 GHSA-4374-p667-p6c8", date: "2023-10-11",
		summary: "HTTP/2 rapid reset can cause excessive work in net/http",
		affected: []affected{
			{"Go", "stdlib", "0 1.20.10 1.21.0-0 1.21.3"},
			{"Go", "golang.org/x/net", "0 0.17.0"},
		},
	},
	{
		id: "GO-2023-2153", aliases: "GHSA-m425-mq94-257g", date: "2023-10-25",
		summary:  "Denial of service from HTTP/2 Rapid Reset in google.golang.org/grpc",
		affected: []affected{{"Go", "google.golang.org/grpc", "0 1.56.3 1.57.0 1.57.1 1.58.0 1.58.3"}},
	},
	{
		id: "GO-2024-2687", aliases: "CVE-2023-45288 GHSA-4v7x-pqxf-cx7m", date: "2024-04-03",
		summary: "HTTP/2 CONTINUATION flood in net/http",
		affected: []affected{
			{"Go", "stdlib", "0 1.21.9 1.22.0-0 1.22.2"},
			{"Go", "golang.org/x/net", "0 0.23.0"},
		},
	},
	{
		id: "GO-2024-3333", aliases: "CVE-2024-45338 GHSA-w32m-9786-jp63", date: "2024-12-18",
		summary:  "Non-linear parsing of case-insensitive content in golang.org/x/net/html",
		affected: []affected{{"Go", "golang.org/x/net", "0 0.33.0"}},
	},
	{
		id: "GO-2022-0969", aliases: "CVE-2022-27664 GHSA-69cg-p879-7622", date: "2022-09-12",
		summary: "Denial of service in net/http and golang.org/x/net/http2",
		affected: []affected{
			{"Go", "stdlib", "0 1.18.6 1.19.0-0 1.19.1"},
			{"Go", "golang.org/x/net", "0 0.0.0-20220906165146-f3363e06e74c"},
		},
	},
	{
		id: "GO-2024-3321", aliases: "CVE-2024-45337 GHSA-v778-237x-gjrc", date: "2024-12-11",
		summary:  "Misuse of connection.serverAuthenticate may cause authorization bypass in golang.org/x/crypto",
		affected: []affected{{"Go", "golang.org/x/crypto", "0 0.31.0"}},
	},
	{
		id: "GO-2022-0968", aliases: "CVE-2021-43565 GHSA-gwc9-m7rh-j2ww", date: "2022-09-13",
		summary:  "Panic on malformed packets in golang.org/x/crypto/ssh",
		affected: []affected{{"Go", "golang.org/x/crypto", "0 0.0.0-20211202192323-5770296d904e"}},
	},
	{
		id: "GO-2022-1059", aliases: "CVE-2022-32149 GHSA-69ch-w2m2-3vjp", date: "2022-10-11",
		summary:  "Denial of service via crafted Accept-Language header in golang.org/x/text/language",
		affected: []affected{{"Go", "golang.org/x/text", "0 0.3.8"}},
	},
	{
		id: "GO-2023-1737", aliases: "CVE-2023-29401 GHSA-2c4m-59x9-fr2g", date: "2023-05-11",
		summary:  "Improper handling of filenames in Content-Disposition HTTP header in github.com/gin-gonic/gin",
		affected: []affected{{"Go", "github.com/gin-gonic/gin", "1.3.1-0.20190301021747-ccb9e902956d 1.9.1"}},
	},
	{
		id: "GO-2025-3553", aliases: "CVE-2025-30204 GHSA-mh63-6h87-95cp", date: "2025-03-21",
		summary: "Excessive memory allocation during header parsing in github.com/golang-jwt/jwt",
		affected: []affected{
			{"Go", "github.com/golang-jwt/jwt", "0"}, // without a fix
			{"Go", "github.com/golang-jwt/jwt/v4", "0 4.5.2"},
			{"Go", "github.com/golang-jwt/jwt/v5", "5.0.0-rc.1 5.2.2"},
		},
	},
	{
		id: "GO-2020-0019", aliases: "CVE-2020-27813 GHSA-3xh2-74w9-5vxm GHSA-jf24-p9p9-4rjh", date: "2021-04-14",
		summary:  "Integer overflow in github.com/gorilla/websocket",
		affected: []affected{{"Go", "github.com/gorilla/websocket", "0 1.4.1"}},
	},
	{
		// It becomes known while the estate is watched.
		id: "GO-2024-2887", aliases: "CVE-2024-24790", date: "2024-06-04", step: 1,
		summary:  "Unexpected behavior from Is methods for IPv4-mapped IPv6 addresses in net/netip",
		affected: []affected{{"Go", "stdlib", "0 1.21.11 1.22.0-0 1.22.4"}},
	},
}
