#!/usr/bin/env bash
# Installs the Debian packages that LIST names and that are missing; says so first, and what it cannot install.
# Usage: tools/apt.sh [--optional] LIST...
#   LIST        a file of lines `package  what it is for`
#   --optional  where nothing may be installed, name the missing packages and go on (otherwise: fail)
# A package whose name is a command of this machine is not missing, wherever it came from (npm, with another nodejs).
# A daemon that comes with a package is neither started now nor at boot: the project starts its own, on loopback.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
lists=()
optional=no

missing_packages() {
    local package purpose
    while read -r package purpose; do
        is_installed "$package" || command -v "$package" >/dev/null || printf '%s\t%s\n' "$package" "$purpose"
    done < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "${lists[@]}")
}

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Prints the words that run a command as root; fails where this account may not.
root_words() {
    if [ "$(id -u)" = 0 ]; then
        echo env
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        echo sudo
    else
        return 1
    fi
}

give_up() { # give_up REASON
    echo "apt: $1. Missing Debian packages:" >&2
    while IFS=$'\t' read -r package purpose; do
        printf '  %-18s %s\n' "$package" "$purpose" >&2
    done <<<"$missing"
    echo "  next: ask an administrator for: apt-get install ${packages[*]}" >&2
    if [ "$optional" = yes ]; then exit 0; fi
    exit 1
}

install_packages() {
    local apt=("$root" DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 --option Dpkg::Use-Pty=0)
    echo "apt: installing with apt-get, as ${root/env/root}: ${packages[*]}"
    hold_daemons
    trap release_daemons EXIT
    "${apt[@]}" update >/dev/null || echo "apt: the package lists could not be renewed, trying with the old ones" >&2
    "${apt[@]}" install --yes --no-install-recommends "${packages[@]}" >/dev/null || give_up "apt-get failed"
    disable_daemons
}

# Debian's own way to keep a package's scripts from starting its service: a policy that answers 101.
hold_daemons() {
    made_policy=no
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "$root" tee "$policy" >/dev/null
        "$root" chmod 755 "$policy"
        made_policy=yes
    fi
}

release_daemons() {
    if [ "$made_policy" = yes ]; then "$root" rm -f "$policy"; fi
}

disable_daemons() {
    [ -d /run/systemd/system ] || return 0
    local package unit
    for package in "${packages[@]}"; do
        case $package in
            openssh-server) unit=ssh.service ;;
            nginx-light) unit=nginx.service ;;
            *) continue ;;
        esac
        "$root" systemctl disable --quiet "$unit"
        echo "apt: $unit is installed but not started (to use it yourself: systemctl enable --now $unit)"
    done
}

for word in "$@"; do
    if [ "$word" = --optional ]; then optional=yes; else lists+=("$word"); fi
done
if ! command -v dpkg-query >/dev/null; then
    missing=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' -e 's/[[:space:]]\+/\t/' "${lists[@]}")
    mapfile -t packages < <(cut -f1 <<<"$missing")
    give_up "this is not Debian: look for the same programs in your system"
fi
missing=$(missing_packages)
[ -n "$missing" ] || exit 0
mapfile -t packages < <(cut -f1 <<<"$missing")
root=$(root_words) || give_up "this account may not install (not root, and no sudo)"
install_packages
