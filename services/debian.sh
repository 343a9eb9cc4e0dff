# shellcheck shell=bash
# Software of a newer Debian, unpacked into a folder and run with the libraries of that folder. Nothing of it is
# installed: no chroot, no root, no change to the machine. The mirror is the one that the machine's apt already uses.

DEBIAN_SUITE=forky # has postgresql-18-documentdb; Debian 12 and 13 don't

# Prints "uri signed-by" of each archive of Debian's own that apt knows (one-line and deb822 sources alike).
debian_mirrors() {
    if [ -n "${HEADCOUNT_DEBIAN_MIRROR:-}" ]; then
        printf '%s|\n' "$HEADCOUNT_DEBIAN_MIRROR"
        return
    fi
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format '$(REPO_URI)|$(SIGNED_BY)' 'Created-By: Packages' |
        grep -i debian | grep -vi security | sed 's/\$(SIGNED_BY)//' | sort -u
}

# debian_unpack DIR PACKAGE…: the packages with all that they depend on, the C library included.
debian_unpack() {
    local dir=$1 apt=$1.apt mirror keyring tried='' deb options
    shift
    mkdir -p "$dir" "$apt/lists/partial" "$apt/archives/partial"
    : >"$apt/status" # "nothing is installed": apt then resolves every dependency
    options=(
        -o "Dir::State=$apt" -o "Dir::State::status=$apt/status" -o "Dir::State::lists=$apt/lists"
        -o "Dir::Cache=$apt" -o "Dir::Cache::archives=$apt/archives"
        -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=/dev/null"
        -o "Dir::Etc::Preferences=/dev/null" -o "Dir::Etc::PreferencesParts=/dev/null"
        -o "APT::Sandbox::User=$(id -un)" -o APT::Install-Recommends=false -o APT::Get::Assume-Yes=true
        -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Keep-Downloaded-Packages=true
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    )
    while IFS='|' read -r mirror keyring; do
        tried=yes
        [ -n "$keyring" ] || keyring=/usr/share/keyrings/debian-archive-keyring.gpg
        [ ! -r "$keyring" ] || keyring="[signed-by=$keyring]"
        case $keyring in \[*) ;; *) keyring='' ;; esac
        printf 'deb %s %s %s main\n' "$keyring" "$mirror" "$DEBIAN_SUITE" >"$apt/sources.list"
        ! apt-get "${options[@]}" -o APT::Update::Error-Mode=any update || break
        mirror=''
    done < <(debian_mirrors)
    if [ -z "$tried" ]; then
        why "apt on this machine knows no Debian archive: set HEADCOUNT_DEBIAN_MIRROR to one"
        return 1
    fi
    [ -n "$mirror" ] || return 1
    apt-get "${options[@]}" --download-only install "$@" || return 1
    for deb in "$apt/archives"/*.deb; do
        dpkg-deb --extract "$deb" "$dir" || return 1
        basename "$deb" .deb
    done | tee "$dir/packages"
    rm -rf "$apt"
}

# debian_wrap PROGRAM…: a script in the program's place that starts it with its own tree's loader and libraries.
debian_wrap() {
    local program
    for program in "$@"; do
        mv "$program" "$program.elf"
        cp "$HC_SERVICES/debian-run" "$program"
        chmod 755 "$program"
    done
}
