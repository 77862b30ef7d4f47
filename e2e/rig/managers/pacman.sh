# Packs packages as makepkg does and installs them with pacman into $root.
# Called as a function of managers.go's prelude: snapshot NAME keeps the file
# system.
build() { # name version base
	local package=$work/$1
	mkdir -p "$package/opt/$1"
	echo x >"$package/opt/$1/data"
	printf 'pkgname = %s\npkgbase = %s\npkgver = %s\npkgdesc = Test\nbuilddate = 1700000000\npackager = Example\nsize = 2\narch = any\n' "$1" "$3" "$2" >"$package/.PKGINFO"
	tar -C "$package" --owner=0 --group=0 --zstd -cf "$work/$1-$2-any.pkg.tar.zst" .PKGINFO opt
}
pacman() {
	command pacman --root "$root" --dbpath "$root/var/lib/pacman" --config "$work/pacman.conf" "$@"
}
printf '[options]\nArchitecture = auto\nSigLevel = Never\n' >"$work/pacman.conf"
mkdir -p "$root/var/lib/pacman" "$root/etc"
printf 'ID=arch\nPRETTY_NAME="Arch Linux"\nBUILD_ID=rolling\n' >"$root/etc/os-release"
build kept 1.0-1 kept
build upgraded 1:2.0-1 source
build removed 3.0-1 removed
pacman -U --noconfirm "$work"/*.pkg.tar.zst
snapshot installed
rm "$work"/*.pkg.tar.zst
build upgraded 1:2.1.r5.gabc-1 source
pacman -U --noconfirm "$work"/*.pkg.tar.zst
pacman -R --noconfirm removed
snapshot changed
pacman -Qi | awk -F ' *: ' '$1=="Name"{n=$2} $1=="Version"{v=$2} $1=="Architecture"{print n "\t" v "\t" $2 "\t"}' >"$list"
