#!/usr/bin/env bash
# `make up`, `make down` and `make test` in a bare Debian 12 made by debootstrap under var/bare; needs root.
#
#   deploy/test_bare.sh [--worktree] [--no-test]
#
#   --worktree   take the files of the work tree instead of a clean clone of HEAD
#   --no-test    stop after `make up` and `make down`
#
# Everything is mounted in a mount namespace of its own and ends with it. What was downloaded (the bare system,
# Debian packages, Python packages) stays in var/bare for the next run; proxies and SSL_CERT_FILE are handed through.
set -euo pipefail

script="$(readlink -f "${BASH_SOURCE[0]}")"
repository="$(cd "$(dirname "$script")/.." && pwd)"
store="$repository/var/bare"
root="$store/root"
mirror="${JISHI_BARE_MIRROR:-http://deb.debian.org/debian}"

say() { printf 'test-bare: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

main() {
  worktree=no; with_test=yes
  for word in "$@"; do
    case "$word" in
      --worktree) worktree=yes ;;
      --no-test) with_test=no ;;
      *) die "usage: deploy/test_bare.sh [--worktree] [--no-test]" ;;
    esac
  done
  [ "$(id -u)" = 0 ] || die "needs root: it makes a root folder, mounts into it and enters it"
  if [ -z "${JISHI_BARE_INSIDE:-}" ]; then
    if unshare --mount --pid --fork true 2>/dev/null; then
      JISHI_BARE_INSIDE=1 exec unshare --mount --pid --fork --kill-child --propagation private "$script" "$@"
    fi
    say "no namespaces of its own here (unshare refused): mounting plainly, unmounting at the end"
  fi
  trap leave EXIT
  trap 'exit 130' INT TERM
  make_root
  copy_repository
  mount_all
  walk
}

# The bare system, from the tarball of an earlier run where there is one.
make_root() {
  leave
  rm -rf "$root"
  mkdir -p "$root" "$store/apt" "$store/cache"
  if [ ! -e "$store/bookworm.tar" ]; then
    command -v debootstrap >/dev/null || { say "installing debootstrap"; apt-get install -y -qq debootstrap >&2; }
    say "making a bare Debian 12 (debootstrap, variant minbase, with make)"
    debootstrap --variant=minbase --include=ca-certificates,make bookworm "$root" "$mirror" >"$store/debootstrap.log" 2>&1 ||
      { tail -n 20 "$store/debootstrap.log" >&2; die "debootstrap failed"; }
    tar --numeric-owner -C "$root" -cf "$store/bookworm.tar.new" .
    mv "$store/bookworm.tar.new" "$store/bookworm.tar"
  else
    say "unpacking the bare Debian 12 of an earlier run"
    tar --numeric-owner -C "$root" -xf "$store/bookworm.tar"
  fi
  printf '%s\n' "deb $mirror bookworm main" "deb $mirror bookworm-updates main" \
    "deb ${mirror%/debian}/debian-security bookworm-security main" >"$root/etc/apt/sources.list"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
}

copy_repository() {
  local target="$root/srv/jishi"
  if [ "$worktree" = yes ]; then
    say "copying the work tree"
    mkdir -p "$target"
    git -C "$repository" ls-files -z --cached --others --exclude-standard |
      (cd "$repository" && xargs -0 sh -c 'for file; do [ -e "$file" ] && printf "%s\0" "$file"; done' sh) |
      tar -C "$repository" --null --no-recursion --owner=0 --group=0 -T - -cf - | tar -C "$target" -xf -
  else
    [ -z "$(git -C "$repository" status --porcelain)" ] || say "the work tree has changes that HEAD lacks; HEAD is tested"
    git -C "$repository" rev-parse --quiet --verify HEAD >/dev/null || die "there is no commit yet; use --worktree"
    say "cloning $(git -C "$repository" rev-parse --short HEAD)"
    git clone --quiet "file://$repository" "$target"
  fi
}

mount_all() {
  mkdir -p "$root/root/.cache"
  {
    mount -t proc proc "$root/proc" &&
      mount --rbind /sys "$root/sys" && mount --make-rslave "$root/sys" &&
      mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev" &&
      mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" &&
      mount --bind "$store/apt" "$root/var/cache/apt/archives" &&
      mount --bind "$store/cache" "$root/root/.cache"
  } || die "this machine does not let us mount (a container without CAP_SYS_ADMIN?): test-bare cannot run here"
  mkdir -p "$root/var/cache/apt/archives/partial"
}

# The commands a person would type on the new machine.
walk() {
  local certificates=()
  if [ -n "${SSL_CERT_FILE:-}" ]; then
    cp -L "$SSL_CERT_FILE" "$root/opt/certificates.crt"
    certificates=(SSL_CERT_FILE=/opt/certificates.crt PIP_CERT=/opt/certificates.crt)
  fi
  local step
  for step in 'make up ARGS="--no-demo --detach"' 'make down' 'make test'; do
    [ "$step" != 'make test' ] || [ "$with_test" = yes ] || continue
    say "in the bare system: $step"
    chroot "$root" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      TERM="${TERM:-dumb}" ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
      ${no_proxy:+no_proxy="$no_proxy"} ${certificates[@]+"${certificates[@]}"} \
      bash -c "cd /srv/jishi && $step" || die "failed: $step"
  done
  say "done: the commands work on a bare Debian 12"
}

leave() {
  local place
  for place in root/.cache var/cache/apt/archives dev/shm dev sys proc; do
    if mountpoint -q "$root/$place" 2>/dev/null; then umount -R -l "$root/$place" || say "still mounted: $root/$place"; fi
  done
}

main "$@"
