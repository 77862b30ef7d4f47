# Builds packages with rpmbuild and installs them with rpm into $root. Called as
# a function of managers.go's prelude: snapshot NAME keeps the file system.
build() { # name version release epoch extra-preamble
	cat >"$work/$1.spec" <<SPEC
Name: $1
Version: $2
Release: $3
Epoch: $4
Summary: Test
License: MIT
Vendor: Example
BuildArch: noarch
$5
%description
Test.
%package libs
Version: $2.9
Epoch: $(($4 + 1))
Summary: Libraries
%description libs
Test.
%install
mkdir -p %{buildroot}/opt/$1 %{buildroot}/usr/lib/python3.9/site-packages/$1.egg-info
echo x >%{buildroot}/opt/$1/data
printf 'Metadata-Version: 2.1\nName: $1\nVersion: $2\n' >%{buildroot}/usr/lib/python3.9/site-packages/$1.egg-info/PKG-INFO
%files
/opt/$1/data
%files libs
/usr/lib/python3.9/site-packages/$1.egg-info/PKG-INFO
SPEC
	rpmbuild -bb --quiet --define "_topdir $work/top" --define "_rpmdir $work/out" --define '_buildhost example' "$work/$1.spec"
}
database=$root/usr/lib/sysimage/rpm
install() {
	rpm --dbpath "$database" --define '_db_backend sqlite' --justdb --nodeps --noscripts --force-debian -U "$@"
	for package in "$@"; do
		rpm2archive -n - <"$package" | tar -x -C "$root"
	done
}
query() {
	rpm --dbpath "$database" --define '_db_backend sqlite' -qa \
		--qf '%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\n' | sed 's/\t0:/\t/'
}
mkdir -p "$database" "$root/etc"
printf 'ID="almalinux"\nVERSION_ID="9.4"\nPRETTY_NAME="AlmaLinux 9.4 (Seafoam Ocelot)"\n' >"$root/etc/os-release"
build kept 1.0 1.el9 0 ''
build upgraded 2.0 1.el9 0 ''
build erased 3.0 1.el9 2 ''
build modular 22.1 1.module+el9.4.0+1+abc 1 'ModularityLabel: nodejs:22:9040020240101:rhel9'
install "$work"/out/noarch/*.rpm
snapshot installed
rm -r "$work/out"
build upgraded 2.1 2.el9 0 ''
install "$work"/out/noarch/*.rpm
rpm --dbpath "$database" --define '_db_backend sqlite' --justdb --nodeps --noscripts -e erased
rm -r "$root/opt/erased"
snapshot changed
query >"$list"
