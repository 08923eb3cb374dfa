# Sourced by the scripts beside it: make a bare machine ready for tox.
# A machine needs python3 and git; to add what is missing, root and apt too.

set -eu
cd "$(dirname "$0")/.."
private=$PWD/.bootstrap
python=${PYTHON:-python3}
tools='tox>=4.28,<5 bindep>=2.11,<3'

# Where standard input is closed, not just empty, Python programs stumble.
(true 3<&0) 2>/dev/null || exec </dev/null

die() {
    echo "$0: $*" >&2
    exit 1
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes \
        --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# Install Debian packages, or say how.
install_packages() {
    [ "$(id -u)" -eq 0 ] ||
        die "packages are missing; run as root: apt-get install $*"
    # A new machine has no package lists and a neglected one has old ones:
    # they are fetched only where the first try fails.
    apt_install "$@" >/dev/null 2>&1 ||
        { apt-get update -qq && apt_install "$@" >/dev/null; } ||
        die "apt-get cannot install: $*"
}

# Make the private environment and install the packages bindep.txt lists, those
# of the profiles that are named too.
set_up() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "Python 3.11 or newer is needed; PYTHON=... names another one"

    # Debian splits ensurepip off; without it venv leaves half an environment.
    "$python" -c 'import ensurepip' 2>/dev/null ||
        install_packages python3-venv

    # Environments hold their own path: a moved checkout needs new ones.
    stamp="$private, $("$python" -VV), $tools"
    if [ "$(cat "$private/stamp" 2>/dev/null)" != "$stamp" ]; then
        rm -rf "$private" .tox
        "$python" -m venv "$private" || die "$python cannot make $private"
        "$private/bin/pip" install -qq $tools </dev/null ||
            die "cannot install tox and bindep: is a package index in reach?"
        echo "$stamp" >"$private/stamp"
    fi

    missing=$("$private/bin/bindep" --brief "$@") ||
        install_packages ${missing:?bindep failed}
}
