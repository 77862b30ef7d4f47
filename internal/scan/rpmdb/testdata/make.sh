#!/usr/bin/env bash
# Makes the databases of this folder with rpm itself (rpm, rpmbuild, python3)
# and Berkeley DB's own loader (db5.3_load), as no rpm of today writes that
# format; rpm still reads it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=1700000000

cat >"$work/preamble" <<'SPEC'
Summary: Test
License: MIT
Vendor: Example
BuildArch: noarch
SPEC
for package in plain::1.0:1.el9 epoch:2:3.4.5:6.el9_2 modular:1:22.23.2:2.module+el9.8.0+24958+80b2ac6e tilde::1.0~rc1^git1:1; do
	IFS=: read -r name epoch version release <<<"$package"
	{
		printf 'Name: %s\nVersion: %s\nRelease: %s\n' "$name" "$version" "$release"
		[[ -z $epoch ]] || printf 'Epoch: %s\n' "$epoch"
		[[ $name != modular ]] || printf 'ModularityLabel: nodejs:22:9080020260101:rhel9\n'
		cat "$work/preamble"
		printf '%%description\nTest.\n%%install\nmkdir -p %%{buildroot}/opt/%s\necho x >%%{buildroot}/opt/%s/data\n%%files\n/opt/%s/data\n' "$name" "$name" "$name"
	} >"$work/$name.spec"
done
# One source with packages of other versions, one of which fills several pages.
{
	printf 'Name: multi\nVersion: 5.0\nRelease: 3.el9\n'
	cat "$work/preamble"
	printf '%%description\nTest.\n%%package libs\nVersion: 7.1\nEpoch: 4\nSummary: Libraries\n%%description libs\nTest.\n'
	printf '%%install\nmkdir -p %%{buildroot}/usr/lib/multi\nfor i in $(seq 400); do echo $i >%%{buildroot}/usr/lib/multi/file$i; done\n'
	printf '%%files\n%%files libs\n/usr/lib/multi\n'
} >"$work/multi.spec"
for spec in "$work"/*.spec; do
	rpmbuild -bb --quiet --define "_topdir $work/top" --define "_rpmdir $work/out" --define '_buildhost example' "$spec"
done
mkdir "$work/sqlite" "$work/bdb"
rpm --dbpath "$work/sqlite" --define '_db_backend sqlite' --justdb --nodeps --force-debian -i "$work"/out/noarch/*.rpm
python3 - "$work/sqlite/rpmdb.sqlite" >"$work/dump" <<'PYTHON'
import sqlite3, struct, sys
print("VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END")
rows = sqlite3.connect(sys.argv[1]).execute("select hnum, blob from Packages").fetchall()
for number, blob in [(0, struct.pack("<I", len(rows)))] + rows:
    print(" " + struct.pack("<I", number).hex() + "\n " + bytes(blob).hex())
print("DATA=END")
PYTHON
db5.3_load -f "$work/dump" "$work/bdb/Packages"
query() {
	rpm --dbpath "$work/$1" --define "_db_backend $2" -qa \
		--qf '%{NAME} %|EPOCH?{%{EPOCH}}:{0}| %{VERSION} %{RELEASE} %{ARCH} %{SOURCERPM} %|MODULARITYLABEL?{%{MODULARITYLABEL}}:{-}| %{VENDOR} %|BASENAMES?{%{#BASENAMES}}:{0}|\n' | sort
}
query sqlite sqlite >"$here/packages.txt"
query bdb bdb_ro 2>/dev/null | diff "$here/packages.txt" -
gzip -9nc "$work/sqlite/rpmdb.sqlite" >"$here/rpmdb.sqlite.gz"
gzip -9nc "$work/bdb/Packages" >"$here/Packages.gz"
