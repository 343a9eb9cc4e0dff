# shellcheck shell=bash
# Debian packages of the machine itself: packages.txt says which, and which command makes one needless.

POLICY=/usr/sbin/policy-rc.d

# Prints the packages of the given groups that are missing.
packages_missing() { # GROUP…
    local group name command missing=()
    while read -r group name command; do
        case " $* " in *" $group "*) ;; *) continue ;; esac
        [ -n "$command" ] && have "$command" && continue
        missing+=("$name")
    done <"$HC_SERVICES/packages.txt"
    [ "${#missing[@]}" -gt 0 ] || return 0
    if ! have dpkg-query; then
        printf '%s\n' "${missing[@]}"
        return
    fi
    comm -23 <(printf '%s\n' "${missing[@]}" | sort) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${missing[@]}" 2>/dev/null | sed -n 's/^installed //p' | sort || true)
}

packages_install() { # PACKAGE…
    local guard='' had='' service code=0
    have apt-get || { why "this machine has no apt-get: install what gives $*" && return 1; }
    is_root || { why "packages are missing: run 'sudo apt-get install $*' first" && return 1; }
    for service in redis-server lighttpd prometheus; do
        ! have "$service" || had+=" $service "
    done
    # The distribution starts a server as soon as it is installed, on the ports that a user may need. policy-rc.d is
    # Debian's own way to say no; one that is there is left alone, one of ours that was left by a crash is taken over.
    if [ ! -e "$POLICY" ] || grep -q 'headcount setup' "$POLICY"; then
        guard=yes
        printf '#!/bin/sh\n# headcount setup: no service starts while packages are installed\nexit 101\n' >"$POLICY"
        chmod 755 "$POLICY"
    fi
    # An installation that was interrupted is completed first; without one this does nothing.
    why "dpkg --configure -a fails: run it by hand and mend what it says"
    DEBIAN_FRONTEND=noninteractive dpkg --configure -a || code=1
    why "the package lists can't be fetched: is there a network?"
    if ((code == 0)); then
        packages_apt update || code=1
    fi
    if ((code == 0)); then
        why "packages can't be installed ($*): is there a network?"
        packages_apt --no-install-recommends install "$@" || code=1
    fi
    [ -z "$guard" ] || rm -f "$POLICY"
    # Ours run under services/headcount; the distribution's shall not come up at the next boot either.
    if have systemctl; then
        for service in redis-server lighttpd prometheus; do
            case $had in *" $service "*) continue ;; esac
            ! have "$service" || systemctl disable "$service" 2>&1 || true
        done
    fi
    return "$code"
}

packages_apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}
