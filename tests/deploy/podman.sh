# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Podman in a corner of its own, so that nothing of it stays: storage, networks and settings in one
# folder, containers in a network namespace of their own, so that neither firewall nor forwarding
# of this machine changes. Sourced; wants `work`, an empty folder.
: "${work:=}"

skip()
{
    echo "skipped: $*"
    exit 77
}

# podman_needs: what there must be. Installs it only when FH_TEST_CONTAINERS=1 says so.
podman_needs()
{
    local program missing=() packages=(podman buildah podman-compose runc netavark aardvark-dns iptables iproute2)
    ((EUID == 0)) || skip "containers of this test want root"
    for program in podman podman-compose runc ip iptables nsenter unshare \
        /usr/lib/podman/netavark /usr/lib/podman/aardvark-dns; do
        command -v "$program" >/dev/null || missing+=("${program##*/}")
    done
    ((${#missing[@]} > 0)) || return 0
    [[ ${FH_TEST_CONTAINERS:-} == 1 ]] ||
        skip "no ${missing[*]} (FH_TEST_CONTAINERS=1 installs them; Debian packages: ${packages[*]} mmdebstrap)"
    command -v apt-get >/dev/null || skip "no ${missing[*]}, and no apt-get to install them"
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}" mmdebstrap
}

# Where podman keeps things whatever it is told, if they were not there before.
podman_traces=()
podman_notes_traces()
{
    local path
    forwarding=$(cat /proc/sys/net/ipv4/ip_forward)
    for path in /etc/cni /etc/containers/networks /var/lib/cni /var/lib/containers /run/containers \
        /run/libpod /run/netns /run/runc; do
        [[ -e $path ]] || podman_traces+=("$path")
    done
}

namespace_pid=
forwarding=
podman_open()
{
    podman_notes_traces
    mkdir "$work/home" "$work/podman"
    # runc and these limits: what a machine without systemd, cgroups of one kind and the right to
    # raise limits can run as well.
    cat >"$work/podman/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=16384:16384","nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "$work/podman/tmp"
[network]
network_backend = "netavark"
network_config_dir = "$work/podman/networks"
CONF
    cat >"$work/podman/storage.conf" <<CONF
[storage]
driver = "overlay"
runroot = "$work/podman/run"
graphroot = "$work/podman/graph"
CONF
    export CONTAINERS_CONF=$work/podman/containers.conf CONTAINERS_STORAGE_CONF=$work/podman/storage.conf
    export HOME=$work/home BUILDAH_ISOLATION=chroot
    unshare --net sleep infinity &
    namespace_pid=$!
    until [[ $(readlink "/proc/$namespace_pid/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do
        sleep 0.05
    done
    inside ip link set lo up
    inside podman info >/dev/null 2>"$work/info.txt" || skip "podman does not run here: $(tail -n 1 "$work/info.txt")"
}

# inside COMMAND...: in the network of the containers.
inside()
{
    nsenter --net="/proc/$namespace_pid/ns/net" -- "$@"
}

podman_close()
{
    local path
    if [[ -n $namespace_pid ]]; then
        inside podman rm -f -a -t 2
        inside podman volume rm -f -a
        inside podman network prune -f
        inside podman rmi -f -a
        kill -KILL "$namespace_pid" || true
    fi
    findmnt -rno TARGET | grep -F "$work/" | sort -r | while read -r path; do umount -l "$path"; done
    for path in "${podman_traces[@]}"; do
        findmnt -rno TARGET | grep -F "$path/" | while read -r inner; do umount -l "$inner"; done
        rm -rf "$path"
    done
    # Empty ones only: another podman may be at work.
    find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + || true
}

# podman_left_nothing: says what is left after podman_close, and fails.
podman_left_nothing()
{
    local path left=()
    for path in "${podman_traces[@]}" "$work"; do
        [[ ! -e $path ]] || left+=("$path")
    done
    ! pgrep -f -- "$work/" >/dev/null || left+=("processes of $work")
    [[ -z $namespace_pid || $(cat /proc/sys/net/ipv4/ip_forward) == "$forwarding" ]] ||
        left+=("net.ipv4.ip_forward")
    ((${#left[@]} == 0)) || {
        echo "container: left behind: ${left[*]}" >&2
        return 1
    }
}

# base_image: debian:bookworm-slim, as a tar that is kept in the cache and made by mmdebstrap, from
# the archives that this machine's own package manager uses.
base_image()
{
    local tar=${FREEHOLD_CACHE:-$real_home/.cache/freehold}/containers/debian-bookworm-slim.tar sources=()
    if [[ ! -s $tar ]]; then
        command -v mmdebstrap >/dev/null ||
            skip "no base image: no $tar, and no mmdebstrap to make it (Debian package mmdebstrap)"
        mkdir -p "$(dirname "$tar")"
        if grep -qsx 'VERSION_CODENAME=bookworm' /etc/os-release &&
            [[ -f /etc/apt/sources.list.d/debian.sources ]]; then
            sources=(/etc/apt/sources.list.d/debian.sources)
        fi
        echo "making the base image (once; kept as $tar)"
        mmdebstrap --quiet --variant=minbase --include=ca-certificates \
            --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
            --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
            bookworm "$work/base.tar" "${sources[@]}" || skip "mmdebstrap cannot make a base image here"
        mv "$work/base.tar" "$tar.part$$"
        mv "$tar.part$$" "$tar"
    fi
    podman import "$tar" localhost/debian:bookworm-slim >/dev/null
}
