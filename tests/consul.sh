#!/bin/sh
# Prints a line `<version> <absolute path>` for every real consul at hand; where there is none, it
# installs one.
#
# Looked at in this order; of each version, the first counts:
#   1. CONSUL_BIN: one path, or several with `:` between; when it is set, nothing else is looked at
#   2. `consul` on PATH
#   3. the cache, target/consul/<version>/consul in this workspace, which 4 and 5 fill
#   4. apt, when 1 to 3 have nothing: Debian's suite bullseye from the mirror that this machine
#      uses already
#   5. ../shared/consul/ beside the repository, when it is there
#
# Any number of callers may run it at once. What it does and what failed goes to stderr; with no
# consul it exits with 1.
set -u

root=$(cd -P "$(dirname "$0")/.." && pwd) || exit 1
cache=$root/target/consul
shared=$root/../shared/consul
suite=bullseye
keyring=/usr/share/keyrings/debian-archive-keyring

found=    # lines `<version> <path>`
tried=    # lines `  <place>: <why it gave nothing>`
scratch=

say() { echo "consul.sh: $*" >&2; }
failed() { tried="$tried  $1
"; }
fault() {
    say "$1"
    failed "$1"
}
trap '[ -z "$scratch" ] || rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# The version that the binary $1 gives itself; fails where it is no consul or does not run here.
version_of() {
    answer=$("$1" version 2>/dev/null | sed -n 's/^Consul v\([0-9][^ ]*\).*/\1/p')
    [ -n "$answer" ] && echo "$answer"
}

has() {
    case "
$found" in *"
$1 "*) return 0 ;; *) return 1 ;; esac
}

add() {
    has "$1" || found="$found$1 $2
"
}

look_in_cache() {
    for binary in "$cache"/*/consul; do
        [ -x "$binary" ] || continue
        version=${binary%/consul}
        add "${version##*/}" "$binary"
    done
}

# Takes the binary $1 into the cache. A rename is atomic: no caller ever sees half a file.
keep() {
    chmod 755 "$1"
    version=$(version_of "$1") || return 1
    mkdir -p "$cache/$version" && mv -f "$1" "$cache/$version/consul"
}

# The mirrors of this machine's own distribution, from both formats of apt's sources.
mirrors() {
    codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
    etc=/etc/apt/sources.list
    for list in "$etc" "$etc".d/*.list "$etc".d/*.sources; do
        [ -r "$list" ] || continue
        # a blank line ends the last stanza of a file, so that two files never run together
        cat "$list"
        echo
    done | awk -v codename="$codename" '
        function ours(suites,    i, n, word) {
            n = split(suites, word, " ")
            for (i = 1; i <= n; i++)
                if (word[i] == codename || word[i] ~ /^((old)*stable|testing|unstable|sid)$/)
                    return 1
            return 0
        }
        function offer(uris,    i, n, word) {
            n = split(uris, word, " ")
            for (i = 1; i <= n; i++) if (word[i] !~ /^cdrom:/ && !seen[word[i]]++) print word[i]
        }
        function stanza() {
            binary = " " field["types"] " " ~ / deb / && field["enabled"] !~ /^ *no/
            if (binary && ours(field["suites"])) offer(field["uris"])
            split("", field)
            name = ""
        }
        /^#/ { next }
        /^[ \t]*$/ { stanza(); next }
        /^deb[ \t]/ {
            sub(/^deb[ \t]+(\[[^]]*\])?[ \t]*/, "")
            if (ours($2)) offer($1)
            next
        }
        /^[ \t]/ { if (name) field[name] = field[name] " " $0; next }
        /^[A-Za-z-]+:/ {
            name = tolower(substr($0, 1, index($0, ":") - 1))
            field[name] = substr($0, index($0, ":") + 1)
            gsub(/\t/, " ", field[name])
        }
        END { stanza() }'
}

# apt with every file of its own: nothing of the system is written, and nobody has to be root.
private_apt() {
    apt-get -qq -c "$scratch/apt.conf" "$@" >&2
}

install_from() {
    mirror=$1
    trust=
    for ring in "$keyring.pgp" "$keyring.gpg"; do
        [ -r "$ring" ] && trust="signed-by=$ring" && break
    done
    mkdir -p "$scratch/state/lists/partial" "$scratch/cache/archives/partial" "$scratch/root"
    : >"$scratch/status"
    echo "deb [$trust target=Packages] $mirror $suite main" >"$scratch/sources.list"
    # the machine's own hooks are for the machine's own updates
    cat >"$scratch/apt.conf" <<CONF
Dir::State "$scratch/state";
Dir::State::status "$scratch/status";
Dir::Cache "$scratch/cache";
Dir::Etc::sourcelist "$scratch/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
CONF
    (
        cd "$scratch" &&
            private_apt -o APT::Update::Error-Mode=any update &&
            private_apt download consul &&
            dpkg -x consul_*.deb root
    ) && keep "$scratch/root/usr/bin/consul"
}

ask_apt() {
    for tool in apt-get dpkg; do
        command -v "$tool" >/dev/null || { failed "apt: there is no $tool here"; return; }
    done
    candidates=$(mirrors)
    if [ -z "$candidates" ]; then
        failed "apt: no mirror of this distribution in /etc/apt/sources.list or sources.list.d"
        return
    fi
    for candidate in $candidates; do
        say "asking apt for the suite $suite of $candidate"
        install_from "$candidate" && return
        fault "apt: $candidate gave no consul of the suite $suite"
    done
}

# Takes version $1 out of the file $2 with the sum $3 into the cache.
take_shared() {
    has "$1" && return
    file=$shared/$2
    if [ ! -r "$file" ]; then
        fault "../shared/consul/$2: there is no such file, or it is not readable"
        return
    fi
    say "unpacking consul $1 from ../shared/consul"
    if [ "$(sha256sum <"$file")" != "$3  -" ]; then
        fault "../shared/consul/$2: its sha256 is not $3; fetch the file again"
        return
    fi
    case $2 in
        *.deb) dpkg -x "$file" "$scratch/$1" && keep "$scratch/$1/usr/bin/consul" ;;
        *.xz) xz -dc "$file" >"$scratch/$1" && keep "$scratch/$1" ;;
    esac || fault "../shared/consul/$2: it does not unpack to a consul that runs here"
}

look_in_shared() {
    if [ ! -d "$shared" ]; then
        failed "../shared/consul: there is no such folder"
    elif [ "$(uname -sm)" != "Linux x86_64" ]; then
        failed "../shared/consul: its binaries are for Linux x86_64, this is $(uname -sm)"
    else
        take_shared 1.8.7 consul_1.8.7+dfsg1-2+b3_amd64.deb \
            e4e888bba104daba1d9161f49bfc52649a7e4efd45b1a7ead5bc54f2cb9c89d9
        take_shared 1.21.0 consul-1.21.0-linux-amd64.xz \
            98b725acc1b9e2fbf7a41ab4a9b789f4dcdcc7f8eea7e7c1d63babd1adab2f9f
    fi
}

# Everything that writes to the cache; one caller at a time, so that no work is done twice.
install() {
    mkdir -p "$cache" || exit 1
    if command -v flock >/dev/null; then
        exec 9>"$cache/.lock" && flock 9
    fi
    scratch=$(mktemp -d "$cache/.new.XXXXXX") || exit 1
    look_in_cache
    if [ -z "$found" ]; then
        ask_apt
        look_in_cache
    fi
    look_in_shared
    look_in_cache
}

if [ -n "${CONSUL_BIN:-}" ]; then
    IFS=:
    for binary in $CONSUL_BIN; do
        unset IFS
        if ! path=$(command -v "$binary") || ! version=$(version_of "$path"); then
            say "CONSUL_BIN names \`$binary\`, which is no consul that runs here;" \
                "set it to the path of one (of several: a:b), or unset it"
            exit 1
        fi
        case $path in /*) ;; *) path=$PWD/$path ;; esac
        add "$version" "$path"
    done
    printf %s "$found"
    exit 0
fi

if path=$(command -v consul); then
    case $path in /*) ;; *) path=$PWD/$path ;; esac
    if version=$(version_of "$path"); then
        add "$version" "$path"
    else
        fault "PATH: $path does not answer to \`consul version\`"
    fi
else
    failed "PATH: no consul on it"
fi
look_in_cache

if [ -z "$found" ] || { [ -d "$shared" ] && ! { has 1.8.7 && has 1.21.0; }; }; then
    install
fi

if [ -z "$found" ]; then
    say "no consul can be had; tried:
$tried  To remedy it, put consul on PATH, or set CONSUL_BIN to the path of one, and run again."
    exit 1
fi
printf %s "$found"
