#!/usr/bin/env bash
# Prepares a bare Debian 12 machine (root or sudo) for Jishi 基石: system packages, then the locked Python environment.
# Ubuntu 24.04 takes the same road; nobody has verified it there.
#
#   deploy/bootstrap.sh --run     what `make up` needs
#   deploy/bootstrap.sh --test    that, and what `make test` needs
#   deploy/bootstrap.sh --bench   that, and the peers the benchmarks measure against
#
# It says what it does, skips what is present, and leaves a default PostgreSQL cluster neither created nor started.
# Sources: the machine's own apt sources and PyPI. Proxies and certificates are taken from the environment
# (http_proxy, https_proxy, no_proxy, SSL_CERT_FILE, PIP_CERT).
set -euo pipefail

UV_VERSION="0.13.9"
RUN_PACKAGES=(ca-certificates git make python3 python3-venv tzdata)
TEST_PACKAGES=(chromium fonts-noto-cjk gdal-bin)
BENCH_PACKAGES=(wrk)

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"

say() { printf 'bootstrap: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

main() {
  case "${1:-}" in
    --run) purpose=run ;;
    --test) purpose=test ;;
    --bench) purpose=bench ;;
    *) die "usage: deploy/bootstrap.sh --run | --test | --bench" ;;
  esac
  check_system
  mkdir -p var
  exec 9>var/.bootstrap.lock
  flock 9
  install_system_packages
  sync_python
  exec 9>&-
}

# Which distribution this is, and how root's work is done.
check_system() {
  [ -r /etc/os-release ] || die "no /etc/os-release: this script knows Debian 12 and Ubuntu 24.04"
  # shellcheck source=/dev/null
  . /etc/os-release
  case "${ID:-}:${VERSION_ID:-}" in
    debian:12) ;;
    ubuntu:24.04) say "Ubuntu 24.04: the same steps, not verified on this system" ;;
    *) say "${PRETTY_NAME:-unknown system}: not verified; going on as on Debian 12" ;;
  esac
  if [ "$(id -u)" = 0 ]; then as_root=(env); else as_root=(sudo env); fi
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The distribution's PostgreSQL, 15 or newer: "15" on Debian 12, "16" on Ubuntu 24.04.
postgres_version() {
  apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1
}

# A server of 15 or newer that already has PostGIS beside it; prints nothing where there is none.
postgres_present() {
  local control
  for control in /usr/share/postgresql/*/extension/postgis.control; do
    [ -e "$control" ] || continue
    local version="${control#/usr/share/postgresql/}"
    version="${version%%/*}"
    if [ "$version" -ge 15 ] && [ -x "/usr/lib/postgresql/$version/bin/initdb" ]; then printf '%s' "$version"; return; fi
  done
}

install_system_packages() {
  local wanted=("${RUN_PACKAGES[@]}") missing=() package
  [ "$purpose" = run ] || wanted+=("${TEST_PACKAGES[@]}")
  [ "$purpose" != bench ] || wanted+=("${BENCH_PACKAGES[@]}")
  # PostGraphile comes by npm, and with it a node new enough for it; another npm than the distribution's serves too.
  [ "$purpose" != bench ] || command -v npm >/dev/null || wanted+=(npm)
  for package in "${wanted[@]}"; do installed "$package" || missing+=("$package"); done
  local present; present="$(postgres_present)"
  if [ "${#missing[@]}" = 0 ] && [ -n "$present" ]; then
    say "system packages are there (PostgreSQL $present with PostGIS)"
    return
  fi
  if [ "${as_root[0]}" = sudo ] && ! command -v sudo >/dev/null; then
    die "missing: ${missing[*]} PostgreSQL with PostGIS; run this as root or install sudo"
  fi
  say "reading the package lists"
  apt update
  [ "${#missing[@]}" = 0 ] || { say "installing ${missing[*]}"; apt install "${missing[@]}"; }
  [ -n "$present" ] || install_postgres
}

# postgresql-common comes first, so that it can be told to create no cluster before a server package asks it to.
install_postgres() {
  local version; version="$(postgres_version)"
  [ -n "$version" ] || die "the package lists name no postgresql"
  [ "$version" -ge 15 ] || die "PostgreSQL $version is too old: 15 or newer is needed"
  if ! installed "postgresql-$version"; then
    apt install postgresql-common
    local drop_in=/etc/postgresql-common/createcluster.d/jishi.conf
    if [ ! -e "$drop_in" ]; then
      say "telling postgresql-common to create no default cluster ($drop_in)"
      "${as_root[@]}" mkdir -p "${drop_in%/*}"
      printf '# Jishi runs its own private cluster.\ncreate_main_cluster = false\n' |
        "${as_root[@]}" tee "$drop_in" >/dev/null
    fi
  fi
  say "installing PostgreSQL $version with PostGIS"
  apt install "postgresql-$version" "postgresql-$version-postgis-3"
}

# What apt says goes to a log; only a failure shows its end.
apt() {
  local log=var/bootstrap.log
  "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
    -o APT::Install-Recommends=false -y "$@" >>"$log" 2>&1 || { tail -n 20 "$log" >&2; die "apt-get $1 failed ($log)"; }
}

# `.venv` from uv.lock, by a uv of its own under var/tools; a stamp of the lock and the purpose makes the next run short.
sync_python() {
  local groups=(--no-default-groups --inexact) stamp=.venv/.jishi-stamp have="" want python
  python="$(command -v /usr/bin/python3 || command -v python3)"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Python 3.11 or newer is needed"
  case "$purpose" in
    test) groups=(--group dev --inexact) ;;
    bench) groups=(--group dev --group bench) ;;
  esac
  want="$(cat uv.lock pyproject.toml | sha256sum | cut -d ' ' -f 1)"
  [ ! -e "$stamp" ] || have="$(cat "$stamp")"
  # An environment made for more serves less too.
  local enough="$want run|$want test|$want bench"
  [ "$purpose" = run ] || enough="${enough#*|}"
  [ "$purpose" != bench ] || enough="$want bench"
  if [ -x .venv/bin/jishi ] && [ -n "$have" ] && [[ "|$enough|" == *"|$have|"* ]]; then
    say "the Python environment is up to date"
    return
  fi
  if [ ! -x var/tools/uv/bin/uv ] || ! var/tools/uv/bin/uv --version | grep -qF " $UV_VERSION"; then
    say "installing uv $UV_VERSION under var/tools"
    "$python" -m venv --clear var/tools/uv
    PIP_DISABLE_PIP_VERSION_CHECK=1 var/tools/uv/bin/python -m pip install --quiet "uv==$UV_VERSION" >&2
  fi
  [ -e .venv ] || UV_PYTHON_DOWNLOADS=never var/tools/uv/bin/uv venv --quiet --python "$python" .venv >&2
  say "installing the locked Python packages (uv.lock) for --$purpose"
  UV_PYTHON_DOWNLOADS=never var/tools/uv/bin/uv sync --quiet --locked --compile-bytecode --extra api --extra ingest "${groups[@]}" >&2
  printf '%s\n' "$want $purpose" >"$stamp"
}

main "$@"
